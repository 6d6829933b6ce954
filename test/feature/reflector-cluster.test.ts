import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';

import { ObjectStore } from '../../src/control/objects/object-store.ts';
import { openClusterAccess } from '../../src/control/sources/cluster/kubeconfig.ts';
import type { ReflectorTimings } from '../../src/control/sources/cluster/reflector-options.ts';
import { systemClock } from '../../src/lib/clock.ts';
import type { Settings } from '../../src/settings/settings.ts';
import type { ClusterHarness } from '../support/fake-api/cluster-harness.ts';
import { clusterSource } from '../support/fake-api/cluster-harness.ts';
import type { FakeApiOptions } from '../support/fake-api/fake-api.ts';
import { FakeApi, sendStatus } from '../support/fake-api/fake-api.ts';
import { clientOf, service } from '../support/fake-api/reflector-harness.ts';
import { rightsOfFairway } from '../support/fake-api/rights.ts';
import { selfSigned } from '../support/self-signed.ts';
import { until } from '../support/until.ts';
import { waitForStore } from '../support/wait-for.ts';

/** The cluster source as a whole: which list-watches there are, what they bring, and what is said when they cannot. */

const ingresses = 'networking.k8s.io/ingresses';
const classes = 'networking.k8s.io/ingressclasses';
const slices = 'discovery.k8s.io/endpointslices';

interface Run extends ClusterHarness {
  readonly api: FakeApi;
  readonly store: ObjectStore;
  readonly names: (kind: Parameters<ObjectStore['list']>[0]) => string[];
}

async function apiFor(t: TestContext, options: FakeApiOptions = {}): Promise<FakeApi> {
  const api = await new FakeApi(options).start();
  t.after(() => api.stop());
  return api;
}

function start(
  t: TestContext,
  api: FakeApi,
  settings: Partial<Settings> = {},
  timings: Partial<ReflectorTimings> = {},
): Run {
  const harness = clusterSource(api, settings, timings);
  const store = new ObjectStore();
  const stop = new AbortController();
  const running = harness.source.run(store, stop.signal);
  t.after(async () => {
    stop.abort();
    await running;
  });
  const names: Run['names'] = (kind) => store.list(kind).map(({ namespace, name }) => `${namespace}/${name}`);
  return { ...harness, api, store, names };
}

async function synced(run: Run): Promise<void> {
  await waitForStore(run.store, 'the first complete set', () => run.store.isSynced);
}

function ingress(name: string, namespace = 'shop') {
  return { metadata: { name, namespace }, spec: { rules: [{ host: `${name}.example.com` }] } };
}

function slice(name: string, service: string, namespace = 'shop') {
  return {
    metadata: { name, namespace, labels: { 'kubernetes.io/service-name': service } },
    addressType: 'IPv4',
    endpoints: [{ addresses: ['10.1.0.1'] }],
    ports: [{ port: 80 }],
  };
}

function pod(name: string, phase = 'Running', namespace = 'shop') {
  const containers = [{ name: 'web', readinessProbe: { httpGet: { path: '/', port: 80 } } }];
  return { metadata: { name, namespace }, spec: { containers }, status: { phase, podIP: '10.1.0.1' } };
}

function requested(api: FakeApi): string[] {
  const scopes = api.requests
    .filter(({ verb }) => verb === 'watch' || verb === 'list')
    .filter(({ resource }) => resource !== '')
    .map(({ resource, namespace, query }) => {
      const fields = query.get('fieldSelector');
      const labels = query.get('labelSelector');
      return [resource, namespace, fields, labels]
        .map((part) => part ?? '')
        .join(' ')
        .trim();
    });
  return [...new Set(scopes)].sort();
}

test('without settings, one list-watch per kind over all namespaces', async (t) => {
  const run = start(t, await apiFor(t));
  await synced(run);
  assert.deepEqual(requested(run.api), [
    'endpointslices',
    'ingressclasses',
    'ingresses',
    'pods  status.phase=Running',
    'secrets  type=kubernetes.io/tls',
    'services',
  ]);
});

