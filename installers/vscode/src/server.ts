// The language server as this window runs it: found, started, restarted when it ends, and listened to.

import { accessSync, constants, statSync } from 'node:fs';
import { homedir } from 'node:os';
import * as vscode from 'vscode';
import {
  CloseAction,
  ErrorAction,
  ExecuteCommandRequest,
  LanguageClient,
  RevealOutputChannelOn,
  State,
  type LanguageClientOptions,
} from 'vscode-languageclient/node';
import { chosen } from './configuration';
import { locate, type Located } from './locate';
import { Restarts } from './restarts';
import type { StatusBar } from './statusBar';

const SCHEMES = ['file', 'untitled', 'vscode-remote', 'vscode-notebook-cell'];
const STOP_MS = 2_000;

/** Whether there is a server now. */
export type Started = 'running' | 'failed' | Exclude<Located, { kind: 'found' }>;

export class Server implements vscode.Disposable {
  private client: LanguageClient | undefined;
  private readonly restarts = new Restarts();

  /**
   * @param environment the virtual environment this extension may have made
   * @param keys every setting of the section `sidelight` that the server may be told
   */
  constructor(
    private readonly environment: string,
    private readonly keys: readonly string[],
    private readonly log: vscode.LogOutputChannel,
    private readonly status: StatusBar,
  ) {}

  /** Find and start it, after ending one that runs. Never rejects. */
  async start(): Promise<Started> {
    await this.stop();
    this.restarts.forget();
    const setting = vscode.workspace.getConfiguration('sidelight').get<string>('server.path', '');
    const located = locate(setting, this.environment, {
      platform: process.platform,
      home: homedir(),
      path: process.env['PATH'] ?? '',
      runnable,
    });
    if (located.kind !== 'found') {
      this.status.notRunning();
      return located;
    }
    this.log.info(`starting ${located.command} lsp (${located.from})`);
    this.status.starting();
    const client = this.create(located.command);
    this.client = client;
    try {
      await client.start();
      return 'running';
    } catch (error) {
      this.log.error(error instanceof Error ? error : String(error));
      this.status.notRunning();
      return 'failed';
    }
  }

  /** Ask the server to run a command; undefined when it is not running. */
  async execute(command: string, ...words: unknown[]): Promise<unknown> {
    if (this.client?.state !== State.Running) return undefined;
    return this.client.sendRequest(ExecuteCommandRequest.type, { command, arguments: words });
  }

  async stop(): Promise<void> {
    const client = this.client;
    this.client = undefined;
    // One that did not start, or is starting again, cannot be stopped in order.
    await client?.dispose(STOP_MS).catch((error: unknown) => {
      this.log.debug(String(error));
    });
  }

  dispose(): void {
    void this.stop();
  }

  private create(command: string): LanguageClient {
    const run = { command, args: ['lsp'] };
    const options: LanguageClientOptions = {
      documentSelector: SCHEMES.map((scheme) => ({ scheme })),
      initializationOptions: { sidelight: { messages: true } },
      outputChannel: this.log,
      revealOutputChannelOn: RevealOutputChannelOn.Never,
      initializationFailedHandler: () => false,
      errorHandler: {
        error: () => ({ action: ErrorAction.Continue, handled: true }),
        closed: () => this.closed(),
      },
      middleware: {
        workspace: {
          configuration: (params) => params.items.map((item) => (item.section === 'sidelight' ? this.section(item.scopeUri) : null)),
        },
      },
    };
    const client = new QuietClient('sidelight', 'Sidelight', run, options);
    client.onNotification('$/sidelight/status', (message: unknown) => {
      if (this.client === client) this.status.told(message);
    });
    return client;
  }

  private closed(): { action: CloseAction; handled: boolean } {
    if (this.restarts.again(Date.now())) {
      this.log.info('the server ended; starting it again');
      this.status.starting();
      return { action: CloseAction.Restart, handled: true };
    }
    this.log.error('the server ended too often within a minute');
    this.status.notRunning();
    return { action: CloseAction.DoNotRestart, handled: true };
  }

  private section(scope: string | undefined): Record<string, unknown> {
    const uri = scope === undefined ? undefined : vscode.Uri.parse(scope);
    const configuration = vscode.workspace.getConfiguration('sidelight', uri);
    return chosen(this.keys, (key) => configuration.inspect(key));
  }
}

/** Its own messages would pop up beside ours, with words nobody can use; they go to the log only. */
class QuietClient extends LanguageClient {
  override error(message: string, data?: unknown): void {
    super.error(message, data, false);
  }
}

function runnable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}
