import assert from 'node:assert/strict';
import { test } from 'node:test';

import { closest, editDistance } from '../../../src/lib/suggest.ts';

const names = ['http-port', 'https-port', 'healthz-port', 'manifests', 'workers', 'v'];

test('finds the name with the fewest changes', () => {
  assert.equal(closest('htp-port', names), 'http-port');
  assert.equal(closest('manifest', names), 'manifests');
  assert.equal(closest('wrokers', names), 'workers');
});

test('upper case and underscores count as no change', () => {
  assert.equal(closest('HTTP_PORT', names), 'http-port');
});

test('suggests nothing for a word that is far from all', () => {
  assert.equal(closest('completely-different', names), undefined);
  assert.equal(closest('', names), undefined);
  assert.equal(closest('anything', []), undefined);
});

test('of names that are as near, one that begins with the word', () => {
  assert.equal(closest('of', ['on', 'off']), 'off');
  assert.equal(closest('of', ['off', 'on']), 'off');
});

test('a swap of neighbours is one change', () => {
  assert.equal(editDistance('ab', 'ba'), 1);
  assert.equal(editDistance('kitten', 'sitting'), 3);
  assert.equal(editDistance('', 'abc'), 3);
});

test('long words cost nothing', () => {
  assert.equal(editDistance('a'.repeat(100_000), 'b'), 100_000);
});
