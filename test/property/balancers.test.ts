import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { rendezvous } from '../../src/proxy/balancing/rendezvous.ts';
import { weighted } from '../../src/proxy/balancing/weighted.ts';
import { EndpointState } from '../../src/proxy/upstreams/endpoint-state.ts';
import { endpoint, endpointStates, seededRandom } from '../support/endpoints.ts';

const keys = Array.from({ length: 4000 }, (_, at) => `user-${at}`);

test('an endpoint that joins takes its share of the keys and moves no other key', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 40 }), fc.nat(60_000), (count, from) => {
      const after = endpointStates(count + 1, from);
      const joined = after[from % after.length];
      const before = rendezvous(after.filter((one) => one !== joined));
      const now = rendezvous(after);
      const moved = keys.filter((key) => before.pick(key, []) !== now.pick(key, []));
      for (const key of moved) assert.equal(now.pick(key, []), joined);
      const fair = keys.length / (count + 1);
      assert.ok(Math.abs(moved.length - fair) < 6 * Math.sqrt(fair), `${moved.length} keys moved, fair are ${fair}`);
    }),
    { numRuns: 50 },
  );
});

test('two replicas that see the same endpoints agree on every key, and on the second choice', () => {
  const a = endpointStates(30);
  const b = endpointStates(30);
  for (const key of keys.slice(0, 500)) {
    const first = rendezvous(a).pick(key, []);
    const other = rendezvous(b).pick(key, []);
    assert.equal(first?.endpoint.id, other?.endpoint.id);
    assert.ok(first !== undefined && other !== undefined);
    assert.equal(rendezvous(a).pick(key, [first])?.endpoint.id, rendezvous(b).pick(key, [other])?.endpoint.id);
  }
});

test('the second choice of a key is where it goes when its endpoint leaves', () => {
  const endpoints = endpointStates(12);
  const all = rendezvous(endpoints);
  for (const key of keys.slice(0, 500)) {
    const first = all.pick(key, []);
    assert.ok(first !== undefined);
    assert.equal(all.pick(key, [first]), rendezvous(endpoints.filter((one) => one !== first)).pick(key, []));
  }
});

test('weights are kept exactly over every full round, whatever they are', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 8 }), (weights) => {
      const endpoints = weights.map((weight, at) => new EndpointState(endpoint(at, { weight })));
      const balancer = weighted(
        endpoints,
        () => 0,
        () => 0,
        undefined,
      );
      const total = weights.reduce((sum, weight) => sum + weight, 0);
      const counts = new Map<EndpointState | undefined, number>();
      for (let pick = 0; pick < 2 * total; pick += 1) {
        const picked = balancer.pick('', []);
        counts.set(picked, (counts.get(picked) ?? 0) + 1);
      }
      endpoints.forEach((one, at) => assert.equal(counts.get(one), 2 * (weights[at] ?? 0)));
    }),
  );
});

test('weights are smooth: 5, 1, 1 gives a a b a c a a', () => {
  const endpoints = [5, 1, 1].map((weight, at) => new EndpointState(endpoint(at, { weight })));
  const balancer = weighted(
    endpoints,
    () => 0,
    () => 0,
    undefined,
  );
  const order = Array.from({ length: 7 }, () => balancer.pick('', [])).map(
    (one) => 'abc'[endpoints.findIndex((e) => e === one)],
  );
  assert.equal(order.join(' '), 'a a b a c a a');
});

test('an endpoint of weight 0 gets nothing while another has more', () => {
  const endpoints = [0, 3].map((weight, at) => new EndpointState(endpoint(at, { weight })));
  const balancer = weighted(endpoints, seededRandom(1), () => 0, undefined);
  for (let pick = 0; pick < 100; pick += 1) assert.equal(balancer.pick('', []), endpoints[1]);
});
