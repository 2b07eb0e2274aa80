// What the status bar says for a state of the server: a pure function of `$/sidelight/status`.

/** One limit as the server tells it; what is unknown is null. Moments are seconds since the epoch. */
export interface Limit {
  readonly scope: string;
  readonly unit: string;
  readonly used: number | null;
  readonly limit: number;
  readonly resetAt: number | null;
  readonly soft: boolean;
}

/** An action the server offers, as a command. */
export interface Action {
  readonly title: string;
  readonly command: string;
  readonly arguments?: readonly unknown[];
}

/** The fields of `$/sidelight/status` that are used here; a newer server may send more. */
export interface StatusMessage {
  readonly state: string;
  readonly severity: string;
  readonly summary: string;
  readonly detail: string;
  readonly retryAt: number | null;
  readonly auth?: { readonly state?: string; readonly account?: string | null };
  readonly gateway?: { readonly name?: string | null };
  readonly limits?: readonly Limit[];
  readonly actions?: readonly Action[];
}

/** The status bar item. */
export interface Face {
  readonly text: string;
  readonly tooltip: string;
  readonly prominent: 'none' | 'warning' | 'error';
}

const ICONS: Readonly<Record<string, string>> = {
  ready: 'lightbulb',
  busy: 'lightbulb',
  slow: 'watch',
  degraded: 'warning',
  blocked: 'shield',
  throttled: 'dashboard',
  offline: 'debug-disconnect',
  signedOut: 'account',
  paused: 'debug-pause',
};

/** The own hourly limit of the person, the one number that fits into a status bar. */
export function ownLimit(limits: readonly Limit[]): Limit | undefined {
  return limits.find((limit) => limit.scope === 'user' && limit.unit === 'requests' && limit.limit > 0);
}

export function face(status: StatusMessage, clock: (seconds: number) => string): Face {
  const icon = ICONS[status.state] ?? 'question';
  const own = ownLimit(status.limits ?? []);
  const calm = status.state === 'ready' || status.state === 'busy';
  const number = own === undefined ? '' : ` ${own.used === null ? '–' : String(Math.round(own.used))}/${String(own.limit)}`;
  const until = status.retryAt === null || calm ? '' : ` until ${clock(status.retryAt)}`;
  const words = calm ? number || ' Sidelight' : ` ${status.summary}${until}`;
  return { text: `$(${icon})${words}`, tooltip: tooltip(status, own, clock), prominent: prominence(status) };
}

function prominence(status: StatusMessage): Face['prominent'] {
  if (status.severity === 'error') return 'error';
  return status.state === 'signedOut' ? 'warning' : 'none';
}

function tooltip(status: StatusMessage, own: Limit | undefined, clock: (seconds: number) => string): string {
  const lines = [`Sidelight: ${status.summary}`];
  if (status.detail) lines.push(status.detail);
  const name = status.gateway?.name;
  const account = status.auth?.account;
  if (account) lines.push(`Signed in as ${account}${name ? ` at ${name}` : ''}.`);
  if (own !== undefined) {
    const used = own.used === null ? 'an unknown number' : String(Math.round(own.used));
    const resets = own.resetAt === null ? '' : `; resets at ${clock(own.resetAt)}`;
    lines.push(`${used} of ${String(own.limit)} requests used${resets}.`);
  }
  return lines.join('\n');
}

/** The message if it can be used; anything else is ignored, whatever a server sends. */
export function readStatus(given: unknown): StatusMessage | undefined {
  if (typeof given !== 'object' || given === null) return undefined;
  const message = given as Partial<Record<keyof StatusMessage, unknown>>;
  if (typeof message.state !== 'string' || typeof message.summary !== 'string') return undefined;
  return {
    state: message.state,
    severity: typeof message.severity === 'string' ? message.severity : 'info',
    summary: message.summary,
    detail: typeof message.detail === 'string' ? message.detail : '',
    retryAt: typeof message.retryAt === 'number' ? message.retryAt : null,
    auth: typeof message.auth === 'object' && message.auth !== null ? message.auth : {},
    gateway: typeof message.gateway === 'object' && message.gateway !== null ? message.gateway : {},
    limits: Array.isArray(message.limits) ? message.limits.filter(isLimit) : [],
    actions: Array.isArray(message.actions) ? message.actions.filter(isAction) : [],
  };
}

function isLimit(given: unknown): given is Limit {
  if (typeof given !== 'object' || given === null) return false;
  const { scope, unit, used, limit, resetAt } = given as Partial<Record<keyof Limit, unknown>>;
  const known = typeof scope === 'string' && typeof unit === 'string' && typeof limit === 'number';
  const numbers = [used, resetAt].every((value) => value === null || typeof value === 'number');
  return known && numbers;
}

function isAction(given: unknown): given is Action {
  if (typeof given !== 'object' || given === null) return false;
  const { title, command } = given as Partial<Record<keyof Action, unknown>>;
  return typeof title === 'string' && typeof command === 'string' && command.startsWith('sidelight.');
}
