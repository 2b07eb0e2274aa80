// Sidelight in VS Code: starts the language server and shows its state; what it says comes from the server.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { showMenu } from './menu';
import { WhatWasSent } from './sent';
import {
  MENU_TITLE,
  NO_PYTHON,
  NO_WHEEL,
  NOT_INSTALLED,
  NOT_RUNNING,
  NOTHING_TO_EXPLAIN,
  pathUnusable,
  SET_UP,
  setUpFailed,
  STARTING,
} from './sentences';
import { Server, type Started } from './server';
import { setUp } from './setUp';
import { StatusBar } from './statusBar';

export async function activate(context: vscode.ExtensionContext): Promise<void> {
  const log = vscode.window.createOutputChannel('Sidelight', { log: true });
  const status = new StatusBar();
  const bundle = join(context.extensionPath, 'server');
  const environment = join(context.globalStorageUri.fsPath, 'server');
  const server = new Server(environment, settingKeys(context.extension.packageJSON), log, status);
  const sent = new WhatWasSent((command, ...words) => server.execute(command, ...words));

  // What it says afterwards waits for a click, which neither the activation nor a command may.
  const start = async (): Promise<void> => {
    void tell(await server.start());
  };

  const notRunning = async (text: string): Promise<void> => {
    const { showLog, restart } = NOT_RUNNING;
    const answer = await vscode.window.showErrorMessage(text, showLog, restart);
    if (answer === showLog) log.show();
    if (answer === restart) await start();
  };

  const tell = async (started: Started): Promise<void> => {
    if (started === 'running') return;
    if (started === 'failed') {
      await notRunning(NOT_RUNNING.text);
    } else if (started.kind === 'unusable') {
      const answer = await vscode.window.showErrorMessage(pathUnusable(started.path), NOT_INSTALLED.settings);
      if (answer !== undefined) await openSettings();
    } else if (!existsSync(bundle)) {
      await nothingToSetUp();
    } else {
      const { text, setUp: now, settings } = NOT_INSTALLED;
      const answer = await vscode.window.showWarningMessage(text, now, settings);
      if (answer === now) await install();
      if (answer === settings) await openSettings();
    }
  };

  const nothingToSetUp = async (): Promise<void> => {
    const { restart } = NOT_RUNNING;
    const answer = await vscode.window.showWarningMessage(NO_WHEEL, restart, NOT_INSTALLED.settings);
    if (answer === restart) await start();
    if (answer === NOT_INSTALLED.settings) await openSettings();
  };

  const install = async (): Promise<void> => {
    const options = { location: vscode.ProgressLocation.Notification, title: SET_UP, cancellable: true };
    const ended = await vscode.window.withProgress(options, (_progress, cancel) => {
      const controller = new AbortController();
      cancel.onCancellationRequested(() => {
        controller.abort();
      });
      return setUp({
        bundle,
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
        await nothingToSetUp();
        break;
      case 'no python': {
        const answer = await vscode.window.showWarningMessage(NO_PYTHON, NOT_INSTALLED.setUp);
        if (answer !== undefined) await install();
        break;
      }
      case 'failed': {
        const answer = await vscode.window.showErrorMessage(setUpFailed(ended.step), NOT_RUNNING.showLog);
        if (answer !== undefined) log.show();
        break;
      }
      case 'cancelled':
        break;
    }
  };

  /** Do what needs the server; where there is none, say so. */
  const asked = async (run: () => Promise<unknown>): Promise<void> => {
    if (server.state === 'running') await run();
    else if (server.state === 'starting') void vscode.window.showInformationMessage(STARTING.wait);
    else void notRunning(NOT_RUNNING.ended);
  };

  const whyNothing = async (): Promise<void> => {
    const place = here();
    const told = await server.execute('sidelight.explain', place);
    // Of a place the server always says something itself.
    if (told === null && place === undefined) void vscode.window.showInformationMessage(NOTHING_TO_EXPLAIN);
  };

  const commands: Readonly<Record<string, () => unknown>> = {
    'sidelight.menu': () => showMenu(status.status, MENU_TITLE),
    'sidelight.showLog': () => {
      log.show();
    },
    'sidelight.restart': start,
    'sidelight.setUp': install,
    'sidelight.openSettings': openSettings,
    'sidelight.showWhatWasSent': () => asked(() => sent.open()),
    'sidelight.showUsage': () => asked(() => server.execute('sidelight.usage')),
    'sidelight.whyNothing': () => asked(whyNothing),
  };
  context.subscriptions.push(
    log,
    status,
    server,
    sent.register(),
    ...Object.entries(commands).map(([name, run]) => vscode.commands.registerCommand(name, run)),
    vscode.workspace.onDidChangeConfiguration((event) => {
      if (event.affectsConfiguration('sidelight.server')) void start();
      else if (event.affectsConfiguration('sidelight')) void server.settingsChanged();
    }),
  );
  await start();
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
