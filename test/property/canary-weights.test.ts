import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { chooseCanary } from '../../src/proxy/runtime/choose-upstream.ts';
import { canaryOf, upstreamsOf } from '../support/canaries.ts';
import { seededRandom } from '../support/endpoints.ts';
import { exchangeOf } from '../support/proxy.ts';

const names = ['a', 'b', 'c', 'd'];
const weights = fc.array(
  fc.record({ weight: fc.integer({ min: 0, max: 400 }), weightTotal: fc.integer({ min: 100, max: 1000 }) }),
  { minLength: 1, maxLength: names.length },
);

test('each canary gets its share of the requests, the first ones first when there is too little for all', () => {
  const requests = 4000;
  const upstreams = upstreamsOf(names);
  fc.assert(
    fc.property(weights, fc.integer(), (chosen, seed) => {
      const random = seededRandom(seed);
      const canaries = chosen.map((weight, at) => canaryOf(names[at] ?? '', weight));
      const counts = new Map<string, number>();
      for (let at = 0; at < requests; at += 1) {
        const name = chooseCanary(exchangeOf(), canaries, undefined, upstreams, random)?.source.name ?? 'main';
        counts.set(name, (counts.get(name) ?? 0) + 1);
      }
      let left = 1;
      for (const { weight, weightTotal, source } of canaries) {
        const share = Math.min(left, weight / weightTotal);
        left -= share;
        assertShare(counts.get(source.name) ?? 0, share, requests);
      }
      assertShare(counts.get('main') ?? 0, left, requests);
    }),
    { numRuns: 100 },
  );
});

/** Within six standard deviations, which chance leaves once in half a thousand million. */
function assertShare(count: number, share: number, requests: number): void {
  const expected = share * requests;
  const deviation = Math.sqrt(requests * Math.max(0, share * (1 - share)));
  assert.ok(Math.abs(count - expected) <= 6 * deviation + 1e-6, `${count} of ${requests} for a share of ${share}`);
}
