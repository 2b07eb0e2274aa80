import assert from 'node:assert/strict';
import { test } from 'node:test';
import { locate, type Machine } from '../src/locate';

function machine(...files: string[]): Machine {
  return { platform: 'linux', home: '/home/ada', path: '.:bin:/opt/bin:/usr/bin', runnable: (file) => files.includes(file) };
}

test('the setting wins', () => {
  const found = locate('/opt/sl/sidelight', '/own', machine('/opt/sl/sidelight', '/own/bin/sidelight', '/usr/bin/sidelight'));
  assert.deepEqual(found, { kind: 'found', command: '/opt/sl/sidelight', from: 'setting' });
});

test('a setting that names nothing runnable is told and not passed over', () => {
  assert.deepEqual(locate('/gone', '/own', machine('/usr/bin/sidelight')), { kind: 'unusable', path: '/gone' });
});

test('a relative path would depend on the workspace and is refused', () => {
  assert.equal(locate('sidelight', '/own', machine('sidelight')).kind, 'unusable');
});

test('the environment of the extension comes before the PATH', () => {
  const found = locate('', '/own', machine('/own/bin/sidelight', '/usr/bin/sidelight'));
  assert.deepEqual(found, { kind: 'found', command: '/own/bin/sidelight', from: 'own' });
});

test('a relative folder on the PATH is passed over', () => {
  assert.deepEqual(locate('', '/own', machine('bin/sidelight', 'sidelight')), { kind: 'missing' });
});

test('what pipx installed is found although the desktop does not know its folder', () => {
  const found = locate('', '/own', machine('/home/ada/.local/bin/sidelight'));
  assert.equal(found.kind === 'found' && found.from, 'path');
});

test('a tilde is the home folder', () => {
  assert.equal(locate('~/sl', '/own', machine('/home/ada/sl')).kind, 'found');
});
