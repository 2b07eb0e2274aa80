// Which server to start: the person's own choice, then the one set up by this extension, then the one on the PATH.

import { delimiter, isAbsolute, join } from 'node:path';

/** What can be asked of the machine; handed in, so that the decision can be tested without one. */
export interface Machine {
  readonly platform: string;
  readonly home: string;
  readonly path: string;
  readonly runnable: (file: string) => boolean;
}

export type Located =
  | { readonly kind: 'found'; readonly command: string; readonly from: 'setting' | 'own' | 'path' }
  | { readonly kind: 'unusable'; readonly path: string }
  | { readonly kind: 'missing' };

/**
 * @param setting what `sidelight.server.path` says; empty for "find it"
 * @param ownEnvironment the folder of the virtual environment this extension makes
 */
export function locate(setting: string, ownEnvironment: string, machine: Machine): Located {
  if (setting !== '') {
    const wanted = setting.startsWith('~/') ? join(machine.home, setting.slice(2)) : setting;
    const usable = isAbsolute(wanted) && machine.runnable(wanted);
    return usable ? { kind: 'found', command: wanted, from: 'setting' } : { kind: 'unusable', path: setting };
  }
  const own = inEnvironment(ownEnvironment, machine.platform, 'sidelight');
  if (machine.runnable(own)) return { kind: 'found', command: own, from: 'own' };
  const name = machine.platform === 'win32' ? 'sidelight.exe' : 'sidelight';
  // A desktop starts editors without the shell's PATH, so the folder of pipx and pip is looked at, too.
  const folders = [...machine.path.split(delimiter), join(machine.home, '.local', 'bin')];
  for (const folder of folders) {
    // A relative entry would run whatever a workspace brings.
    if (!isAbsolute(folder)) continue;
    const file = join(folder, name);
    if (machine.runnable(file)) return { kind: 'found', command: file, from: 'path' };
  }
  return { kind: 'missing' };
}

/** The path of a program in a virtual environment. */
export function inEnvironment(folder: string, platform: string, program: string): string {
  return platform === 'win32' ? join(folder, 'Scripts', `${program}.exe`) : join(folder, 'bin', program);
}
