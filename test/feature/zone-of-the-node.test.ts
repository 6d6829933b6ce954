import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Snapshot } from '../../src/model/snapshot.ts';
import { emptySnapshot } from '../../src/model/snapshot.ts';
import { applyUpdate } from '../../src/model/update.ts';
import { startControlProcess } from '../support/control-process.ts';
import { FakeApi } from '../support/fake-api/fake-api.ts';
import { rightsOfFairway } from '../support/fake-api/rights.ts';
import { ingress, service } from '../support/manifests.ts';
import { until } from '../support/until.ts';

const objects = [
  ...service('web', [
    { port: 8080, address: '10.1.0.1', zone: 'east', zoneHints: ['east'] },
    { port: 8080, address: '10.1.0.2', zone: 'west', zoneHints: ['west'] },
  ]),
  ingress(),
];

test('the control process reads the zone of its node, and endpoints hinted for it come first', async (t) => {
  const api = await new FakeApi({ rights: rightsOfFairway('fairway', 'leader') }).start();
  api.set('nodes', { metadata: { name: 'n1', labels: { 'topology.kubernetes.io/zone': 'west' } } });
  let snapshot: Snapshot = emptySnapshot;
  startControlProcess(t, api, {
    objects,
    allowLoopback: false,
    settings: { nodeName: 'n1' },
    send: (message) => {
      if (message.kind === 'update') snapshot = applyUpdate(snapshot, message.update);
    },
  });
  const near = await until(() => {
    const endpoints = [...snapshot.upstreams.values()].flatMap((upstream) => upstream.endpoints);
    const found = endpoints.filter((endpoint) => endpoint.near === true);
    return found.length > 0 ? found.map(({ address }) => address) : undefined;
  });
  assert.deepEqual(near, ['10.1.0.2']);
});
