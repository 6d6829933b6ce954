import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import type { BalancingAlgorithm, Upstream } from '../../src/model/upstream.ts';
import type { Balancer } from '../../src/proxy/balancing/balancer.ts';
import { makeBalancer } from '../../src/proxy/balancing/make-balancer.ts';
import { balancers } from '../../src/proxy/balancing/table.ts';
import type { EndpointState } from '../../src/proxy/upstreams/endpoint-state.ts';
import { endpointStates, seededRandom } from '../support/endpoints.ts';

type Asked = Pick<Upstream, 'balancing' | 'slowStartMs'>;

/** Every algorithm, each with slow start as well, and the hash with all that can be asked of it. */
const variants: ReadonlyMap<string, Asked> = new Map(
  (Object.keys(balancers) as BalancingAlgorithm[])
    .flatMap((algorithm): [string, Asked][] => [
      [algorithm, { balancing: { algorithm } }],
      [`${algorithm} with slow start`, { balancing: { algorithm }, slowStartMs: 30_000 }],
    ])
    .concat([
      ['hash with subsets', { balancing: { algorithm: 'hash', subsetSize: 3 } }],
      ['hash with bounded loads', { balancing: { algorithm: 'hash', boundedLoad: 1.25 } }],
      ['hash with both', { balancing: { algorithm: 'hash', subsetSize: 3, boundedLoad: 1.25 } }],
    ]),
);

function make(asked: Asked, endpoints: readonly EndpointState[], previous?: Balancer): Balancer {
  return makeBalancer({ random: seededRandom(7), now: () => 1000 }, asked, endpoints, previous);
}

/** Endpoints of so many picks in a row, each with a key of its own, each over at once. */
function picks(balancer: Balancer, count: number, tried: readonly EndpointState[] = []): (EndpointState | undefined)[] {
  return Array.from({ length: count }, (_, at) => balancer.pick(`key-${at}`, tried));
}

for (const [name, asked] of variants) {
  suite(name, () => {
    test('picks only endpoints that it was given', () => {
      const endpoints = endpointStates(7);
      for (const picked of picks(make(asked, endpoints), 500)) {
        assert.ok(picked !== undefined && endpoints.includes(picked));
      }
    });

    test('every endpoint gets its share', () => {
      const endpoints = endpointStates(8);
      const counts = new Map<EndpointState | undefined, number>();
      for (const picked of picks(make(asked, endpoints), 8000)) counts.set(picked, (counts.get(picked) ?? 0) + 1);
      for (const one of endpoints) {
        const share = counts.get(one) ?? 0;
        assert.ok(share > 800 && share < 1200, `${one.endpoint.id} got ${share} of 8000, fair are 1000`);
      }
    });

    test('avoids what was tried while another one is left, and picks it again when none is', () => {
      const endpoints = endpointStates(4);
      for (let count = 1; count < 4; count += 1) {
        const tried = endpoints.slice(0, count);
        for (const picked of picks(make(asked, endpoints), 200, tried)) {
          assert.ok(picked !== undefined && !tried.includes(picked), `${picked?.endpoint.id} after ${count} tries`);
        }
      }
      for (const picked of picks(make(asked, endpoints), 50, endpoints)) assert.ok(picked !== undefined);
    });

    test('what was tried and is gone does not matter', () => {
      const [gone, ...endpoints] = endpointStates(3);
      assert.ok(gone !== undefined);
      for (const picked of picks(make(asked, endpoints), 50, [gone])) {
        assert.ok(picked !== undefined && endpoints.includes(picked));
      }
    });

    test('works with one endpoint, tried or not', () => {
      const endpoints = endpointStates(1);
      for (const tried of [[], endpoints]) {
        for (const picked of picks(make(asked, endpoints), 20, tried)) assert.equal(picked, endpoints[0]);
      }
    });

    test('the same random numbers give the same picks', () => {
      const endpoints = endpointStates(5);
      assert.deepEqual(picks(make(asked, endpoints), 100), picks(make(asked, endpoints), 100));
    });

    test('takes over from a balancer of any algorithm, with other endpoints', () => {
      for (const before of variants.values()) {
        const old = make(before, endpointStates(4));
        picks(old, 5);
        const endpoints = endpointStates(3, 2);
        for (const picked of picks(make(asked, endpoints, old), 50)) {
          assert.ok(picked !== undefined && endpoints.includes(picked));
        }
      }
    });

    test('endpoints in their ramp are picked when nobody else is left', () => {
      const endpoints = endpointStates(3);
      for (const one of endpoints) one.rampFrom(999);
      endpoints[0]?.rampFrom(0);
      for (const picked of picks(make(asked, endpoints), 50, endpoints.slice(0, 2))) assert.equal(picked, endpoints[2]);
    });

    test('an endpoint that comes is not buried under requests', () => {
      const endpoints = endpointStates(3);
      const old = make(asked, endpoints.slice(0, 2));
      for (const one of endpoints.slice(0, 2)) Object.assign(one, { latencyMs: 20, latencyAt: 900 });
      endpoints[2]?.rampFrom(1000);
      picks(old, 10);
      const balancer = make(asked, endpoints, old);
      // Every request stays for three others, as under load.
      const running: EndpointState[] = [];
      let atNew = 0;
      for (const [at, picked] of picksRunning(balancer, 90).entries()) {
        assert.ok(picked !== undefined, `pick ${at}`);
        if (picked === endpoints[2]) atNew += 1;
        running.push(picked);
      }
      assert.ok(atNew < 70, `${atNew} of 90 went to the new endpoint`);
    });
  });
}

function picksRunning(balancer: Balancer, count: number): (EndpointState | undefined)[] {
  const running: EndpointState[] = [];
  return Array.from({ length: count }, (_, at) => {
    const picked = balancer.pick(`key-${at}`, []);
    if (picked !== undefined) {
      picked.inFlight += 1;
      running.push(picked);
    }
    if (running.length > 3) {
      const done = running.shift();
      if (done !== undefined) done.inFlight -= 1;
    }
    return picked;
  });
}
