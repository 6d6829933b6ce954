import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import fc from 'fast-check';

import type { Balancer } from '../../src/proxy/balancing/balancer.ts';
import type { BalancerOptions } from '../../src/proxy/balancing/balancer.ts';
import { consistentHash } from '../../src/proxy/balancing/consistent-hash.ts';
import { balancers } from '../../src/proxy/balancing/table.ts';
import type { EndpointState } from '../../src/proxy/upstreams/endpoint-state.ts';
import { endpointStates, seededRandom } from '../support/endpoints.ts';

const keys = Array.from({ length: 4000 }, (_, at) => `user-${at}`);
function plain(endpoints: readonly EndpointState[], previous?: Balancer): Balancer {
  return consistentHash(endpoints, seededRandom(1), previous);
}

function selective(endpoints: readonly EndpointState[], seed: number, options: BalancerOptions): Balancer {
  return consistentHash(endpoints, seededRandom(seed), undefined, options);
}

const addresses = Array.from({ length: 4000 }, (_, at) => `192.168.${at >>> 8}.${at & 255}`);

/** Keys that `change` of the endpoints leads elsewhere, with where they went before and after. */
function movedKeys(
  some: readonly string[],
  before: Balancer,
  after: Balancer,
): { readonly from: EndpointState | undefined; readonly to: EndpointState | undefined }[] {
  return some
    .map((key) => ({ from: before.pick(key, []), to: after.pick(key, []) }))
    .filter(({ from, to }) => from !== to);
}

for (const [name, some] of [
  ['hash', keys],
  ['ip_hash', addresses],
] as const) {
  suite(name, () => {
    const make = (endpoints: readonly EndpointState[]): Balancer =>
      balancers[name](endpoints, seededRandom(1), () => 0, undefined);

    test('every endpoint gets its share of the keys', () => {
      fc.assert(
        fc.property(fc.integer({ min: 2, max: 40 }), fc.nat(60_000), (count, from) => {
          const endpoints = endpointStates(count, from);
          const balancer = make(endpoints);
          const counts = new Map<EndpointState | undefined, number>();
          for (const key of some) counts.set(balancer.pick(key, []), (counts.get(balancer.pick(key, [])) ?? 0) + 1);
          const fair = some.length / count;
          for (const one of endpoints) {
            const off = Math.abs((counts.get(one) ?? 0) - fair);
            assert.ok(off < 0.25 * fair + 5 * Math.sqrt(fair), `${counts.get(one)} keys, fair are ${fair}`);
          }
        }),
        { numRuns: 40 },
      );
    });

    test('an endpoint that joins or leaves moves about its share of the keys, and no other', () => {
      fc.assert(
        fc.property(fc.integer({ min: 1, max: 40 }), fc.nat(60_000), (count, from) => {
          const more = endpointStates(count + 1, from);
          const one = more[from % more.length];
          const less = more.filter((other) => other !== one);
          const joining = movedKeys(some, make(less), make(more));
          for (const { to } of joining) assert.equal(to, one);
          for (const { from: left } of movedKeys(some, make(more), make(less))) assert.equal(left, one);
          const fair = some.length / (count + 1);
          assert.ok(
            Math.abs(joining.length - fair) < 0.25 * fair + 5 * Math.sqrt(fair),
            `${joining.length} keys moved, fair are ${fair}`,
          );
        }),
        { numRuns: 40 },
      );
    });
  });
}

test('a hash that takes over from the one of the set before is the same as a new one', () => {
  const numbers = fc.uniqueArray(fc.nat(300), { minLength: 1, maxLength: 60 });
  fc.assert(
    fc.property(fc.array(numbers, { minLength: 2, maxLength: 5 }), (sets) => {
      let hash: Balancer | undefined;
      for (const [at, set] of sets.entries()) {
        // Also some that differ little, and some that nobody asked.
        const endpoints = endpointStates(300).filter(
          (_, number) => set.includes(number) || (at > 0 && number % 3 === 0),
        );
        hash = plain(endpoints, hash);
        if (set.length % 4 === 0) continue;
        for (const key of keys.slice(0, 200)) assert.equal(hash.pick(key, []), plain(endpoints).pick(key, []));
      }
    }),
    { numRuns: 30 },
  );
});

test('1,000 endpoints: one more moves a thousandth of the keys', () => {
  const more = endpointStates(1001);
  const one = more[500];
  const moved = movedKeys(keys, plain(more.filter((other) => other !== one)), plain(more));
  for (const { to } of moved) assert.equal(to, one);
  assert.ok(moved.length <= 16, `${moved.length} of 4000 keys moved`);
});

test('two replicas that see the same endpoints agree on every key, and on the second and third choice', () => {
  const [a, b] = [endpointStates(30), endpointStates(30)].map((endpoints) => plain(endpoints));
  assert.ok(a !== undefined && b !== undefined);
  for (const key of keys.slice(0, 500)) {
    const [mine, theirs]: [EndpointState[], EndpointState[]] = [[], []];
    for (let choice = 0; choice < 3; choice += 1) {
      mine.push(a.pick(key, mine) ?? assert.fail());
      theirs.push(b.pick(key, theirs) ?? assert.fail());
    }
    assert.deepEqual(
      mine.map((one) => one.endpoint.id),
      theirs.map((one) => one.endpoint.id),
    );
  }
});

