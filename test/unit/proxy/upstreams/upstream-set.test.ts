import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { EndpointId, UpstreamId } from '../../../../src/model/ids.ts';
import type { Endpoint, Upstream } from '../../../../src/model/upstream.ts';
import { balancers } from '../../../../src/proxy/balancing/table.ts';
import { UpstreamSet } from '../../../../src/proxy/upstreams/upstream-set.ts';
import type { UpstreamState } from '../../../../src/proxy/upstreams/upstream-state.ts';
import { endpoint, seededRandom, upstreamOf } from '../../../support/endpoints.ts';
import { stepsOf } from '../../../support/steps.ts';
import { stillParts } from '../../../support/upstream-set-parts.ts';

interface Fixture {
  readonly set: UpstreamSet;
  readonly pickersMade: () => number;
  readonly ignored: boolean[];
  readonly left: EndpointId[];
  readonly take: (...endpoints: Endpoint[]) => UpstreamState;
}

function fixture(): Fixture {
  let made = 0;
  const ignored: boolean[] = [];
  const left: EndpointId[] = [];
  const set = new UpstreamSet({
    makePicker: ({ balancing: { algorithm } }, endpoints, previous) => {
      made += 1;
      return balancers[algorithm](endpoints, seededRandom(1), () => 0, previous);
    },
    onChecksIgnored: (_upstream, now) => ignored.push(now),
    ...stillParts(),
  });
  set.onLeave((state) => left.push(state.endpoint.id));
  const take = (...endpoints: Endpoint[]): UpstreamState => apply(set, upstreamOf(endpoints));
  return { set, pickersMade: () => made, ignored, left, take };
}

function apply(set: UpstreamSet, upstream: Upstream): UpstreamState {
  set.prepare({ set: new Map([[upstream.id, upstream]]), removed: [] })();
  const state = set.get(upstream.id);
  assert.ok(state !== undefined);
  return state;
}

function unhealthy(...endpoints: Endpoint[]): ReadonlyMap<UpstreamId, readonly EndpointId[]> {
  return new Map([[upstreamOf([]).id, endpoints.map(({ id }) => id)]]);
}

const [a, b, c] = [endpoint(1), endpoint(2), endpoint(3)];
const drainingA = endpoint(1, { state: 'draining' });
const drainingB = endpoint(2, { state: 'draining' });

function pickableIds(state: UpstreamState): EndpointId[] {
  return state.pickable.map((one) => one.endpoint.id);
}

test('what belongs to an endpoint survives changes around it', () => {
  const { take } = fixture();
  const before = take(a, b).endpoints.get(a.id);
  assert.ok(before !== undefined);
  before.inFlight = 3;
  before.latencyMs = 42;
  const after = take(c, endpoint(1, { weight: 5 })).endpoints.get(a.id);
  assert.equal(after, before);
  assert.deepEqual([after?.inFlight, after?.latencyMs, after?.endpoint.weight], [3, 42, 5]);
});

test('a balancer is made anew only when the endpoints that may be picked change', () => {
  const { take, set, pickersMade } = fixture();
  const state = take(a, b);
  const { picker, pickable } = state;
  take(b, a);
  take(endpoint(1, { weight: 7 }), b, endpoint(3, { state: 'draining' }));
  set.health(new Map());
  assert.equal(pickersMade(), 1);
  assert.equal(state.picker, picker);
  assert.equal(state.pickable, pickable);
  take(a, b, c);
  assert.equal(pickersMade(), 2);
  apply(set, upstreamOf([a, b, c], { algorithm: 'ewma' }));
  assert.equal(pickersMade(), 3);
});

test('endpoints whose check fails are out at once and back when it passes', () => {
  const { take, set, ignored } = fixture();
  const state = take(a, b);
  set.health(unhealthy(a));
  assert.deepEqual(pickableIds(state), [b.id]);
  take(a, b, c);
  assert.deepEqual(pickableIds(state), [b.id, c.id], 'a snapshot does not forget what failed');
  set.health(new Map());
  assert.deepEqual(pickableIds(state), [a.id, b.id, c.id]);
  assert.deepEqual(ignored, []);
});

test('when every check fails, checks are ignored, which is said once', () => {
  const { take, set, ignored } = fixture();
  const state = take(a, b, endpoint(3, { state: 'draining' }));
  set.health(unhealthy(a, b));
  set.health(unhealthy(a, b));
  assert.deepEqual(pickableIds(state), [a.id, b.id]);
  assert.equal(state.pickableReason, 'checks-ignored');
  set.health(unhealthy(b));
  assert.deepEqual(pickableIds(state), [a.id]);
  assert.deepEqual(ignored, [true, false]);
});

test('terminating endpoints are used only while none is ready', () => {
  const { take, set } = fixture();
  const state = take(drainingA, b);
  assert.deepEqual(pickableIds(state), [b.id]);
  take(drainingA, drainingB);
  assert.deepEqual([state.pickableReason, ...pickableIds(state)], ['draining', a.id, b.id]);
  set.health(unhealthy(a));
  assert.deepEqual(pickableIds(state), [b.id]);
  set.health(unhealthy(a, b));
  assert.deepEqual(pickableIds(state), [a.id, b.id]);
});

test('without endpoints there is nothing to pick', () => {
  const { take } = fixture();
  const state = take();
  assert.deepEqual([state.pickableReason, state.pickable.length, state.picker], ['none', 0, undefined]);
  assert.notEqual(take(a).picker, undefined);
  assert.equal(take().picker, undefined);
});

test('endpoints that leave or begin to drain are announced, once', () => {
  const { take, left, set } = fixture();
  take(a, b, c);
  take(drainingA, b);
  assert.deepEqual(left, [a.id, c.id]);
  take(drainingA, b);
  assert.deepEqual(left, [a.id, c.id]);
  set.prepare({ set: new Map(), removed: [upstreamOf([]).id] })();
  assert.deepEqual(left, [a.id, c.id, a.id, b.id]);
  assert.equal(set.get(upstreamOf([]).id), undefined);
});

test('preparing changes nothing', () => {
  const { take, set } = fixture();
  const state = take(a, b);
  const next = upstreamOf([c]);
  set.prepare({ set: new Map([[next.id, next]]), removed: [] });
  assert.deepEqual(pickableIds(state), [a.id, b.id]);
});

test('one changed endpoint costs what there are endpoints, not that many times as much', () => {
  const cost = (count: number): number => {
    const { take } = fixture();
    const many = Array.from({ length: count }, (_, at) => endpoint(at + 10));
    take(...many);
    return stepsOf('proxy/upstreams', () => take(...many.slice(1), a));
  };
  const [few, many] = [cost(100), cost(1000)];
  assert.ok(few > 100 && many < 12 * few, `${few} steps with 100 endpoints, ${many} with 1000`);
});
