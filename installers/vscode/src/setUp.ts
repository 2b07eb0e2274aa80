// Sets up the server that this build of the extension brings, in a virtual environment of its own.

import { execFile } from 'node:child_process';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { inEnvironment } from './locate';

/** How a set-up ended. */
export type SetUp =
  | { readonly kind: 'done' }
  | { readonly kind: 'no wheel' }
  | { readonly kind: 'no python' }
  | { readonly kind: 'cancelled' }
  | { readonly kind: 'failed'; readonly step: string };

/** What a set-up needs to know. */
export interface Place {
  /** The folder `server` inside the extension. */
  readonly bundle: string;
  /** Where the virtual environment goes. */
  readonly environment: string;
  readonly platform: string;
  readonly signal: AbortSignal;
  readonly log: (line: string) => void;
}

const PYTHONS: readonly (readonly [string, ...string[]])[] = [['python3'], ['python'], ['py', '-3']];
const NEW_ENOUGH = 'import sys; sys.exit(sys.version_info < (3, 11))';
const STEP_MAX_MS = 600_000;

/** Make the environment and install the wheel with its hash-pinned requirements into it. */
export async function setUp(place: Place): Promise<SetUp> {
  const wheel = (await readdir(place.bundle).catch(() => [])).find((name) => name.endsWith('.whl'));
  if (wheel === undefined) return { kind: 'no wheel' };
  const python = await findPython(place);
  if (place.signal.aborted) return { kind: 'cancelled' };
  if (python === undefined) return { kind: 'no python' };
  const own = inEnvironment(place.environment, place.platform, 'python');
  const pip = ['-m', 'pip', 'install', '--no-input', '--disable-pip-version-check'];
  const steps: readonly (readonly [string, string, ...string[]])[] = [
    ['Making the environment', ...python, '-m', 'venv', '--clear', place.environment],
    ['Installing the requirements', own, ...pip, '--require-hashes', '-r', join(place.bundle, 'requirements.txt')],
    ['Installing the server', own, ...pip, '--no-deps', '--no-index', join(place.bundle, wheel)],
  ];
  for (const [step, command, ...words] of steps) {
    place.log(`${step}: ${command} ${words.join(' ')}`);
    if (await run(place, command, words)) continue;
    // A half-made environment must not be taken for a server.
    await rm(place.environment, { recursive: true, force: true });
    return place.signal.aborted ? { kind: 'cancelled' } : { kind: 'failed', step };
  }
  return { kind: 'done' };
}

async function findPython(place: Place): Promise<readonly [string, ...string[]] | undefined> {
  for (const python of PYTHONS) {
    const [command, ...words] = python;
    if (await run(place, command, [...words, '-c', NEW_ENOUGH])) return python;
  }
  return undefined;
}

function run(place: Place, command: string, words: readonly string[]): Promise<boolean> {
  return new Promise((resolve) => {
    const options = { signal: place.signal, timeout: STEP_MAX_MS, maxBuffer: 16 * 1024 * 1024 };
    execFile(command, words, options, (error, stdout, stderr) => {
      if (error !== null) place.log(`${stdout}${stderr}${error.message}`);
      resolve(error === null);
    });
  });
}
