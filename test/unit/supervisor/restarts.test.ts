import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Restarts } from '../../../src/supervisor/restarts.ts';

test('the first time at once, then with a pause that doubles up to 30 seconds', () => {
  const restarts = new Restarts();
  const delays = Array.from({ length: 12 }, (_, at) => restarts.died(at, 0));
  assert.deepEqual(delays, [0, 125, 250, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
});

test('who lived for a while starts at once again', () => {
  const restarts = new Restarts();
  restarts.died(0, 0);
  restarts.died(1_000, 500);
  assert.equal(restarts.died(20_000, 10_000), 0);
  assert.equal(restarts.died(21_000, 1_000), 125);
});

test('more than five deaths within a minute are a crash loop', () => {
  const restarts = new Restarts();
  for (let at = 0; at < 5; at += 1) restarts.died(at * 11_000, 0);
  assert.equal(restarts.crashLooping, false);
  restarts.died(55_000, 0);
  assert.equal(restarts.crashLooping, true);
});

test('deaths that are a minute apart are none', () => {
  const restarts = new Restarts();
  for (let at = 0; at < 20; at += 1) restarts.died(at * 12_000, 12_000);
  assert.equal(restarts.crashLooping, false);
});

test('the crash loop holds through the pauses and ends when one has lived for a minute', () => {
  const restarts = new Restarts();
  for (let at = 0; at < 6; at += 1) restarts.died(at, 0);
  restarts.died(500_000, 0);
  assert.equal(restarts.crashLooping, true);
  assert.equal(restarts.lives(59_999), false);
  assert.equal(restarts.lives(60_000), true);
  assert.equal(restarts.crashLooping, false);
  assert.equal(restarts.lives(60_001), false);
});
