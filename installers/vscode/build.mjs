// Bundles the extension into one file; with --tests the unit tests, too.
import { readdir, rm } from 'node:fs/promises';
import { build } from 'esbuild';

const shared = {
  bundle: true,
  platform: 'node',
  format: 'cjs',
  target: 'node20',
  external: ['vscode'],
  legalComments: 'none',
  logLevel: 'warning',
};

if (process.argv.includes('--tests')) {
  await rm('dist-tests', { recursive: true, force: true });
  const names = (await readdir('test')).filter((name) => name.endsWith('.test.ts'));
  await build({ ...shared, entryPoints: names.map((name) => `test/${name}`), outdir: 'dist-tests' });
} else {
  await rm('dist', { recursive: true, force: true });
  await build({ ...shared, entryPoints: ['src/extension.ts'], outfile: 'dist/extension.js', minify: true });
}
