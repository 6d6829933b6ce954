import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Endpoint, Upstream } from '../../../../src/model/upstream.ts';
import { makeBalancer } from '../../../../src/proxy/balancing/make-balancer.ts';
import { sinceEver } from '../../../../src/proxy/upstreams/endpoint-state.ts';
import { UpstreamSet } from '../../../../src/proxy/upstreams/upstream-set.ts';
import type { UpstreamState } from '../../../../src/proxy/upstreams/upstream-state.ts';
import { endpoint, seededRandom, upstreamOf } from '../../../support/endpoints.ts';
import { stillParts } from '../../../support/upstream-set-parts.ts';

interface Fixture {
  readonly set: UpstreamSet;
  time: number;
  take(endpoints: readonly Endpoint[], more?: Partial<Upstream>): UpstreamState;
}

function fixture(): Fixture {
  const made = { time: 5000 };
  const now = (): number => made.time;
  const set = new UpstreamSet({
    ...stillParts(),
    now,
    makePicker: (upstream, endpoints, previous) =>
      makeBalancer({ random: seededRandom(1), now }, upstream, endpoints, previous),
    onChecksIgnored: () => undefined,
  });
  const take: Fixture['take'] = (endpoints, more = {}) => {
    const upstream = { ...upstreamOf(endpoints), slowStartMs: 10_000, ...more };
    set.prepare({ set: new Map([[upstream.id, upstream]]), removed: [] })();
    return set.get(upstream.id) ?? assert.fail();
  };
  return Object.assign(made, { set, take });
}

const [a, b, c] = [endpoint(1), endpoint(2), endpoint(3)];

function sinceOf(state: UpstreamState): (number | undefined)[] {
  return [a, b, c].map(({ id }) => state.endpoints.get(id)?.readySince);
}

test('endpoints of a new upstream do not ramp, one that joins later does', () => {
  const worker = fixture();
  assert.deepEqual(sinceOf(worker.take([a, b])), [sinceEver, sinceEver, undefined]);
  worker.time = 6000;
  assert.deepEqual(sinceOf(worker.take([a, b, c])), [sinceEver, sinceEver, 6000]);
  worker.time = 7000;
  assert.deepEqual(sinceOf(worker.take([a, b, endpoint(3, { weight: 2 })])), [sinceEver, sinceEver, 6000]);
});

test('an endpoint that fails its check and passes again ramps', () => {
  const worker = fixture();
  const state = worker.take([a, b, c]);
  worker.set.health(new Map([[state.upstream.id, [b.id]]]));
  assert.deepEqual(sinceOf(state), [sinceEver, sinceEver, sinceEver]);
  worker.time = 8000;
  worker.set.health(new Map());
  assert.deepEqual(sinceOf(state), [sinceEver, 8000, sinceEver]);
});

test('an endpoint that was ejected ramps when it is back and its trial was answered', () => {
  const worker = fixture();
  const state = worker.take([a, b, c]);
  const failed = state.endpoints.get(b.id) ?? assert.fail();
  worker.set.ejections.failed(state, failed, 'refused', worker.time);
  assert.deepEqual(
    state.pickable.map((one) => one.endpoint.id),
    [a.id, c.id],
  );
  worker.time = failed.ejection.until;
  worker.set.ejections.returnDue();
  assert.deepEqual(sinceOf(state), [sinceEver, sinceEver, sinceEver]);
  worker.time += 500;
  worker.set.ejections.passed(state, failed, 200, worker.time - 100);
  assert.deepEqual(sinceOf(state), [sinceEver, worker.time, sinceEver]);
});

test('endpoints of other zones that stand in do not ramp', () => {
  const worker = fixture();
  const near = endpoint(1, { near: true });
  const state = worker.take([near, b, c]);
  assert.equal(state.pickable.length, 1);
  worker.set.health(new Map([[state.upstream.id, [a.id]]]));
  assert.equal(state.pickable.length, 2);
  assert.deepEqual(sinceOf(state), [sinceEver, sinceEver, sinceEver]);
});

test('another time, another bound or another subset make another balancer; the same ones do not', () => {
  const worker = fixture();
  const hash = { algorithm: 'hash', hashBy: '$host', subsetSize: 2 } as const;
  const state = worker.take([a, b], { balancing: hash });
  const { picker } = state;
  worker.take([a, b], { balancing: { ...hash } });
  assert.equal(state.picker, picker);
  const others: readonly Partial<Upstream>[] = [
    { balancing: { ...hash, subsetSize: 3 } },
    { balancing: { ...hash, subsetSize: 3, boundedLoad: 1.5 } },
    { balancing: { algorithm: 'ewma' } },
    { balancing: { algorithm: 'ewma' }, slowStartMs: 20_000 },
  ];
  const pickers = others.map((more) => worker.take([a, b], more).picker);
  assert.equal(new Set([picker, ...pickers]).size, 5);
});
