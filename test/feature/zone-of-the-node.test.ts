import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Controller } from '../../src/control/controller.ts';
import type { ObjectSource } from '../../src/control/sources/source.ts';
import { openReports } from '../../src/control/status/cluster-reports.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { createLogger } from '../../src/lib/logger.ts';
import type { Snapshot } from '../../src/model/snapshot.ts';
import { emptySnapshot } from '../../src/model/snapshot.ts';
import { applyUpdate } from '../../src/model/update.ts';
import { createCounters } from '../../src/telemetry/counters.ts';
import { decode } from '../support/decoding.ts';
import { settingsWith } from '../support/fake-api/cluster-harness.ts';
import { FakeApi } from '../support/fake-api/fake-api.ts';
import { clientOf } from '../support/fake-api/reflector-harness.ts';
import { rightsOfFairway } from '../support/fake-api/rights.ts';
import { LogLines } from '../support/log-lines.ts';
import { ingress, service, yaml } from '../support/manifests.ts';
import { until } from '../support/until.ts';

const objects = [
  ...service('web', [
    { port: 8080, address: '10.1.0.1', zone: 'east', zoneHints: ['east'] },
    { port: 8080, address: '10.1.0.2', zone: 'west', zoneHints: ['west'] },
  ]),
  ingress(),
];

const source: ObjectSource = {
  name: 'cluster',
  run: async (sink) => {
    for (const object of objects) {
      const decoded = decode(object, { allowLoopback: false, defaultNamespace: 'shop' });
      assert.ok(decoded.outcome === 'object', JSON.stringify(decoded) + yaml(object));
      sink.upsert(decoded.object);
    }
    sink.synced();
    await new Promise<never>(() => {});
  },
  waitingFor: () => [],
};

test('the control process reads the zone of its node, and endpoints hinted for it come first', async (t) => {
  const api = await new FakeApi({ rights: rightsOfFairway('fairway', 'leader') }).start();
  api.set('nodes', { metadata: { name: 'n1', labels: { 'topology.kubernetes.io/zone': 'west' } } });
  const settings = settingsWith({
    namespace: 'fairway',
    nodeName: 'n1',
    podName: 'pod-a',
    electionId: 'leader',
    watchIngressWithoutClass: true,
  });
  const log = createLogger({ process: 'test', level: 'debug', destination: new LogLines() });
  const counters = createCounters({ timeBuckets: [1], lengthBuckets: [1], sizeBuckets: [1] });
  const tools = { settings, clock: systemClock, log, counters };
  let snapshot: Snapshot = emptySnapshot;
  const controller = new Controller({
    ...tools,
    snapshot,
    unhealthy: new Map(),
    source,
    reports: openReports(tools, () => clientOf(api)),
    send: (message) => {
      if (message.kind === 'update') snapshot = applyUpdate(snapshot, message.update);
    },
  });
  void controller.run();
  t.after(async () => {
    controller.health.stop();
    await controller.drain();
    await api.stop();
    assert.deepEqual(api.forbidden, []);
  });
  const near = await until(() => {
    const endpoints = [...snapshot.upstreams.values()].flatMap((upstream) => upstream.endpoints);
    const found = endpoints.filter((endpoint) => endpoint.near === true);
    return found.length > 0 ? found.map(({ address }) => address) : undefined;
  });
  assert.deepEqual(near, ['10.1.0.2']);
});
