// The menu behind the status bar item.

import * as vscode from 'vscode';
import { entries } from './entries';
import type { StatusMessage } from './status';

/** Show it and do what is chosen. */
export async function showMenu(status: StatusMessage | undefined, title: string): Promise<void> {
  const lines = entries(status).map((entry) => ({ label: entry.label, entry }));
  const placeHolder = status === undefined ? title : `${title}: ${status.summary}`;
  const chosen = await vscode.window.showQuickPick(lines, { title, placeHolder });
  if (chosen !== undefined) await vscode.commands.executeCommand(chosen.entry.command, ...(chosen.entry.words ?? []));
}
