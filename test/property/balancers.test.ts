import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import fc from 'fast-check';

import type { Balancer } from '../../src/proxy/balancing/balancer.ts';
import { ewma } from '../../src/proxy/balancing/ewma.ts';
import { leastConnections } from '../../src/proxy/balancing/least-connections.ts';
import { randomTwo } from '../../src/proxy/balancing/random-two.ts';
import { roundRobin } from '../../src/proxy/balancing/round-robin.ts';
import { weighted } from '../../src/proxy/balancing/weighted.ts';
import { EndpointState } from '../../src/proxy/upstreams/endpoint-state.ts';
import { endpoint, endpointStates, seededRandom } from '../support/endpoints.ts';

const now = (): number => 1000;

type Counts = ReadonlyMap<EndpointState | undefined, number>;

function countsOf(picks: number, pick: (at: number) => EndpointState | undefined): Counts {
  const counts = new Map<EndpointState | undefined, number>();
  for (let at = 0; at < picks; at += 1) {
    const picked = pick(at);
    counts.set(picked, (counts.get(picked) ?? 0) + 1);
  }
  return counts;
}

/** Each exchange stays until so many more have begun; the oldest ends first. */
function countsUnderLoad(balancer: Balancer, picks: number, atOnce: number): Counts {
  const running: EndpointState[] = [];
  return countsOf(picks, () => {
    const picked = balancer.pick('', []);
    if (picked !== undefined) {
      picked.inFlight += 1;
      running.push(picked);
    }
    if (running.length > atOnce) {
      const done = running.shift();
      if (done !== undefined) done.inFlight -= 1;
    }
    return picked;
  });
}

test('round robin: over any run of picks two endpoints differ by one at most', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 400 }), fc.nat(), (count, picks, seed) => {
      const endpoints = endpointStates(count);
      const balancer = roundRobin(endpoints, seededRandom(seed), now, undefined);
      const counts = countsOf(picks, () => balancer.pick('', []));
      const all = endpoints.map((one) => counts.get(one) ?? 0);
      assert.ok(Math.max(...all) - Math.min(...all) <= 1);
    }),
  );
});

suite('least_conn', () => {
  test('always picks one of those with the least in flight, also beside endpoints that were tried', () => {
    const step = fc.record({ at: fc.nat(30), inFlight: fc.nat(4), tried: fc.array(fc.nat(30), { maxLength: 3 }) });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 31 }), fc.array(step, { maxLength: 60 }), (count, steps) => {
        const endpoints = endpointStates(count);
        const balancer = leastConnections(endpoints, seededRandom(count));
        for (const { at, inFlight, tried: places } of steps) {
          const changed = endpoints[at % count];
          if (changed !== undefined) changed.inFlight = inFlight;
          const tried = places.flatMap((place) => endpoints[place % count] ?? []);
          const left = endpoints.filter((one) => !tried.includes(one));
          const among = left.length > 0 ? left : endpoints;
          const picked = balancer.pick('', tried);
          assert.ok(picked !== undefined && among.includes(picked));
          assert.equal(picked.inFlight, Math.min(...among.map((one) => one.inFlight)));
        }
      }),
    );
  });

  test('equal endpoints differ by one at most over any run of picks', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 400 }), (count, picks) => {
        const endpoints = endpointStates(count);
        const balancer = leastConnections(endpoints, seededRandom(picks));
        const counts = countsOf(picks, () => balancer.pick('', []));
        const all = endpoints.map((one) => counts.get(one) ?? 0);
        assert.ok(Math.max(...all) - Math.min(...all) <= 1);
      }),
    );
  });

  test('goes on after another balancer has watched the same endpoints', () => {
    const endpoints = endpointStates(3);
    const [a, b, c] = endpoints;
    assert.ok(a !== undefined && b !== undefined && c !== undefined);
    const first = leastConnections(endpoints, () => 0);
    first.pick('', []);
    leastConnections([a, b], () => 0).pick('', []);
    a.inFlight = 2;
    c.inFlight = 1;
    assert.equal(first.pick('', []), b);
  });
});

