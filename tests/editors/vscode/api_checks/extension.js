// A test's hand inside VS Code's extension host: it calls the editor's API and tells what came of it.
//
// A request is a file NUMBER.request.json in the folder SIDELIGHT_API_CHECKS with {call, words}; the
// answer is NUMBER.answer.json with {value} or {error}. Both appear whole, by renaming.
'use strict';

const { existsSync, readdirSync, readFileSync, renameSync, unlinkSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');
const vscode = require('vscode');

const LOOK_MS = 20;
const SEVERITIES = ['error', 'warning', 'information', 'hint'];

const calls = {
  /** Show a file with the cursor at its end. */
  async open({ file }) {
    const document = await vscode.workspace.openTextDocument(vscode.Uri.file(file));
    const editor = await vscode.window.showTextDocument(document, { preview: false });
    const end = document.lineAt(document.lineCount - 1).range.end;
    editor.selection = new vscode.Selection(end, end);
  },
  /** Run a command as a key binding would. */
  async command({ name, words }) {
    return vscode.commands.executeCommand(name, ...(words ?? []));
  },
  async commands() {
    return (await vscode.commands.getCommands(true)).filter((name) => name.startsWith('sidelight.'));
  },
  /** Set a setting for the person, or for the folder of a file. */
  async configure({ key, value, file }) {
    const scope = file === undefined ? undefined : vscode.Uri.file(file);
    const target = scope === undefined ? vscode.ConfigurationTarget.Global : vscode.ConfigurationTarget.WorkspaceFolder;
    await vscode.workspace.getConfiguration('sidelight', scope).update(key, value ?? undefined, target);
  },
  diagnostics({ file }) {
    return vscode.languages.getDiagnostics(vscode.Uri.file(file)).map((one) => ({
      range: plain(one.range),
      severity: SEVERITIES[one.severity],
      source: one.source,
      code: typeof one.code === 'object' ? one.code.value : one.code,
      message: one.message,
    }));
  },
  async codeActions({ file, at }) {
    return (await actions(file, at)).map((one) => ({ title: one.title, kind: one.kind?.value }));
  },
  /** Do what choosing the action of this title does: its edit, then its command. */
  async act({ file, at, title }) {
    const action = (await actions(file, at)).find((one) => one.title === title);
    if (action === undefined) throw new Error(`no action ${title}`);
    if (action.edit !== undefined) await vscode.workspace.applyEdit(action.edit);
    if (action.command === undefined) return undefined;
    return vscode.commands.executeCommand(action.command.command, ...(action.command.arguments ?? []));
  },
  async hover({ file, at }) {
    const found = await vscode.commands.executeCommand('vscode.executeHoverProvider', vscode.Uri.file(file), place(at));
    return found.flatMap((one) => one.contents.map((part) => (typeof part === 'string' ? part : part.value)));
  },
  async codeLenses({ file }) {
    const found = await vscode.commands.executeCommand('vscode.executeCodeLensProvider', vscode.Uri.file(file), 20);
    return found.map((one) => ({ title: one.command?.title, command: one.command?.command, line: one.range.start.line }));
  },
  async completions({ file, at }) {
    const found = await vscode.commands.executeCommand('vscode.executeCompletionItemProvider', vscode.Uri.file(file), place(at));
    return found.items.map((one) => (typeof one.label === 'string' ? one.label : one.label.label));
  },
  /** The text of the editors that are in sight, by their address. */
  texts() {
    return Object.fromEntries(
      vscode.window.visibleTextEditors.map(({ document }) => [document.uri.toString(), document.getText()]),
    );
  },
};

function actions(file, at) {
  const range = new vscode.Range(place(at), place(at));
  return vscode.commands.executeCommand('vscode.executeCodeActionProvider', vscode.Uri.file(file), range);
}

function place([line, character]) {
  return new vscode.Position(line, character);
}

function plain(range) {
  return [range.start.line, range.start.character, range.end.line, range.end.character];
}

async function serve(folder, name) {
  const { call, words } = JSON.parse(readFileSync(join(folder, name), 'utf8'));
  unlinkSync(join(folder, name));
  let answer;
  try {
    answer = { value: (await calls[call](words)) ?? null };
  } catch (error) {
    answer = { error: String(error) };
  }
  const file = join(folder, name.replace('.request.', '.answer.'));
  writeFileSync(`${file}.new`, JSON.stringify(answer));
  renameSync(`${file}.new`, file);
}

exports.activate = (context) => {
  const folder = process.env['SIDELIGHT_API_CHECKS'];
  if (folder === undefined || !existsSync(folder)) return;
  const look = setInterval(() => {
    for (const name of readdirSync(folder)) {
      if (name.endsWith('.request.json')) void serve(folder, name);
    }
  }, LOOK_MS);
  context.subscriptions.push({ dispose: () => clearInterval(look) });
};
