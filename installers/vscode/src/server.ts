// The language server as this window runs it: found, started, restarted when it ends, and listened to.

import { accessSync, constants, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { setTimeout } from 'node:timers/promises';
import * as vscode from 'vscode';
import {
  CloseAction,
  DidChangeConfigurationNotification,
  ErrorAction,
  ExecuteCommandRequest,
  LanguageClient,
  RevealOutputChannelOn,
  State,
  type LanguageClientOptions,
} from 'vscode-languageclient/node';
import { breakable } from './blanks';
import { chosen } from './configuration';
import { locate, type Located } from './locate';
import { Restarts } from './restarts';
import { NOT_INSTALLED, NOT_RUNNING } from './sentences';
import type { StatusBar } from './statusBar';

const SCHEMES = ['file', 'untitled', 'vscode-remote', 'vscode-notebook-cell'];
const STOP_MS = 2_000;
const REPLACED = { action: CloseAction.DoNotRestart, handled: true };

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
      this.status.without(located.kind === 'missing' ? NOT_INSTALLED : NOT_RUNNING);
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
      this.status.without(NOT_RUNNING);
      return 'failed';
    }
  }

  get state(): 'running' | 'starting' | 'ended' {
    if (this.client?.state === State.Running) return 'running';
    return this.client?.state === State.Starting ? 'starting' : 'ended';
  }

  /** Ask the server to run a command; undefined when it is not running. */
  async execute(command: string, ...words: unknown[]): Promise<unknown> {
    if (this.client?.state !== State.Running) return undefined;
    return this.client.sendRequest(ExecuteCommandRequest.type, { command, arguments: words });
  }

  /** Have the server ask for the settings again; it is told that they changed, never which defaults there are. */
  async settingsChanged(): Promise<void> {
    if (this.client?.state !== State.Running) return;
    await this.client.sendNotification(DidChangeConfigurationNotification.type, { settings: null });
  }

  async stop(): Promise<void> {
    const client = this.client;
    this.client = undefined;
    if (client === undefined) return;
    const quietly = (error: unknown): void => {
      this.log.debug(String(error));
    };
    // One that is starting cannot be stopped: left alone, it would come up beside the next one.
    if (client.state === State.Starting) await Promise.race([client.start().catch(quietly), setTimeout(STOP_MS)]);
    await client.dispose(STOP_MS).catch(quietly);
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
        closed: () => (this.client === client ? this.closed() : REPLACED),
      },
      middleware: {
        provideHover: async (document, position, token, next) => {
          const hover = await next(document, position, token);
          for (const part of hover?.contents ?? []) {
            if (part instanceof vscode.MarkdownString) part.value = breakable(part.value);
          }
          return hover;
        },
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
    this.status.without(NOT_RUNNING);
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
