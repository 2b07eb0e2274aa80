// The lines of the menu for a state: what the state calls for first. No editor is needed to tell.

import type { StatusMessage } from './status';

/** One line of the menu. */
export interface Entry {
  readonly label: string;
  readonly command: string;
  readonly words?: readonly unknown[];
}

/** The lines for a state; `status` is undefined while nothing runs. */
export function entries(status: StatusMessage | undefined): readonly Entry[] {
  const always: readonly Entry[] = [
    { label: '$(output) Show log', command: 'sidelight.showLog' },
    { label: '$(gear) Settings', command: 'sidelight.openSettings' },
  ];
  if (status === undefined) {
    return [
      { label: '$(debug-restart) Restart', command: 'sidelight.restart' },
      { label: '$(cloud-download) Set up now', command: 'sidelight.setUp' },
      ...always,
    ];
  }
  const signedOut = status.state === 'signedOut';
  const paused = status.state === 'paused';
  const offered = (status.actions ?? []).map((action) => ({
    label: `$(arrow-right) ${action.title}`,
    command: action.command,
    words: action.arguments ?? [],
  }));
  const usual: readonly Entry[] = [
    { label: '$(question) Why nothing here?', command: 'sidelight.whyNothing' },
    { label: '$(eye) What was sent?', command: 'sidelight.showWhatWasSent' },
    ...(paused ? [] : [{ label: '$(debug-pause) Pause for 30 minutes', command: 'sidelight.pause', words: [30] }]),
    { label: '$(graph) Usage', command: 'sidelight.showUsage' },
    signedOut
      ? { label: '$(account) Sign in', command: 'sidelight.signIn' }
      : { label: '$(sign-out) Sign out', command: 'sidelight.signOut' },
    { label: '$(debug-restart) Restart', command: 'sidelight.restart' },
    ...always,
  ];
  const known = new Set(offered.map((entry) => entry.command));
  return [...offered, ...usual.filter((entry) => !known.has(entry.command) || entry.command === 'sidelight.restart')];
}
