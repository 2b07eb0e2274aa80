import assert from 'node:assert/strict';
import { test } from 'node:test';
import { breakable } from '../src/blanks';

test('a line may break between words', () => {
  assert.equal(breakable('The&nbsp;value&nbsp;could\n\nbe&nbsp;real.'), 'The value could\n\nbe real.');
});

test('what indents, lines up or would become a list stays', () => {
  for (const kept of ['&nbsp;&nbsp;indented', 'a&nbsp;&nbsp;b', '1.&nbsp;One', 'end&nbsp;', '&nbsp;x']) {
    assert.equal(breakable(kept), kept);
  }
});
