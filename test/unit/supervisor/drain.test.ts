import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { DrainAction, DrainEvent, DrainState } from '../../../src/supervisor/drain.ts';
import { drainStart, nextDrain } from '../../../src/supervisor/drain.ts';

const timings = { lameduckMs: 15_000, drainMs: 240_000 };
const term = { kind: 'signal', name: 'SIGTERM' } as const;
const interrupt = { kind: 'signal', name: 'SIGINT' } as const;
const started = { kind: 'started' } as const;
const time = { kind: 'time' } as const;
const idle = { kind: 'idle' } as const;

/** Runs events at their times; gives the last state and all actions. */
function run(
  events: readonly (readonly [number, DrainEvent])[],
  used = timings,
): { state: DrainState; actions: DrainAction[] } {
  let state = drainStart;
  const actions: DrainAction[] = [];
  for (const [now, event] of events) {
    const step = nextDrain(state, event, now, used);
    state = step.state;
    actions.push(...step.actions);
  }
  return { state, actions };
}

test('SIGTERM serves on, then drains, then ends when nobody has anything left', () => {
  const { state, actions } = run([
    [0, started],
    [100, term],
    [15_099, time],
    [15_100, time],
    [20_000, idle],
  ]);
  assert.equal(state.phase, 'ended');
  assert.deepEqual(actions, [
    { kind: 'lameduck', durationMs: 15_000 },
    { kind: 'drain', durationMs: 240_000 },
    { kind: 'end', exitCode: 0, forced: false },
  ]);
});

test('at the deadline it ends by force, and still in order', () => {
  const draining: readonly (readonly [number, DrainEvent])[] = [
    [0, started],
    [0, term],
    [15_000, time],
  ];
  assert.equal(run([...draining, [256_999, time]]).state.phase, 'draining');
  assert.deepEqual(run([...draining, [257_000, time]]).actions.at(-1), { kind: 'end', exitCode: 0, forced: true });
});

test('without a lameduck time it drains at once', () => {
  const { actions } = run(
    [
      [0, started],
      [0, term],
    ],
    { lameduckMs: 0, drainMs: 1_000 },
  );
  assert.deepEqual(actions, [{ kind: 'drain', durationMs: 1_000 }]);
});

test('a signal before anything is served ends at once', () => {
  for (const signal of [term, interrupt]) {
    assert.deepEqual(run([[0, signal]]).actions, [{ kind: 'end', exitCode: 0, forced: true }]);
  }
});

test('a second SIGTERM changes nothing, a third within a second ends at once', () => {
  const twice = run([
    [0, started],
    [0, term],
    [10, term],
  ]);
  assert.deepEqual([twice.state.phase, twice.actions.length], ['lameduck', 1]);
  const spread = run([
    [0, started],
    [0, term],
    [900, term],
    [1_000, term],
  ]);
  assert.equal(spread.state.phase, 'lameduck');
  const thrice = run([
    [0, started],
    [0, term],
    [400, term],
    [999, term],
  ]);
  assert.deepEqual(thrice.actions.at(-1), { kind: 'end', exitCode: 143, forced: true });
});

test('SIGINT drains for at most five seconds, a second one ends at once', () => {
  const once = run([
    [0, started],
    [0, interrupt],
  ]);
  assert.deepEqual(once.actions, [{ kind: 'drain', durationMs: 5_000 }]);
  assert.equal(once.state.until, 7_000);
  const twice = run([
    [0, started],
    [0, interrupt],
    [3_000, interrupt],
  ]);
  assert.deepEqual(twice.actions.at(-1), { kind: 'end', exitCode: 130, forced: true });
});

test('SIGINT shortens a drain that SIGTERM began, SIGTERM does not lengthen one', () => {
  const shortened = run([
    [0, started],
    [0, term],
    [100, interrupt],
  ]);
  assert.deepEqual([shortened.state.phase, shortened.state.until], ['draining', 7_100]);
  const unchanged = run([
    [0, started],
    [0, interrupt],
    [100, term],
  ]);
  assert.deepEqual([unchanged.state.phase, unchanged.state.until], ['draining', 7_000]);
});

test('idle workers end nothing while new connections may still come', () => {
  const { state, actions } = run([
    [0, started],
    [0, idle],
    [0, term],
    [1, idle],
  ]);
  assert.deepEqual([state.phase, actions.length], ['lameduck', 1]);
});

test('nothing happens after the end', () => {
  const ended = run([[0, term]]).state;
  for (const event of [started, term, interrupt, time, idle]) {
    assert.deepEqual(nextDrain(ended, event, 1e9, timings), { state: ended, actions: [] });
  }
});
