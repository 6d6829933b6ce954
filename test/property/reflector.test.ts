import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { FakeApi, sendStatus } from '../support/fake-api/fake-api.ts';
import type { OpenWatch } from '../support/fake-api/open-watch.ts';
import type { Harness } from '../support/fake-api/reflector-harness.ts';
import { follow, service } from '../support/fake-api/reflector-harness.ts';

/** One thing that happens to the server, or between it and us. `name` picks one of few objects, so that they collide. */
type Step =
  | { readonly kind: 'set' | 'delete' | 'recreate' | 'duplicate'; readonly name: number }
  | { readonly kind: Trouble };

const troubles = [
  'compact',
  'reset',
  'end',
  'stall',
  'garbage',
  'half-line',
  'error-event',
  'gone-event',
  'nameless',
  'bookmark',
  'busy',
  'forbidden',
  'relist',
  'expire-pages',
  'refuse-streams',
  'wait',
] as const;
type Trouble = (typeof troubles)[number];

const names = fc.integer({ min: 0, max: 5 });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constantFrom('set', 'set', 'delete', 'recreate'), name: names }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('duplicate' as const), name: names }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom(...troubles) }) },
) as fc.Arbitrary<Step>;

function trouble(kind: Trouble, api: FakeApi, watch: OpenWatch | undefined, harness: Harness): void {
  switch (kind) {
    case 'compact':
      return api.store.compact();
    case 'reset':
      return watch?.reset();
    case 'end':
      return watch?.end();
    case 'stall':
      return watch?.freeze();
    case 'garbage':
      return watch?.raw('}{\n');
    case 'half-line':
      return watch?.cut({ type: 'ADDED', object: service('never') });
    case 'error-event':
      return watch?.error(500, 'InternalError');
    case 'gone-event':
      return watch?.error(410, 'Expired');
    case 'nameless':
      return watch?.send({ type: 'ADDED', object: { metadata: {} } });
    case 'bookmark':
      return watch?.bookmark(api.store.version);
    case 'busy':
      return api.inject({ times: 1, act: (response) => sendStatus(response, 503, 'ServiceUnavailable') });
    case 'forbidden':
      return api.inject({ times: 1, act: (response) => sendStatus(response, 403, 'Forbidden') });
    case 'relist':
      return harness.reflector.relist();
    case 'expire-pages':
      return api.expirePages();
    case 'refuse-streams':
      api.streamedLists = 'refused';
      return;
    case 'wait':
      return;
  }
}

function apply(step: Step, api: FakeApi, harness: Harness): void {
  const [watch] = api.openWatches('services');
  if (!('name' in step)) return trouble(step.kind, api, watch, harness);
  const name = `s${step.name}`;
  const known = api.store.get('services', 'shop', name);
  switch (step.kind) {
    case 'set':
      api.set('services', service(name, 1 + (api.store.version % 1000)));
      return;
    case 'delete':
      api.delete('services', 'shop', name);
      return;
    case 'recreate':
      api.delete('services', 'shop', name);
      api.set('services', service(name));
      return;
    case 'duplicate':
      if (known !== undefined) watch?.send({ type: 'MODIFIED', object: known });
      return;
  }
}

/** What the server has, and what we have of it, by name. */
function serverState(api: FakeApi): string[] {
  return api.store
    .list('services')
    .map(({ metadata }) => `${metadata.name} ${metadata.uid} ${metadata.resourceVersion}`);
}

function ourState(harness: Harness): string[] {
  return [...harness.mirror.objects.values()].map((one) => `${one.name} ${one.uid} ${one.resourceVersion}`).sort();
}

test('whatever happens in between, at the end we hold what the server holds', { timeout: 110_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), fc.boolean(), async (steps, streamed) => {
      const api = await new FakeApi({ streamedLists: streamed ? 'served' : 'refused' }).start();
      api.set('services', service('s0'));
      const harness = follow(api, {
        timings: {
          backOff: { firstMs: 2, capMs: 6, resetAfterMs: 50, retryAfterCapMs: 10 },
          silenceMs: 25,
          streamedListSilenceMs: 40,
          confirmDeletionMs: 5,
          pageSize: 2,
          shortWatchMs: 1,
          // Without bookmarks a silent watch of pages is ended by its time alone.
          watchSeconds: [0, 0],
          watchGraceMs: 60,
        },
      });
      try {
        for (const one of steps) {
          apply(one, api, harness);
          // Some of what happens finds us waiting, some in the middle of a request.
          if (one.kind === 'wait' || one.kind === 'stall') await new Promise((done) => setTimeout(done, 8));
          else await new Promise((done) => setImmediate(done));
        }
        api.heal();
        const same = (): boolean => serverState(api).join() === ourState(harness).join();
        await harness.mirror.until(({ isSynced }) => isSynced && same(), 8_000).catch(() => {});
        assert.deepEqual(ourState(harness), serverState(api));
      } finally {
        await harness.stop();
        await api.stop();
      }
    }),
    { numRuns: Number(process.env['FAIRWAY_RUNS'] ?? 150), endOnFailure: false },
  );
});
