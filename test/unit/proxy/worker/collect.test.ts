import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Engine } from '../../../../src/proxy/engines/engine.ts';
import { collector } from '../../../../src/proxy/worker/collect.ts';
import { createCounters } from '../../../../src/telemetry/counters.ts';
import { endpoint, upstreamOf } from '../../../support/endpoints.ts';
import { forwardRoute, runtimeFixture, snapshotOf, virtualHost } from '../../../support/proxy.ts';

const engine: Engine = {
  name: 'native',
  apply: () => undefined,
  health: () => undefined,
  listen: () => () => undefined,
  lameduck: () => undefined,
  drain: () => Promise.resolve(0),
  report: () => undefined,
};

test('series of Ingresses and Services that are gone go with the snapshot that has them no more', () => {
  const counters = createCounters({ timeBuckets: [], lengthBuckets: [], sizeBuckets: [] });
  const served = snapshotOf([virtualHost('h', forwardRoute('/'))], [upstreamOf([endpoint(1)])]);
  const { runtime, serve } = runtimeFixture(served, { counters });
  const collect = collector({ counters, engine, runtime, droppedLines: () => 0 });
  counters.series('fairway_requests_waiting', ['shop', 'cart', '80', 'queue']).set(3);
  counters.series('fairway_requests_waiting', ['shop', 'gone', '80', 'queue']).set(4);
  counters.series('fairway_mirrored_requests_total', ['shop', 'cart', 'sent']).add(1);
  const labels = (): readonly string[] =>
    collect()
      .filter(({ metric }) => metric === 'fairway_requests_waiting' || metric === 'fairway_mirrored_requests_total')
      .map((sample) => sample.labels.join('/'));
  assert.deepEqual(labels(), ['shop/cart/80/queue', 'shop/cart/sent']);
  serve(snapshotOf([], []));
  assert.deepEqual(labels(), []);
});