test('namespaces, secret namespaces and what the settings name elsewhere', async (t) => {
  const api = await apiFor(t);
  api.set('services', service('front', 80, 'fairway'));
  api.set('services', service('other', 80, 'fairway'));
  api.set('services', service('fallback', 80, 'errors'));
  api.set(slices, slice('fallback-1', 'fallback', 'errors'));
  api.set(slices, slice('stranger-1', 'stranger', 'errors'));
  api.set('services', service('cart', 80, 'shop'));
  api.set('services', service('hidden', 80, 'private'));
  api.set('configmaps', { metadata: { name: 'fairway', namespace: 'fairway' }, data: { a: 'b' } });
  api.set('configmaps', { metadata: { name: 'other', namespace: 'fairway' } });
  const run = start(t, api, {
    watchNamespaces: ['shop', 'blog'],
    secretNamespaces: ['certificates'],
    publishService: 'fairway/front',
    defaultBackendService: 'errors/fallback',
    defaultSslCertificate: 'fairway/default-tls',
    configMap: 'fairway/fairway',
    healthChecks: 'off',
  });
  await synced(run);
  assert.deepEqual(requested(api), [
    'configmaps fairway metadata.name=fairway',
    'endpointslices blog',
    'endpointslices errors  kubernetes.io/service-name=fallback',
    'endpointslices shop',
    'ingressclasses',
    'ingresses blog',
    'ingresses shop',
    'secrets certificates type=kubernetes.io/tls',
    'secrets fairway metadata.name=default-tls,type=kubernetes.io/tls',
    'services blog',
    'services errors metadata.name=fallback',
    'services fairway metadata.name=front',
    'services shop',
  ]);
  assert.deepEqual(run.names('Service'), ['errors/fallback', 'fairway/front', 'shop/cart']);
  assert.deepEqual(run.names('EndpointSlice'), ['errors/fallback-1']);
  assert.deepEqual(run.names('ConfigMap'), ['fairway/fairway']);
  api.set('services', service('late', 80, 'blog'));
  await waitForStore(run.store, 'a change in the second namespace', () => run.names('Service').includes('blog/late'));
});

test('a namespace counts while its labels match', async (t) => {
  const api = await apiFor(t);
  api.set('namespaces', { metadata: { name: 'shop', labels: { team: 'shop' } } });
  api.set('namespaces', { metadata: { name: 'blog', labels: { team: 'blog' } } });
  api.set(ingresses, ingress('a', 'shop'));
  api.set(ingresses, ingress('b', 'blog'));
  api.set(ingresses, { ...ingress('bad', 'blog'), spec: 'no' });
  api.set(classes, { metadata: { name: 'fairway' }, spec: { controller: 'x/y' } });
  api.set('services', service('front', 80, 'fairway'));
  api.set('services', service('other', 80, 'fairway'));
  const run = start(t, api, { watchNamespaceSelector: 'team=shop', publishService: 'fairway/front' });
  await synced(run);
  assert.deepEqual(run.names('Ingress'), ['shop/a']);
  assert.deepEqual(run.names('Service'), ['fairway/front']);
  assert.deepEqual(run.names('IngressClass'), ['/fairway']);
  assert.deepEqual(run.store.diagnostics(), []);

  api.set('namespaces', { metadata: { name: 'blog', labels: { team: 'shop' } } });
  await waitForStore(run.store, 'the second namespace', () => run.names('Ingress').length === 2);
  await waitForStore(run.store, 'its diagnostics', () => run.store.diagnostics().length === 1);
  api.set(ingresses, ingress('late', 'blog'));
  await waitForStore(run.store, 'a change in it', () => run.names('Ingress').includes('blog/late'));

  api.set('namespaces', { metadata: { name: 'blog' } });
  await waitForStore(run.store, 'the end of the second namespace', () => run.names('Ingress').length === 1);
  assert.deepEqual(run.store.diagnostics(), []);
  api.delete('namespaces', '', 'shop');
  await waitForStore(run.store, 'the end of the first', () => run.names('Ingress').length === 0);
  assert.deepEqual(run.names('Service'), ['fairway/front']);
});

test('a cluster without EndpointSlices is read by its Endpoints', async (t) => {
  const api = await apiFor(t, { endpointSlices: false });
  api.set('endpoints', {
    metadata: { name: 'cart', namespace: 'shop' },
    subsets: [{ addresses: [{ ip: '10.1.0.1' }], ports: [{ port: 80 }] }],
  });
  const run = start(t, api);
  await synced(run);
  assert.deepEqual(run.names('Endpoints'), ['shop/cart']);
  assert.equal(api.count('watch', 'endpointslices'), 0);
});