for (const [name, make] of [
  ['random_two', randomTwo],
  ['ewma', ewma],
] as const) {
  test(`${name}: endpoints that are alike get alike under load`, () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 20 }), fc.nat(), (count, seed) => {
        const endpoints = endpointStates(count);
        const balancer = make(endpoints, seededRandom(seed), now);
        const fair = 300;
        const counts = countsUnderLoad(balancer, fair * count, 3 * count);
        for (const one of endpoints) {
          const share = counts.get(one) ?? 0;
          assert.ok(Math.abs(share - fair) < 6 * Math.sqrt(fair), `${share} picks, fair are ${fair}`);
        }
      }),
      { numRuns: 40 },
    );
  });
}

suite('weighted', () => {
  const someWeights = fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 8 });

  function states(weights: readonly number[]): EndpointState[] {
    return weights.map((weight, at) => new EndpointState(endpoint(at, { weight })));
  }

  test('weights are kept exactly over every full round, whatever they are', () => {
    fc.assert(
      fc.property(someWeights, fc.nat(), (weights, seed) => {
        const endpoints = states(weights);
        const balancer = weighted(endpoints, seededRandom(seed), now, undefined);
        const total = weights.reduce((sum, weight) => sum + weight, 0);
        const counts = countsOf(2 * total, () => balancer.pick('', []));
        endpoints.forEach((one, at) => assert.equal(counts.get(one), 2 * (weights[at] ?? 0)));
      }),
    );
  });

  test('each endpoint gets its turns spread over the round, not in a row', () => {
    fc.assert(
      fc.property(someWeights, fc.nat(), (weights, seed) => {
        const endpoints = states(weights);
        const balancer = weighted(endpoints, seededRandom(seed), now, undefined);
        const total = weights.reduce((sum, weight) => sum + weight, 0);
        const counts = new Map<EndpointState | undefined, number>();
        for (let picks = 1; picks <= total; picks += 1) {
          const picked = balancer.pick('', []);
          counts.set(picked, (counts.get(picked) ?? 0) + 1);
          endpoints.forEach((one, at) => {
            const weight = weights[at] ?? 0;
            const off = Math.abs((counts.get(one) ?? 0) - (picks * weight) / total);
            assert.ok(off <= 1 + (weights.length * weight) / total, `off by ${off} after ${picks} picks`);
          });
        }
      }),
    );
  });

  test('weights that change while it runs count from then on', () => {
    fc.assert(
      fc.property(someWeights, fc.nat(), fc.nat(), (weights, picksBefore, seed) => {
        const endpoints = states(weights.map(() => 1));
        const balancer = weighted(endpoints, seededRandom(seed), now, undefined);
        countsOf(picksBefore % 50, () => balancer.pick('', []));
        endpoints.forEach((one, at) => (one.endpoint = endpoint(at, { weight: weights[at] ?? 1 })));
        const total = weights.reduce((sum, weight) => sum + weight, 0);
        const counts = countsOf(10 * total, () => balancer.pick('', []));
        endpoints.forEach((one, at) => {
          const off = Math.abs((counts.get(one) ?? 0) - 10 * (weights[at] ?? 0));
          assert.ok(off <= 1, `off by ${off}`);
        });
      }),
    );
  });

  test('an endpoint that was tried keeps its turn', () => {
    const endpoints = states([1, 1]);
    const balancer = weighted(endpoints, () => 0, now, undefined);
    const [a, b] = endpoints;
    assert.ok(a !== undefined && b !== undefined);
    assert.deepEqual([balancer.pick('', [a]), balancer.pick('', []), balancer.pick('', [a, b])], [b, a, a]);
  });

  test('an endpoint of weight 0 gets nothing while another has more', () => {
    const endpoints = states([0, 3]);
    const balancer = weighted(endpoints, seededRandom(1), now, undefined);
    for (let pick = 0; pick < 100; pick += 1) assert.equal(balancer.pick('', []), endpoints[1]);
  });
});
