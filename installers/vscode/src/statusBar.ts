// The status bar item: one glance at the state, one click for what can be done about it.

import * as vscode from 'vscode';
import { STARTING } from './sentences';
import { face, readStatus, type StatusMessage } from './status';

const COLOURS = {
  none: undefined,
  warning: new vscode.ThemeColor('statusBarItem.warningBackground'),
  error: new vscode.ThemeColor('statusBarItem.errorBackground'),
};

/** Shows the latest state of the server, or that there is none. */
export class StatusBar implements vscode.Disposable {
  private readonly item: vscode.StatusBarItem;
  private latest: StatusMessage | undefined;

  constructor() {
    this.item = vscode.window.createStatusBarItem('sidelight.status', vscode.StatusBarAlignment.Right, 100);
    this.item.name = 'Sidelight';
    this.item.command = 'sidelight.menu';
    this.starting();
    this.item.show();
  }

  /** The state as the server told it last; undefined while it is not running. */
  get status(): StatusMessage | undefined {
    return this.latest;
  }

  starting(): void {
    this.latest = undefined;
    this.paint(STARTING.label, STARTING.detail, 'none');
  }

  /** There is no server, for a reason that its sentences tell. */
  without(why: { readonly label: string; readonly detail: string }): void {
    this.latest = undefined;
    this.paint(`$(error) ${why.label}`, why.detail, 'error');
  }

  /** Take `$/sidelight/status`. */
  told(message: unknown): void {
    const status = readStatus(message);
    if (status === undefined) return;
    this.latest = status;
    const shown = face(status, clock);
    this.paint(shown.text, shown.tooltip, shown.prominent);
  }

  dispose(): void {
    this.item.dispose();
  }

  private paint(text: string, tooltip: string, prominent: keyof typeof COLOURS): void {
    this.item.text = text;
    this.item.tooltip = tooltip;
    this.item.backgroundColor = COLOURS[prominent];
    this.item.accessibilityInformation = { label: tooltip };
  }
}

function clock(seconds: number): string {
  return new Date(seconds * 1000).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });
}
