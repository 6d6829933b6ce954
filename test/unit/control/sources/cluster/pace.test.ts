import assert from 'node:assert/strict';
import { test } from 'node:test';

import { BackOff, backOffTimings } from '../../../../../src/control/sources/cluster/back-off.ts';
import { TokenBucket } from '../../../../../src/control/sources/cluster/token-bucket.ts';
import { FakeTime, FakeTimers } from '../../../../support/fake-time.ts';

/** What limits how often we ask: back-off after failures, and the bucket for all of the process. */

const middle = (): number => 0.5;

test('delays double from 0.8 s and never exceed 30 s, jitter included', () => {
  const backOff = new BackOff(new FakeTime(), middle);
  const delays = Array.from({ length: 8 }, () => backOff.next());
  assert.deepEqual(delays, [800, 1_600, 3_200, 6_400, 12_800, 20_000, 20_000, 20_000]);
  for (const [random, share] of [
    [0, 0.5],
    [0.999_999, 1.5],
  ] as const) {
    const spread = new BackOff(new FakeTime(), () => random);
    const all = Array.from({ length: 20 }, () => spread.next());
    assert.ok(Math.abs((all[0] ?? 0) - 800 * share) < 1);
    assert.ok(Math.max(...all) <= backOffTimings.capMs);
  }
});

test('two minutes of health begin again at 0.8 s, less do not', () => {
  const time = new FakeTime();
  const backOff = new BackOff(time, middle);
  for (let failure = 0; failure < 4; failure += 1) backOff.next();
  backOff.worked();
  time.jump(119_000);
  backOff.worked();
  assert.equal(backOff.next(), 12_800);
  // Time without a word of health is none.
  time.jump(500_000);
  assert.equal(backOff.next(), 20_000);
  backOff.worked();
  time.jump(120_000);
  assert.equal(backOff.next(), 800);
});

test('Retry-After is honoured up to a minute and never shortens a delay', () => {
  const backOff = new BackOff(new FakeTime(), middle);
  assert.equal(backOff.next(5_000), 5_000);
  assert.equal(backOff.next(3_600_000), 60_000);
  assert.equal(backOff.next(1), 3_200);
});

test('a bucket gives its burst at once and then so many a second, in order', async () => {
  const time = new FakeTime();
  const timers = new FakeTimers(time);
  const bucket = new TokenBucket(time, timers, 5, 3);
  const { signal } = new AbortController();
  const order: number[] = [];
  const waiting = Array.from({ length: 6 }, async (_, at) => {
    await bucket.take(signal);
    order.push(at);
  });
  await Promise.all(waiting.slice(0, 3));
  assert.deepEqual(order, [0, 1, 2]);
  assert.deepEqual(timers.pending().map(Math.round), [200, 400, 600]);
  for (let step = 3; step < 6; step += 1) {
    time.jump(201);
    timers.fire();
    await waiting[step];
    assert.equal(order.length, step + 1);
  }
  assert.equal(bucket.tryTake(), false);
  time.jump(10_000);
  assert.deepEqual(
    [1, 2, 3, 4].map(() => bucket.tryTake()),
    [true, true, true, false],
  );
});

test('who is asked to stop does not wait for a token', async () => {
  const time = new FakeTime();
  const timers = new FakeTimers(time);
  const bucket = new TokenBucket(time, timers, 1, 1);
  const stop = new AbortController();
  await bucket.take(stop.signal);
  const waiting = bucket.take(stop.signal);
  stop.abort();
  await waiting;
  assert.deepEqual(timers.pending(), []);
});
