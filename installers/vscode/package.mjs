// Writes the .vsix, the same bytes for the same sources; with --server WHEEL REQUIREMENTS the server goes in, too.
import { copyFile, mkdir, rm } from 'node:fs/promises';
import { basename } from 'node:path';
import { createVSIX } from '@vscode/vsce';

// What is packed carries this time instead of the time of the build (reproducible-builds.org/specs/source-date-epoch).
process.env['SOURCE_DATE_EPOCH'] ??= '1767225600';

await copyFile('../../LICENSE', 'LICENSE');
await rm('server', { recursive: true, force: true });
const [flag, wheel, requirements] = process.argv.slice(2);
if (flag === '--server') {
  await mkdir('server');
  await copyFile(wheel, `server/${basename(wheel)}`);
  await copyFile(requirements, 'server/requirements.txt');
}
await createVSIX({ dependencies: false, packagePath: 'dist/sidelight.vsix' });