test('each further choice of a key is where it goes when the endpoints before leave', () => {
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 12 }), fc.nat(60_000), fc.string(), (count, from, key) => {
      const endpoints = endpointStates(count, from);
      const tried: EndpointState[] = [];
      for (let choice = 0; choice < count; choice += 1) {
        const picked = plain(endpoints).pick(key, tried);
        assert.equal(picked, plain(endpoints.filter((one) => !tried.includes(one))).pick(key, []));
        assert.ok(picked !== undefined);
        tried.push(picked);
      }
      assert.equal(new Set(tried).size, count);
    }),
  );
});

suite('subsets', () => {
  function subsetOf(endpoints: readonly EndpointState[], key: string, subsetSize: number): Set<EndpointState> {
    const balancer = selective(endpoints, key.length, { subsetSize });
    const found = new Set<EndpointState>();
    for (let pick = 0; pick < 40 * subsetSize; pick += 1) found.add(balancer.pick(key, []) ?? assert.fail());
    return found;
  }

  test('a key reaches as many endpoints as the subset is large, evenly', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 2, max: 8 }), fc.string(), (count, size, key) => {
        const endpoints = endpointStates(count);
        const balancer = selective(endpoints, count, { subsetSize: size });
        const counts = new Map<EndpointState | undefined, number>();
        for (let pick = 0; pick < 200 * size; pick += 1) {
          const picked = balancer.pick(key, []);
          counts.set(picked, (counts.get(picked) ?? 0) + 1);
        }
        const expected = Math.min(count, size);
        assert.equal(counts.size, expected);
        const fair = (200 * size) / expected;
        for (const share of counts.values())
          assert.ok(Math.abs(share - fair) < 6 * Math.sqrt(fair), `${share} of ${fair}`);
      }),
    );
  });

  test('an endpoint that leaves is replaced by one other where it was, and nothing else changes', () => {
    fc.assert(
      fc.property(fc.integer({ min: 4, max: 20 }), fc.nat(60_000), fc.string(), (count, from, key) => {
        const endpoints = endpointStates(count, from);
        const gone = endpoints[from % count];
        assert.ok(gone !== undefined);
        const before = subsetOf(endpoints, key, 3);
        const after = subsetOf(
          endpoints.filter((one) => one !== gone),
          key,
          3,
        );
        assert.equal(before.difference(after).size, before.has(gone) ? 1 : 0);
        assert.equal(after.size, 3);
      }),
      { numRuns: 50 },
    );
  });

  test('a failed try stays in the subset as long as it can, and then goes on elsewhere', () => {
    const endpoints = endpointStates(10);
    const balancer = selective(endpoints, 1, { subsetSize: 3 });
    const subset = subsetOf(endpoints, 'some key', 3);
    const tried: EndpointState[] = [];
    for (let attempt = 0; attempt < 10; attempt += 1) {
      const picked = balancer.pick('some key', tried) ?? assert.fail();
      assert.ok(!tried.includes(picked));
      if (attempt < 3) assert.ok(subset.has(picked));
      tried.push(picked);
    }
  });
});

suite('bounded loads', () => {
  test('no endpoint holds more than the bound times the mean, whatever the keys', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 30 }),
        fc.constantFrom(1.1, 1.25, 2),
        fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 300 }),
        (count, boundedLoad, hot) => {
          const endpoints = endpointStates(count);
          const balancer = selective(endpoints, 1, { boundedLoad });
          hot.forEach((key, at) => {
            const picked = balancer.pick(`${key}`, []) ?? assert.fail();
            picked.inFlight += 1;
            const most = Math.ceil((boundedLoad * (at + 1)) / count);
            assert.ok(picked.inFlight <= most, `${picked.inFlight} in flight, ${most} are allowed`);
          });
        },
      ),
    );
  });

  test('a key stays where it belongs while its endpoint has room, and comes back', () => {
    const endpoints = endpointStates(5);
    const unbounded = plain(endpoints);
    const balancer = selective(endpoints, 1, { boundedLoad: 1.25 });
    const home = unbounded.pick('key', []) ?? assert.fail();
    assert.equal(balancer.pick('key', []), home);
    home.inFlight = 2;
    assert.equal(balancer.pick('key', []), unbounded.pick('key', [home]));
    home.inFlight = 0;
    assert.equal(balancer.pick('key', []), home);
  });

  test('when all were tried, one is picked all the same', () => {
    const endpoints = endpointStates(3);
    const balancer = selective(endpoints, 1, { boundedLoad: 1.25, subsetSize: 2 });
    for (const one of endpoints) one.inFlight = 9;
    assert.ok(endpoints.includes(balancer.pick('key', endpoints) ?? assert.fail()));
  });
});
