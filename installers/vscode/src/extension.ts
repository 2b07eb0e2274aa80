// Sidelight in VS Code: starts the language server and shows its state; what it says comes from the server.

import { join } from 'node:path';
import * as vscode from 'vscode';
import { showMenu } from './menu';
import { WhatWasSent } from './sent';
import { MENU_TITLE, NO_PYTHON, NO_WHEEL, NOT_INSTALLED, NOT_RUNNING, pathUnusable, SET_UP, setUpFailed } from './sentences';
import { Server, type Started } from './server';
import { setUp } from './setUp';
import { StatusBar } from './statusBar';

export async function activate(context: vscode.ExtensionContext): Promise<void> {
  const log = vscode.window.createOutputChannel('Sidelight', { log: true });
  const status = new StatusBar();
  const environment = join(context.globalStorageUri.fsPath, 'server');
  const server = new Server(environment, settingKeys(context.extension.packageJSON), log, status);
  const sent = new WhatWasSent((command, ...words) => server.execute(command, ...words));

  const start = async (): Promise<void> => {
    await tell(await server.start());
  };

  const tell = async (started: Started): Promise<void> => {
    if (started === 'running') return;
    if (started === 'failed') {
      const { text, showLog, restart } = NOT_RUNNING;
      const answer = await vscode.window.showErrorMessage(text, showLog, restart);
      if (answer === showLog) log.show();
      if (answer === restart) await start();
    } else if (started.kind === 'unusable') {
      const answer = await vscode.window.showErrorMessage(pathUnusable(started.path), NOT_INSTALLED.settings);
      if (answer !== undefined) await openSettings();
    } else {
      const { text, setUp: now, settings } = NOT_INSTALLED;
      const answer = await vscode.window.showWarningMessage(text, now, settings);
      if (answer === now) await install();
      if (answer === settings) await openSettings();
    }
  };

  const install = async (): Promise<void> => {
    const options = { location: vscode.ProgressLocation.Notification, title: SET_UP, cancellable: true };
    const ended = await vscode.window.withProgress(options, (_progress, cancel) => {
      const controller = new AbortController();
      cancel.onCancellationRequested(() => {
        controller.abort();
      });
      return setUp({
        bundle: join(context.extensionPath, 'server'),
        environment,
        platform: process.platform,
        signal: controller.signal,
        log: (line) => {
          log.info(line);
        },
      });
    });
    switch (ended.kind) {
      case 'done':
        await start();
        break;
      case 'no wheel':
        void vscode.window.showWarningMessage(NO_WHEEL);
        break;
      case 'no python':
        void vscode.window.showWarningMessage(NO_PYTHON);
        break;
      case 'failed': {
        const answer = await vscode.window.showErrorMessage(setUpFailed(ended.step), NOT_RUNNING.showLog);
        if (answer !== undefined) log.show();
        break;
      }
      case 'cancelled':
        break;
    }
  };

  const commands: Readonly<Record<string, () => unknown>> = {
    'sidelight.menu': () => showMenu(status.status, MENU_TITLE),
    'sidelight.showLog': () => {
      log.show();
    },
    'sidelight.restart': start,
    'sidelight.setUp': install,
    'sidelight.openSettings': openSettings,
    'sidelight.showWhatWasSent': () => sent.open(),
    'sidelight.showUsage': () => server.execute('sidelight.usage'),
    'sidelight.whyNothing': () => server.execute('sidelight.explain', here()),
  };
  context.subscriptions.push(
    log,
    status,
    server,
    sent.register(),
    ...Object.entries(commands).map(([name, run]) => vscode.commands.registerCommand(name, run)),
    vscode.workspace.onDidChangeConfiguration((event) => {
      if (event.affectsConfiguration('sidelight.server')) void start();
    }),
  );
  // Not awaited past the start itself: a message that waits for a click must not hold the activation.
  void tell(await server.start());
}

/** Where the person is: the file and the cursor, as the server's `sidelight.explain` takes them. */
function here(): unknown {
  const editor = vscode.window.activeTextEditor;
  if (editor === undefined) return undefined;
  const { line, character } = editor.selection.active;
  return { uri: editor.document.uri.toString(), position: { line, character } };
}

function openSettings(): Thenable<unknown> {
  return vscode.commands.executeCommand('workbench.action.openSettings', '@ext:sidelight.sidelight');
}

/** The settings this extension declares, without the section's name and without its own. */
function settingKeys(manifest: unknown): readonly string[] {
  const declared = (manifest as { contributes: { configuration: { properties: Record<string, unknown> } } }).contributes;
  return Object.keys(declared.configuration.properties)
    .map((name) => name.slice('sidelight.'.length))
    .filter((key) => !key.startsWith('server.'));
}
