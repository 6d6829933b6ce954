import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import type { CookieAffinity } from '../../src/model/policy.ts';
import type { Endpoint } from '../../src/model/upstream.ts';
import { makeBalancer } from '../../src/proxy/balancing/make-balancer.ts';
import { sessionsOf } from '../../src/proxy/filters/sessions.ts';
import { UpstreamSet } from '../../src/proxy/upstreams/upstream-set.ts';
import type { UpstreamState } from '../../src/proxy/upstreams/upstream-state.ts';
import { endpoint, seededRandom, upstreamOf } from '../support/endpoints.ts';
import { exchangeOf, testEnvironment } from '../support/proxy.ts';
import { stillParts } from '../support/upstream-set-parts.ts';

const policy: CookieAffinity = {
  mode: 'balanced',
  cookieName: 'route',
  path: '/',
  conditionalSameSiteNone: false,
  secure: 'https',
  changeOnFailure: false,
  whileDraining: 'move',
  upstreamHash: 'hash',
};
const sessionsMade = 2000;

interface Replica {
  readonly keys: readonly string[];
  /** Ids of the endpoints of all sessions; empty where one must begin anew. */
  homes(): readonly string[];
  serve(endpoints: readonly Endpoint[]): void;
}

/** One worker with sessions that began at these endpoints. */
function replicaOf(mode: CookieAffinity['mode'], endpoints: readonly Endpoint[], seed: number): Replica {
  const random = seededRandom(seed);
  const set = new UpstreamSet({
    ...stillParts(),
    makePicker: (upstream, states, previous) => makeBalancer({ random, now: () => 0 }, upstream, states, previous),
    onChecksIgnored: () => undefined,
  });
  const serve = (now: readonly Endpoint[]): UpstreamState => {
    const upstream = upstreamOf(now);
    set.prepare({ set: new Map([[upstream.id, upstream]]), removed: [] })();
    return set.get(upstream.id) ?? assert.fail();
  };
  const upstream = serve(endpoints);
  const sessions = sessionsOf({ ...policy, mode }, testEnvironment({ random }));
  const begin = (): string => sessions.begin(exchangeOf({}), upstream)?.key ?? assert.fail();
  const keys = Array.from({ length: sessionsMade }, begin);
  return { keys, serve, homes: () => keys.map((key) => sessions.find(key, upstream)?.endpoint.id ?? '') };
}

const pools = { count: fc.integer({ min: 2, max: 30 }), from: fc.nat(60_000), seed: fc.nat() };

test('balanced: an endpoint that joins or leaves moves about its share of the sessions, and no other', () => {
  fc.assert(
    fc.property(pools.count, pools.from, pools.seed, (count, from, seed) => {
      const all = Array.from({ length: count }, (_, at) => endpoint(from + at));
      const one = all[seed % count] ?? assert.fail();
      const replica = replicaOf('balanced', all, seed);
      const before = replica.homes();
      replica.serve(all.filter((other) => other !== one));
      const without = replica.homes();
      const moved = before.filter((home, at) => home !== without[at]);
      assert.deepEqual([...new Set(moved)], [one.id]);
      assert.ok(without.every((home) => home !== '' && home !== one.id));
      const fair = sessionsMade / count;
      assert.ok(Math.abs(moved.length - fair) < 0.25 * fair + 5 * Math.sqrt(fair), `${moved.length}, fair are ${fair}`);
      replica.serve(all);
      assert.deepEqual(replica.homes(), before, 'the same endpoints, the same homes');
    }),
    { numRuns: 30 },
  );
});

test('persistent: only sessions of the endpoint that left begin anew', () => {
  fc.assert(
    fc.property(pools.count, pools.from, pools.seed, (count, from, seed) => {
      const all = Array.from({ length: count }, (_, at) => endpoint(from + at));
      const one = all[seed % count] ?? assert.fail();
      const replica = replicaOf('persistent', all, seed);
      const before = replica.homes();
      const joined = endpoint(from + count);
      replica.serve([...all.filter((other) => other !== one), joined]);
      assert.deepEqual(
        replica.homes(),
        before.map((home) => (home === one.id ? '' : home)),
      );
    }),
    { numRuns: 30 },
  );
});
