import assert from 'node:assert/strict';
import { test } from 'node:test';

import { judgeSilence, parseProcessStat, readProcessTimes } from '../../../src/supervisor/watchdog.ts';

const limits = { warnMs: 1_000, killMs: 5_000, startMs: 30_000 };

test('a child that spoke is fine, one that is silent for a second is not', () => {
  assert.equal(judgeSilence(1_000, undefined, limits), 'fine');
  assert.equal(judgeSilence(1_001, undefined, limits), 'silent');
  assert.equal(judgeSilence(5_000, undefined, limits), 'silent');
});

test('a loop that computes without a word is stuck', () => {
  assert.equal(judgeSilence(5_001, { state: 'R', cpuMs: 4_900 }, limits), 'stuck');
});

test('a stopped or sleeping process that does not speak is stuck', () => {
  assert.equal(judgeSilence(5_001, { state: 'T', cpuMs: 0 }, limits), 'stuck');
  assert.equal(judgeSilence(5_001, { state: 'S', cpuMs: 0 }, limits), 'stuck');
});

test('a process that gets no CPU is not, for half a minute', () => {
  assert.equal(judgeSilence(5_001, { state: 'R', cpuMs: 900 }, limits), 'silent');
  assert.equal(judgeSilence(20_000, { state: 'D', cpuMs: 0 }, limits), 'silent');
  assert.equal(judgeSilence(30_001, { state: 'R', cpuMs: 900 }, limits), 'stuck');
});

test('without /proc only the clock judges', () => {
  assert.equal(judgeSilence(5_001, undefined, limits), 'stuck');
});

test('reads the line of the kernel whatever the name of the program', () => {
  const rest = 'S 1 1 1 0 -1 4194304 102 0 0 0 120 30 0 0 20 0 1 0 131130';
  assert.deepEqual(parseProcessStat(`17199 (cat) ${rest}`), { state: 'S', cpuMs: 1_500 });
  assert.deepEqual(parseProcessStat(`17199 (a) b) (c) ${rest}`), { state: 'S', cpuMs: 1_500 });
  assert.equal(parseProcessStat('nonsense'), undefined);
});

test('reads the own times', () => {
  assert.equal(readProcessTimes(process.pid)?.state, 'R');
  assert.equal(readProcessTimes(0), undefined);
});
