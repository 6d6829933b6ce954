import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ApiError } from '../../../../../src/control/sources/cluster/api-error.ts';
import { RecoveryPace, troubleOf } from '../../../../../src/control/sources/cluster/recovery-pace.ts';
import { reflectorTimings } from '../../../../../src/control/sources/cluster/reflector-options.ts';
import { ServerPulse } from '../../../../../src/control/sources/cluster/server-pulse.ts';
import { FakeTime, FakeTimers } from '../../../../support/fake-time.ts';

const { signal } = new AbortController();

function paces(count: number): { timers: FakeTimers; all: RecoveryPace[] } {
  const clock = new FakeTime();
  const timers = new FakeTimers(clock);
  const options = { clock, timers, random: () => 0.5, timings: reflectorTimings, pulse: new ServerPulse() };
  return { timers, all: Array.from({ length: count }, () => new RecoveryPace(options)) };
}

test('each kind of trouble has a delay of its own', () => {
  const { timers, all } = paces(1);
  const [pace] = all;
  for (let failure = 0; failure < 5; failure += 1) void pace?.wait('away', 0, false, signal);
  void pace?.wait('broken', 0, false, signal);
  void pace?.wait('refused', 0, false, signal);
  assert.deepEqual(timers.pending(), [800, 800, 800, 1_600, 3_200, 6_400, 12_800]);
});

test('until the first list the delays stay short', () => {
  const { timers, all } = paces(1);
  for (let failure = 0; failure < 6; failure += 1) void all[0]?.wait('away', 0, true, signal);
  assert.ok(
    timers.pending().every((ms) => ms <= 4_000),
    timers.pending().join(),
  );
});

test('the first who reaches the server again ends the waiting of all who found it away', async () => {
  const { timers, all } = paces(4);
  const [one, two, told, refused] = all;
  void one?.wait('away', 0, false, signal);
  const waiting = two?.wait('away', 0, false, signal);
  void told?.wait('away', 7_000, false, signal);
  void refused?.wait('refused', 0, false, signal);
  one?.worked();
  await waiting;
  // Who was told when to come back, and who was refused, wait on.
  assert.deepEqual(timers.pending(), [800, 7_000]);
  void two?.wait('away', 0, false, signal);
  one?.worked();
  assert.equal(timers.pending().length, 3, 'who had no trouble has no news');
});

test('errors by kind of trouble', () => {
  const kind = (status: number, reason = ''): string => troubleOf(new ApiError('status', '', { status, reason }));
  assert.deepEqual(
    [410, 504, 503, 500, 429, 403, 401, 404, 400].map((status) => kind(status)),
    ['broken', 'away', 'away', 'away', 'away', 'refused', 'refused', 'refused', 'refused'],
  );
  assert.equal(kind(504, 'ResourceVersionTooLarge'), 'broken');
  assert.equal(troubleOf(new ApiError('network', '')), 'away');
  assert.equal(troubleOf(new ApiError('timeout', '')), 'away');
  assert.equal(troubleOf(new ApiError('body', '')), 'refused');
  assert.equal(troubleOf(new ApiError('credentials', '')), 'refused');
});
