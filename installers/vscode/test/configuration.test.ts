import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chosen } from '../src/configuration';
import { Restarts, RESTARTS_MAX, WINDOW_MS } from '../src/restarts';

test('only what a person set is sent, never a default of the schema', () => {
  const told: Record<string, object> = {
    'completions.enabled': { defaultValue: true },
    'completions.max_lines': { defaultValue: 4, globalValue: 8, workspaceValue: 2 },
  };
  assert.deepEqual(chosen(Object.keys(told), (key) => told[key]), { completions: { max_lines: 2 } });
});

test('an untouched section is empty', () => {
  assert.deepEqual(chosen(['completions.enabled'], () => ({})), {});
});

test('a falsy choice is a choice', () => {
  assert.deepEqual(chosen(['completions.enabled'], () => ({ globalValue: false })), { completions: { enabled: false } });
});

test('a server that ends again and again is not started for ever', () => {
  const restarts = new Restarts();
  const answers = Array.from({ length: RESTARTS_MAX + 1 }, (_, index) => restarts.again(index));
  assert.deepEqual(answers, [...Array<boolean>(RESTARTS_MAX).fill(true), false]);
  assert.equal(restarts.again(WINDOW_MS * 2), true);
});
