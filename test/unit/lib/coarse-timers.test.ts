import assert from 'node:assert/strict';
import { mock, test } from 'node:test';

import fc from 'fast-check';

import { CoarseTimers } from '../../../src/lib/coarse-timers.ts';

/** A clock and an interval that move together. */
function withClock(run: (timers: CoarseTimers, advance: (ms: number) => void, now: () => number) => void): void {
  mock.timers.enable({ apis: ['setInterval'] });
  let time = 12_345;
  const advance = (ms: number): void => {
    for (let left = ms; left > 0; left -= 10) {
      time += Math.min(10, left);
      mock.timers.tick(Math.min(10, left));
    }
  };
  try {
    run(new CoarseTimers(() => time), advance, () => time);
  } finally {
    mock.timers.reset();
  }
}

test('a deadline is noticed once, never early, and at most two resolutions late', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 250_000 }), { minLength: 1, maxLength: 20 }), (delays) => {
      withClock((timers, advance, now) => {
        const due: number[] = [];
        const startedAt = now();
        delays.forEach((ms, at) => timers.deadline(() => (due[at] = now() - startedAt)).set(ms));
        advance(251_000);
        delays.forEach((ms, at) => {
          assert.ok((due[at] ?? -1) >= ms && (due[at] ?? -1) <= ms + 200, `${ms} ms was noticed after ${due[at]}`);
        });
      });
    }),
    { numRuns: 10 },
  );
});

test('a deadline that moves is noticed when it is reached: later and earlier', () => {
  withClock((timers, advance, now) => {
    const startedAt = now();
    let dueAt = 0;
    const deadline = timers.deadline(() => (dueAt = now() - startedAt));
    deadline.set(1000);
    advance(900);
    deadline.set(1000);
    advance(900);
    assert.equal(dueAt, 0);
    deadline.set(150_000);
    deadline.set(300);
    advance(600);
    assert.ok(dueAt >= 2_100 && dueAt <= 2_300, `${dueAt}`);
  });
});

test('a deadline may be set anew, and others stopped, while one is noticed', () => {
  withClock((timers, advance) => {
    let count = 0;
    const other = timers.deadline(() => assert.fail('it was stopped'));
    const again = timers.deadline(() => {
      count += 1;
      other.stop();
      if (count < 5) again.set(100);
    });
    again.set(100);
    other.set(100);
    advance(5_000);
    assert.equal(count, 5);
  });
});
