import assert from 'node:assert/strict';
import { test } from 'node:test';
import { entries } from '../src/entries';
import { face, readStatus, type StatusMessage } from '../src/status';

const READY: StatusMessage = {
  state: 'ready', severity: 'info', summary: 'Ready', detail: '', retryAt: null,
  auth: { state: 'fresh', account: 'ada' }, gateway: { name: 'Harbour' },
  limits: [{ scope: 'user', unit: 'requests', used: 42, limit: 120, resetAt: 1_700_000_000, soft: false }],
  actions: [],
};
const clock = (): string => '14:52';

test('a ready server shows the own hourly limit and nothing else', () => {
  assert.equal(face(READY, clock).text, '$(lightbulb) 42/120');
  assert.match(face(READY, clock).tooltip, /42 of 120 requests used; resets at 14:52\./);
});

test('an unknown number is a dash and never a zero', () => {
  const limits = [{ ...READY.limits![0]!, used: null }];
  assert.equal(face({ ...READY, limits }, clock).text, '$(lightbulb) –/120');
});

test('a server without limits shows its name', () => {
  assert.equal(face({ ...READY, limits: [] }, clock).text, '$(lightbulb) Sidelight');
});

test('a reached limit says until when', () => {
  const status = { ...READY, state: 'throttled', severity: 'warning', summary: 'Limit reached', retryAt: 1_700_000_000 };
  assert.equal(face(status, clock).text, '$(dashboard) Limit reached until 14:52');
});

test('a state of a newer server is shown in its own words', () => {
  assert.equal(face({ ...READY, state: 'dreaming', summary: 'Dreaming' }, clock).text, '$(question) Dreaming');
});

test('what is no status is ignored', () => {
  for (const given of [undefined, null, 7, 'ready', {}, { state: 1, summary: 'x' }, { state: 'ready' }]) {
    assert.equal(readStatus(given), undefined);
  }
});

test('absurd fields are left out and the rest is kept', () => {
  const status = readStatus({ state: 'ready', summary: 'Ready', limits: [null, { scope: 1 }, 'x'], actions: [{ title: 'x', command: 'rm' }], auth: 3 });
  assert.deepEqual(status?.limits, []);
  assert.deepEqual(status?.actions, []);
  assert.equal(face(status!, clock).text, '$(lightbulb) Sidelight');
});

test('the menu begins with what the state calls for', () => {
  const actions = [{ title: 'Sign in', command: 'sidelight.signIn' }];
  const menu = entries({ ...READY, state: 'signedOut', actions });
  assert.equal(menu[0]?.label, '$(arrow-right) Sign in');
  assert.equal(menu.filter((entry) => entry.command === 'sidelight.signIn').length, 1);
});

test('without a server the menu offers the log and a restart', () => {
  assert.deepEqual(entries(undefined).map((entry) => entry.command), [
    'sidelight.restart',
    'sidelight.setUp',
    'sidelight.showLog',
    'sidelight.openSettings',
  ]);
});