test('pods that do not run are not told to us', async (t) => {
  const api = await apiFor(t);
  api.set('pods', pod('web'));
  api.set('pods', pod('job', 'Succeeded'));
  api.set('pods', pod('starting', 'Pending'));
  const run = start(t, api);
  await synced(run);
  assert.deepEqual(run.names('Pod'), ['shop/web']);
  api.set('pods', pod('starting'));
  await waitForStore(run.store, 'the pod that runs now', () => run.names('Pod').includes('shop/starting'));
  api.set('pods', pod('web', 'Failed'));
  await waitForStore(run.store, 'the end of the pod', () => !run.names('Pod').includes('shop/web'));
});

test('everything works with exactly the rights of the chart', async (t) => {
  const rights = rightsOfFairway('fairway', 'leader', ['fairway']);
  const api = await apiFor(t, { rights });
  api.set('configmaps', { metadata: { name: 'fairway', namespace: 'fairway' }, data: {} });
  api.set(ingresses, ingress('a'));
  const run = start(
    t,
    api,
    { configMap: 'fairway/fairway', watchNamespaceSelector: 'team=shop', publishService: 'fairway/front' },
    { selfCheckMs: 60 },
  );
  await synced(run);
  await until(() => api.requests.filter(({ accept }) => accept.includes('Partial')).length >= 8 || undefined);
  api.store.compact();
  for (const watch of api.openWatches()) watch.error(410, 'Expired');
  const before = api.requests.length;
  await until(() => api.requests.length >= before + 8 || undefined);
  assert.deepEqual(api.forbidden, []);
});

test('a forbidden list says which right is missing, once, and goes on when it is granted', async (t) => {
  const all = rightsOfFairway('fairway', 'leader');
  const api = await apiFor(t, { rights: all.filter(({ resource }) => resource !== 'secrets') });
  const run = start(t, api);
  await until(() => api.forbidden.length >= 4 || undefined);
  await until(() => run.source.waitingFor().length === 1 || undefined);
  assert.deepEqual(run.source.waitingFor(), [
    'waiting for secrets in all namespaces: the API server forbids list and watch on secrets in all namespaces (403). ' +
      'Add to the ClusterRole of Fairway: apiGroups: [""], resources: ["secrets"], verbs: ["list", "watch"]',
  ]);
  assert.equal(run.log.with({ level: 'warn', status: 403 }).length, 1);
  api.rights = all;
  await synced(run);
  assert.deepEqual(run.source.waitingFor(), []);
  assert.equal(run.log.all.filter(({ message }) => String(message).startsWith('over: ')).length, 1);
});

test('a right that is taken away leaves what is known, and is said once', async (t) => {
  const api = await apiFor(t, { rights: rightsOfFairway('fairway', 'leader') });
  api.set(ingresses, ingress('a'));
  const run = start(t, api, {}, { silenceMs: 60_000 });
  await synced(run);
  api.rights = [];
  for (const watch of api.openWatches(ingresses)) watch.reset();
  await until(() => api.forbidden.length >= 4 || undefined);
  assert.deepEqual(run.names('Ingress'), ['shop/a']);
  assert.equal(run.log.with({ level: 'warn', status: 403 }).length, 1);
  assert.deepEqual(run.source.waitingFor(), []);
});

test('a watch that is cut and resumed at once is not worth a word', async (t) => {
  const api = await apiFor(t);
  const run = start(t, api);
  await synced(run);
  for (const watch of api.openWatches()) watch.reset();
  api.set('services', service('after'));
  await waitForStore(run.store, 'what came after the cut', () => run.names('Service').includes('shop/after'));
  assert.deepEqual(run.log.all, []);
});

test('an API server that cannot be reached is one message for all kinds', async (t) => {
  const api = await apiFor(t);
  await api.stop();
  const run = start(t, api);
  await until(() => run.log.with({ level: 'warn' }).length > 0 || undefined);
  const [message = ''] = run.source.waitingFor();
  assert.match(message, /the API server http:\/\/127\.0\.0\.1:\d+ cannot be reached: .*ECONNREFUSED/);
  await api.start();
  await synced(run);
  assert.equal(run.log.with({ level: 'warn' }).length, 1);

  await api.stop();
  await until(() => run.log.with({ level: 'warn' }).length > 1 || undefined);
  // All six watches are in trouble now; whatever words the system finds for it, they are few.
  const causes = run.log.with({ level: 'warn' }).map(({ error }) => error);
  assert.ok(causes.length <= 4, causes.join());
  await api.start();
  api.set('services', service('after'));
  await waitForStore(run.store, 'what came after the outage', () => run.names('Service').includes('shop/after'));
});

