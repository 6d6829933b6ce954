import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { test } from 'node:test';

import { startControlProcess } from '../support/control-process.ts';
import { FakeApi } from '../support/fake-api/fake-api.ts';
import { rightsOfFairway } from '../support/fake-api/rights.ts';
import { ingress, pod, service } from '../support/manifests.ts';
import type { NamedBackend } from '../support/named-backend.ts';
import { startBackend } from '../support/named-backend.ts';
import { until } from '../support/until.ts';

/** The control process with real checks of real servers, and Events in a made-up API server. */
async function startControl(t: TestContext, objects: readonly object[]): Promise<FakeApi> {
  const api = await new FakeApi({ rights: rightsOfFairway('fairway', 'leader') }).start();
  startControlProcess(t, api, { objects, allowLoopback: true });
  return api;
}

/** `reason type count`, of the Events about the Ingress. */
function eventsOf(api: FakeApi): string[] {
  return api.store
    .list('events.k8s.io/events')
    .map((event) => {
      const series = event['series'] as { readonly count: number } | undefined;
      return `${String(event['reason'])} ${String(event['type'])} ${series?.count ?? 1}`;
    })
    .toSorted();
}

async function eventsBecome(api: FakeApi, expected: readonly string[]): Promise<void> {
  await until(() => (eventsOf(api).join() === expected.join() ? true : undefined)).catch(() =>
    assert.deepEqual(eventsOf(api), expected),
  );
}

function answer(backends: readonly NamedBackend[], status: number): void {
  for (const backend of backends) backend.healthStatus = status;
}

test('a pool of which every endpoint fails gets an Event, one when it is back, and no more when it goes on and off', async (t) => {
  const backends = await Promise.all(['a', 'b'].map((name) => startBackend(t, name)));
  const api = await startControl(t, [
    ...service(
      'web',
      backends.map(({ name, port }) => ({ port, pod: name })),
    ),
    ...backends.map(({ name, port }) => pod(name, port, { failureThreshold: 1 })),
    ingress(),
  ]);
  answer(backends, 503);
  await eventsBecome(api, ['AllChecksFail Warning 1']);
  answer(backends, 200);
  await eventsBecome(api, ['AllChecksFail Warning 1', 'ChecksPassAgain Normal 1']);
  answer(backends, 503);
  await eventsBecome(api, ['AllChecksFail Warning 2', 'ChecksPassAgain Normal 1']);
  answer(backends, 200);
  await eventsBecome(api, ['AllChecksFail Warning 2', 'ChecksPassAgain Normal 2']);
  for (const event of api.store.list('events.k8s.io/events')) {
    assert.equal((event['regarding'] as { readonly name: string }).name, 'web');
    assert.match(String(event['note']), /shop\/web:80/);
  }
});
