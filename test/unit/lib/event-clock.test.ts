import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';

import { currentTurn, eventBegins, eventClock } from '../../../src/lib/event-clock.ts';

/** Until the machine's own clock shows another time. */
function untilLater(): void {
  const before = performance.now();
  while (performance.now() - before < 1.5);
}

test('within one event it is one time, and later in the next', () => {
  eventBegins();
  const [now, wall] = [eventClock.now(), eventClock.wall()];
  untilLater();
  assert.deepEqual([eventClock.now(), eventClock.wall()], [now, wall]);
  eventBegins();
  assert.ok(eventClock.now() > now);
});

test('the time of one turn of the event loop is not seen in the next', async () => {
  eventBegins();
  const [now, wall] = [eventClock.now(), eventClock.wall()];
  const turn = currentTurn();
  assert.equal(currentTurn(), turn);
  untilLater();
  await nextTurn();
  assert.ok(eventClock.now() > now);
  assert.ok(eventClock.wall() > wall);
  assert.equal(currentTurn(), turn + 1);
});
