// "What was sent?": a read-only document with the exact text of the last request, fetched from the server when opened.

import * as vscode from 'vscode';
import { NOTHING_SENT } from './sentences';

const SCHEME = 'sidelight-sent';
const COMMAND = 'sidelight.whatWasSent';

/** Asks the server; undefined while it is not running or does not know. */
export type Ask = (command: string, ...words: unknown[]) => Promise<unknown>;

export class WhatWasSent implements vscode.TextDocumentContentProvider {
  constructor(private readonly ask: Ask) {}

  register(): vscode.Disposable {
    return vscode.workspace.registerTextDocumentContentProvider(SCHEME, this);
  }

  /** Open it for the file in the active editor, beside it. */
  async open(): Promise<void> {
    const uri = vscode.window.activeTextEditor?.document.uri;
    if (uri === undefined) return;
    // A number makes each look a document of its own, so that none shows an older answer.
    const address = vscode.Uri.from({ scheme: SCHEME, path: '/What was sent?', query: `${String(Date.now())}&${uri.toString()}` });
    const document = await vscode.workspace.openTextDocument(address);
    await vscode.window.showTextDocument(document, { preview: true, viewColumn: vscode.ViewColumn.Beside });
  }

  async provideTextDocumentContent(address: vscode.Uri): Promise<string> {
    const uri = address.query.slice(address.query.indexOf('&') + 1);
    const answer = await this.ask(COMMAND, uri);
    if (typeof answer === 'string') return answer;
    const text = typeof answer === 'object' && answer !== null ? (answer as { text?: unknown }).text : undefined;
    return typeof text === 'string' ? text : NOTHING_SENT;
  }
}
