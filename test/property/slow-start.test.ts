import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import type { BalancingAlgorithm } from '../../src/model/upstream.ts';
import type { Balancer } from '../../src/proxy/balancing/balancer.ts';
import { makeBalancer } from '../../src/proxy/balancing/make-balancer.ts';
import type { EndpointState } from '../../src/proxy/upstreams/endpoint-state.ts';
import { sinceEver } from '../../src/proxy/upstreams/endpoint-state.ts';
import { endpointStates, seededRandom } from '../support/endpoints.ts';

const slowStartMs = 10_000;
const ramping: readonly BalancingAlgorithm[] = ['round_robin', 'least_conn', 'random_two', 'ewma', 'weighted'];

interface Pool {
  readonly endpoints: readonly EndpointState[];
  readonly balancer: Balancer;
  time: number;
}

function poolOf(algorithm: BalancingAlgorithm, count: number, seed: number): Pool {
  const endpoints = endpointStates(count);
  const pool = { endpoints, time: 1000 };
  const parts = { random: seededRandom(seed), now: () => pool.time };
  return Object.assign(pool, {
    balancer: makeBalancer(parts, { balancing: { algorithm }, slowStartMs }, endpoints, undefined),
  });
}

/** Picks of one endpoint out of so many, each of which stays until `atOnce` more have begun. */
function picksOf(one: EndpointState, { balancer }: Pool, picks: number, atOnce: number): number {
  const running: EndpointState[] = [];
  let count = 0;
  const end = (): void => {
    const done = running.shift();
    if (done !== undefined) done.inFlight -= 1;
  };
  for (let at = 0; at < picks; at += 1) {
    const picked = balancer.pick('', []) ?? assert.fail();
    picked.inFlight += 1;
    running.push(picked);
    if (picked === one) count += 1;
    if (running.length > atOnce) end();
  }
  while (running.length > 0) end();
  return count;
}

for (const algorithm of ramping) {
  test(`${algorithm}: the share of an endpoint that became fit grows in a straight line to all of it`, () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 12 }), fc.constantFrom(0, 20), fc.nat(), (count, perEndpoint, seed) => {
        const pool = poolOf(algorithm, count, seed);
        const fresh = pool.endpoints[seed % count] ?? assert.fail();
        fresh.rampFrom(pool.time);
        const shares = [0, 0.25, 0.5, 0.75, 1].map((part) => {
          pool.time = 1000 + part * slowStartMs;
          return picksOf(fresh, pool, 1000 * count, perEndpoint * count) / 1000;
        });
        const [atOnce = 1, quarter = 0, half = 0, most = 0, all = 0] = shares;
        const said = shares.join(' ');
        assert.ok(atOnce > 0.02 && atOnce < 0.3, said);
        assert.ok(quarter < half && half < most && most < all * 1.05, said);
        assert.ok(half > 0.3 && half < 0.75, said);
        assert.ok(all > 0.85 && all < 1.15, said);
        assert.equal(fresh.readySince, sinceEver);
      }),
      { numRuns: 15 },
    );
  });

  test(`${algorithm}: a pool of new endpoints only is used in full, by each endpoint alike`, () => {
    const pool = poolOf(algorithm, 4, 1);
    for (const one of pool.endpoints) one.rampFrom(pool.time);
    for (const one of pool.endpoints) {
      const count = picksOf(one, pool, 4000, 40);
      assert.ok(count > 850 && count < 1150, `${count} of 4000`);
    }
  });
}

for (const algorithm of ['hash', 'ip_hash'] as const) {
  test(`${algorithm}: keys stay where they belong, ramp or not`, () => {
    const pool = poolOf(algorithm, 5, 1);
    const keys = Array.from({ length: 100 }, (_, at) => `key-${at}`);
    const before = keys.map((key) => pool.balancer.pick(key, []));
    pool.endpoints[2]?.rampFrom(pool.time);
    assert.deepEqual(
      keys.map((key) => pool.balancer.pick(key, [])),
      before,
    );
  });
}
