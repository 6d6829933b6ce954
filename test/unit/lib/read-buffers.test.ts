import assert from 'node:assert/strict';
import { test } from 'node:test';

import { newBuffer, returnBuffer, sameOrLarger } from '../../../src/lib/read-buffers.ts';

test('a buffer grows when a read fills it, once', () => {
  const small = newBuffer();
  assert.equal(sameOrLarger(small, small.length - 1), small);
  const large = sameOrLarger(small, small.length);
  assert.ok(large.length > small.length);
  assert.equal(sameOrLarger(large, large.length), large);
});

test('a large buffer that came back serves one other', () => {
  const small = newBuffer();
  const large = sameOrLarger(small, small.length);
  returnBuffer(large);
  returnBuffer(small);
  assert.equal(sameOrLarger(small, small.length), large);
  assert.notEqual(sameOrLarger(small, small.length), large);
});

test('few are kept', () => {
  const small = newBuffer();
  const many = Array.from({ length: 40 }, () => sameOrLarger(small, small.length));
  for (const one of many) returnBuffer(one);
  const known = new Set(many);
  const again = Array.from({ length: 40 }, () => sameOrLarger(small, small.length));
  assert.equal(again.filter((one) => known.has(one)).length, 16);
});
