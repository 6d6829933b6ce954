import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Ejections } from '../../../../src/control/health/ejections.ts';
import { endpointId, upstreamId } from '../../../../src/model/ids.ts';
import type { Ejection } from '../../../../src/model/messages.ts';
import { FakeTime } from '../../../support/fake-time.ts';

const upstream = upstreamId('shop', 'cart', '80');
const other = upstreamId('shop', 'pay', '80');

function ejection(last: number, more: Partial<Ejection> = {}): Ejection {
  const endpoint = endpointId(`10.0.0.${last}`, 8080);
  return { upstream, endpoint, reason: 'refused', durationMs: 1_000, times: 1, ...more };
}

test('what data workers told is known until it is over', () => {
  const time = new FakeTime();
  const known = new Ejections(time);
  const told = ejection(1, { times: 3 });
  known.note(told);
  const until = time.wall() + 1_000;
  assert.deepEqual(
    { ...known.ejectionOf(upstream, told.endpoint), endsAt: 0 },
    { reason: 'refused', times: 3, since: until - 1_000, until, endsAt: 0 },
  );
  assert.equal(known.ejectionOf(other, told.endpoint), undefined);
  assert.equal(known.ejectionOf(upstream, ejection(2).endpoint), undefined);
  time.jump(1_000);
  assert.equal(known.ejectionOf(upstream, told.endpoint), undefined);
});

test('of two workers that tell the same, the later end counts', () => {
  const time = new FakeTime();
  const known = new Ejections(time);
  known.note(ejection(1, { durationMs: 4_000, times: 3 }));
  known.note(ejection(1, { durationMs: 1_000, times: 1 }));
  time.jump(2_000);
  assert.equal(known.ejectionOf(upstream, ejection(1).endpoint)?.times, 3);
});

test('however many there are, it remembers a bounded number: first those that are over go, then the oldest', () => {
  const time = new FakeTime();
  const known = new Ejections(time, 3);
  const isKnown = (last: number): boolean => known.ejectionOf(upstream, ejection(last).endpoint) !== undefined;
  known.note(ejection(1, { durationMs: 9_000 }));
  known.note(ejection(2, { durationMs: 100 }));
  known.note(ejection(3));
  time.jump(200);
  known.note(ejection(4));
  assert.deepEqual([1, 2, 3, 4].map(isKnown), [true, false, true, true]);
  known.note(ejection(5));
  assert.deepEqual([1, 3, 4, 5].map(isKnown), [false, true, true, true]);
});