test('an object that can no longer be read stays as it was, with a diagnostic', async (t) => {
  const api = await apiFor(t);
  api.set(ingresses, ingress('a'));
  const run = start(t, api);
  await synced(run);
  api.set(ingresses, { ...ingress('a'), spec: ['not', 'an', 'object'] });
  await waitForStore(run.store, 'the diagnostic', () => run.store.diagnostics().length > 0);
  assert.equal(run.store.get('Ingress', 'shop', 'a')?.rules[0]?.host, 'a.example.com');
  api.delete(ingresses, 'shop', 'a');
  await waitForStore(run.store, 'its end', () => run.names('Ingress').length === 0);
  assert.deepEqual(run.store.diagnostics(), []);
});

test('a second object of the same name begins anew', async (t) => {
  const api = await apiFor(t);
  api.set(ingresses, ingress('a'));
  const run = start(t, api);
  await synced(run);
  for (const watch of api.openWatches(ingresses)) watch.freeze();
  api.delete(ingresses, 'shop', 'a');
  api.set(ingresses, { ...ingress('a'), spec: 7 });
  api.store.compact();
  for (const watch of api.openWatches(ingresses)) watch.reset();
  // The last good state of the first object says nothing about the second.
  await waitForStore(run.store, 'the end of the first object', () => run.names('Ingress').length === 0);
});

test('after an outage every kind is listed at most once', async (t) => {
  const api = await apiFor(t);
  api.set('services', service('a'));
  const run = start(t, api);
  await synced(run);
  await api.stop();
  await until(() => run.log.with({ level: 'warn' }).length > 0 || undefined);
  api.store.compact();
  api.set('services', service('b'));
  const before = api.requests.length;
  await api.start();
  await waitForStore(run.store, 'what changed in the outage', () => run.names('Service').includes('shop/b'));
  const later = api.requests.slice(before).filter(({ query }) => query.get('sendInitialEvents') === 'true');
  assert.ok(later.length <= 6, `${later.length} lists`);
});

test('TLS: an authority that does not fit is said as such', async (t) => {
  const right = selfSigned('fake-api');
  const wrong = selfSigned('fake-api');
  const api = await apiFor(t, { tls: right });
  const folder = mkdtempSync(join(tmpdir(), 'fairway-tls-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'config');
  writeFileSync(join(folder, 'ca.crt'), wrong.cert);
  writeFileSync(file, kubeconfig(api.url, 'ca.crt'));
  const access = openClusterAccess({ kubeconfig: file, apiserverHost: '' }, systemClock, {});
  const client = clientOf(api, { access });
  t.after(() => client.close());
  const request = { method: 'GET', path: '/api/v1/services', signal: AbortSignal.timeout(5_000) } as const;
  await assert.rejects(client.page(request), { reason: 'DEPTH_ZERO_SELF_SIGNED_CERT' });
  // The authority is rotated: the next look at the file makes new connections.
  writeFileSync(join(folder, 'ca.crt'), right.cert);
  access.expire();
  assert.ok((await client.page(request)).value);
});

test('a server that answers something else than an API server is said as such', async (t) => {
  const api = await apiFor(t, { streamedLists: 'refused' });
  api.inject({ verb: 'list', when: ({ resource }) => resource !== '', act: (response) => response.end('<html>') });
  const run = start(t, api);
  await until(() => run.log.with({ level: 'warn' }).length > 0 || undefined);
  assert.match(run.source.waitingFor().join(), /the answer of http:.* cannot be used: the answer is not JSON/);
  api.heal();
  await synced(run);
});

test('a selector that the server refuses names the setting', async (t) => {
  const api = await apiFor(t);
  api.inject({
    resource: 'namespaces',
    act: (response) => sendStatus(response, 400, 'BadRequest', 'unable to parse requirement'),
  });
  const run = start(t, api, { watchNamespaceSelector: '!!' });
  await until(() => run.source.waitingFor().some((text) => text.includes('--watch-namespace-selector')) || undefined);
});

function kubeconfig(server: string, ca: string): string {
  return JSON.stringify({
    'current-context': 'c',
    clusters: [{ name: 'k', cluster: { server, 'certificate-authority': ca, 'tls-server-name': 'fake-api' } }],
    users: [{ name: 'u', user: { token: 'secret' } }],
    contexts: [{ name: 'c', context: { cluster: 'k', user: 'u' } }],
  });
}
