import assert from 'node:assert/strict';
import { test } from 'node:test';

import { endpointHoldOff, HoldOff, objectHoldOff } from '../../../src/control/hold-off.ts';

/** Time that stands until it is moved, with one timer. */
function fakeTime(): {
  now: () => number;
  advance: (ms: number) => void;
  timer: ConstructorParameters<typeof HoldOff>[2];
} {
  let now = 1000;
  let waiting: { at: number; run: () => void } | undefined;
  return {
    now: () => now,
    advance: (ms) => {
      const end = now + ms;
      while (waiting !== undefined && waiting.at <= end) {
        const { at, run } = waiting;
        waiting = undefined;
        now = at;
        run();
      }
      now = end;
    },
    timer: {
      after: (ms, run) => {
        const entry = { at: now + ms, run };
        waiting = entry;
        return () => {
          if (waiting === entry) waiting = undefined;
        };
      },
    },
  };
}

function holdOff(): { time: ReturnType<typeof fakeTime>; runs: { at: number; first: number }[]; gather: HoldOff } {
  const time = fakeTime();
  const runs: { at: number; first: number }[] = [];
  const gather = new HoldOff(
    (first) => runs.push({ at: time.now(), first }),
    { now: time.now, wall: time.now },
    time.timer,
  );
  return { time, runs, gather };
}

test('changes that follow each other closely run once, after a silence', () => {
  const { time, runs, gather } = holdOff();
  for (let count = 0; count < 3; count += 1) {
    gather.touch(objectHoldOff);
    time.advance(40);
  }
  time.advance(500);
  assert.deepEqual(runs, [{ at: 1130, first: 1000 }]);
});

test('a stream of changes waits no longer than the limit', () => {
  const { time, runs, gather } = holdOff();
  for (let count = 0; count < 26; count += 1) {
    gather.touch(objectHoldOff);
    time.advance(10);
  }
  assert.equal(runs[0]?.at, 1250);
});

test('an endpoint change brings a waiting run forward', () => {
  const { time, runs, gather } = holdOff();
  gather.touch(objectHoldOff);
  gather.touch(endpointHoldOff);
  time.advance(500);
  assert.deepEqual(runs, [{ at: 1010, first: 1000 }]);
});

test('after a run the next change starts anew, and stop forgets it', () => {
  const { time, runs, gather } = holdOff();
  gather.touch(endpointHoldOff);
  time.advance(100);
  gather.touch(objectHoldOff);
  time.advance(100);
  assert.deepEqual(
    runs.map((run) => run.at),
    [1010, 1150],
  );
  gather.touch(objectHoldOff);
  gather.stop();
  time.advance(1000);
  assert.equal(runs.length, 2);
});
