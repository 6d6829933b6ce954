import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { test } from 'node:test';

import { Controller } from '../../../src/control/controller.ts';
import type { ObjectSink } from '../../../src/control/objects/object-store.ts';
import type { ClusterReports } from '../../../src/control/status/cluster-reports.ts';
import { systemClock } from '../../../src/lib/clock.ts';
import { createLogger } from '../../../src/lib/logger.ts';
import type { FromControl } from '../../../src/model/messages.ts';
import { emptySnapshot } from '../../../src/model/snapshot.ts';
import { createCounters } from '../../../src/telemetry/counters.ts';
import { decode } from '../../support/decoding.ts';
import { settingsWith } from '../../support/fake-api/cluster-harness.ts';
import { LogLines } from '../../support/log-lines.ts';
import { ingress, service } from '../../support/manifests.ts';
import { until } from '../../support/until.ts';

/** A controller whose source and reports do what the test says. */
function start(t: TestContext): { readonly sink: ObjectSink; readonly news: () => void; readonly sent: FromControl[] } {
  const sent: FromControl[] = [];
  let sink: ObjectSink | undefined;
  let news: (() => void) | undefined;
  const reports: ClusterReports = {
    start: (changed) => (news = changed),
    update: () => undefined,
    leadership: () => ({ isLeader: false, lease: '', holder: '' }),
    nodeAddresses: () => [],
    zone: () => 'zone-a',
    stop: () => Promise.resolve(),
  };
  const controller = new Controller({
    settings: settingsWith({ watchIngressWithoutClass: true }),
    snapshot: emptySnapshot,
    unhealthy: new Map(),
    clock: systemClock,
    log: createLogger({ process: 'test', level: 'debug', destination: new LogLines() }),
    counters: createCounters({ timeBuckets: [1], lengthBuckets: [1], sizeBuckets: [1] }),
    source: {
      name: 'cluster',
      run: (given) => {
        sink = given;
        return new Promise<never>(() => undefined);
      },
      waitingFor: () => ['ingresses'],
    },
    reports,
    send: (message) => sent.push(message),
  });
  void controller.run();
  t.after(() => controller.health.stop());
  assert.ok(sink !== undefined && news !== undefined);
  return { sink, news, sent };
}

test('nothing is published before all objects are there, whatever else is new', async (t) => {
  const { sink, news, sent } = start(t);
  for (const object of service('web', [{ port: 80, address: '10.0.0.1' }])) {
    const decoded = decode(object, { defaultNamespace: 'shop' });
    assert.ok(decoded.outcome === 'object');
    sink.upsert(decoded.object);
  }
  // The zone of the node is known before the Ingresses are.
  news();
  await new Promise((resolve) => setTimeout(resolve, 500));
  assert.equal(sent.length, 0);
  const decoded = decode(ingress(), { defaultNamespace: 'shop' });
  assert.ok(decoded.outcome === 'object');
  sink.upsert(decoded.object);
  sink.synced();
  await until(() => sent.at(0));
  const hosts = sent.map((message) => (message.kind === 'update' ? [...message.update.virtualHosts.set.keys()] : []));
  assert.deepEqual(hosts[0], ['example.test']);
});
