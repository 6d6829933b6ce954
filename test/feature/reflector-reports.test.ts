import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';

import type { Compilation } from '../../src/control/compile/compilation.ts';
import { openReports } from '../../src/control/status/cluster-reports.ts';
import type { ClusterReports } from '../../src/control/status/cluster-reports.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { createLogger } from '../../src/lib/logger.ts';
import { emptySnapshot } from '../../src/model/snapshot.ts';
import type { Settings } from '../../src/settings/settings.ts';
import { createCounters } from '../../src/telemetry/counters.ts';
import { settingsWith } from '../support/fake-api/cluster-harness.ts';
import { FakeApi } from '../support/fake-api/fake-api.ts';
import { clientOf } from '../support/fake-api/reflector-harness.ts';
import { rightsOfFairway } from '../support/fake-api/rights.ts';
import { settled } from '../support/fake-api/settled.ts';
import { LogLines } from '../support/log-lines.ts';
import { until } from '../support/until.ts';

/** Election, status, Events and the node's address together, with exactly the rights of the chart. */

const ingresses = 'networking.k8s.io/ingresses';
const own = { namespace: 'fairway', podName: 'pod-a', electionId: 'leader' };
const noUids = { get: () => undefined };

const compilation: Compilation = {
  snapshot: emptySnapshot,
  diagnostics: [
    {
      code: 'backend-not-found',
      severity: 'error',
      object: { kind: 'Ingress', namespace: 'shop', name: 'a' },
      field: '',
      what: 'the path / is not served',
      why: 'there is no Service',
      fix: 'Create it.',
    },
  ],
  statuses: [
    { ingress: { kind: 'Ingress', namespace: 'shop', name: 'a' }, current: [], wanted: [{ ip: '192.0.2.1' }] },
  ],
  healthChecks: new Map(),
  ingresses: [],
  orphans: [],
};

interface Run {
  readonly api: FakeApi;
  readonly reports: ClusterReports;
  readonly log: LogLines;
}

async function setup(t: TestContext, settings: Partial<Settings> = {}): Promise<Run> {
  const api = await new FakeApi({ rights: rightsOfFairway('fairway', 'leader') }).start();
  api.set(ingresses, { metadata: { name: 'a', namespace: 'shop' }, spec: {} });
  const log = new LogLines();
  const tools = {
    settings: settingsWith({ ...own, ...settings }),
    clock: systemClock,
    log: createLogger({ process: 'test', level: 'debug', destination: log }),
    counters: createCounters({ timeBuckets: [1], lengthBuckets: [1], sizeBuckets: [1] }),
  };
  const reports = openReports(tools, () => clientOf(api));
  t.after(async () => {
    await reports.stop();
    await api.stop();
    assert.deepEqual(api.forbidden, []);
  });
  return { api, reports, log };
}

function statusOf(api: FakeApi): unknown {
  return api.store.get(ingresses, 'shop', 'a')?.['status'];
}

test('the leader writes status and Events, and gives the Lease back at the end', async (t) => {
  const { api, reports } = await setup(t);
  reports.start(() => {});
  reports.update(compilation, noUids);
  await until(() => statusOf(api));
  await until(() => api.store.list('events.k8s.io/events')[0]);
  assert.deepEqual(statusOf(api), { loadBalancer: { ingress: [{ ip: '192.0.2.1' }] } });
  const { isLeader, lease, holder } = reports.leadership();
  assert.deepEqual([isLeader, lease], [true, 'fairway/leader']);
  assert.match(holder, /^pod-a_/);
  await reports.stop();
  const released = api.store.get('coordination.k8s.io/leases', 'fairway', 'leader')?.['spec'];
  assert.equal((released as { holderIdentity: string }).holderIdentity, '');
  assert.equal(reports.leadership().isLeader, false);
  const before = api.requests.length;
  reports.update({ ...compilation, diagnostics: [] }, noUids);
  await settled(api);
  assert.equal(api.requests.length, before);
});

test('with neither status nor Events nothing is asked and no Lease is taken', async (t) => {
  const { api, reports } = await setup(t, { updateStatus: false, events: false });
  reports.start(() => {});
  reports.update(compilation, noUids);
  await settled(api);
  assert.deepEqual(api.requests, []);
  assert.deepEqual(reports.leadership(), { isLeader: false, lease: '', holder: '' });
});

test('without an election this replica leads at once', async (t) => {
  const { api, reports } = await setup(t, { disableLeaderElection: true, events: false });
  reports.start(() => {});
  reports.update(compilation, noUids);
  await until(() => statusOf(api));
  assert.deepEqual(reports.leadership(), { isLeader: true, lease: '', holder: 'pod-a' });
  assert.equal(api.store.list('coordination.k8s.io/leases').length, 0);
  assert.equal(api.store.list('events.k8s.io/events').length, 0);
});

test('the address of the own node is asked for when nothing better is said', async (t) => {
  const settings = { reportNodeAddress: 'external', nodeName: 'n1', disableLeaderElection: true } as const;
  const { api, reports } = await setup(t, settings);
  api.set('nodes', {
    metadata: { name: 'n1' },
    status: { addresses: [{ type: 'ExternalIP', address: '192.0.2.7' }] },
  });
  await new Promise<void>((resolve) => reports.start(resolve));
  assert.deepEqual(reports.nodeAddresses(), ['192.0.2.7']);
  assert.equal(reports.zone(), '');
});

test('the zone is that of the own node, unless the settings say it', async (t) => {
  const silent = { nodeName: 'n1', updateStatus: false, events: false } as const;
  const node = { metadata: { name: 'n1', labels: { 'topology.kubernetes.io/zone': 'east' } } };
  const { api, reports } = await setup(t, silent);
  api.set('nodes', node);
  await new Promise<void>((resolve) => reports.start(resolve));
  assert.equal(reports.zone(), 'east');
  const said = await setup(t, { ...silent, zone: 'west' });
  said.api.set('nodes', node);
  said.reports.start(() => {});
  await settled(said.api);
  assert.equal(said.api.count('get', 'nodes'), 0);
});

test('a published Service makes the address of the node needless; an unknown node is said', async (t) => {
  const better = await setup(t, {
    reportNodeAddress: 'internal',
    nodeName: 'n1',
    publishService: 'fairway/front',
    zone: '',
  });
  better.reports.start(() => {});
  await settled(better.api);
  assert.equal(better.api.count('get', 'nodes'), 0);
  const unknown = await setup(t, { reportNodeAddress: 'internal' });
  unknown.reports.start(() => {});
  assert.match(String(unknown.log.with({ level: 'warn' })[0]?.['message']), /Set --node-name or NODE_NAME/);
});
