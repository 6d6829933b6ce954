import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Compilation } from '../../../../src/control/compile/compilation.ts';
import { compile, createCompiler } from '../../../../src/control/compile/compile.ts';
import { changedItems } from '../../../../src/control/compile/identity.ts';
import type { KubeObject } from '../../../../src/control/objects/kinds.ts';
import { ObjectStore } from '../../../../src/control/objects/object-store.ts';
import { hostPattern, upstreamId } from '../../../../src/model/ids.ts';
import type { Settings } from '../../../../src/settings/settings.ts';
import { defaultSettings } from '../../../../src/settings/table-access.ts';
import { ingress, ownClass, pod, rule, service, slice } from '../../../support/compile-objects.ts';
import { cpuMsOf } from '../../../support/cpu-time.ts';

function storeOf(objects: readonly KubeObject[]): ObjectStore {
  const store = new ObjectStore();
  for (const object of [ownClass, ...objects]) store.upsert(object);
  return store;
}

function run(objects: readonly KubeObject[], fields: Partial<Settings> = {}): Compilation {
  const settings = { ...defaultSettings(), ...fields };
  return compile({ objects: storeOf(objects), settings, version: 1, nowSeconds: 0, publishedAddresses: [] });
}

const hosts = ['a', 'b', 'c'];
const shop: readonly KubeObject[] = hosts.flatMap((name, at) => [
  ingress(name, { rules: [rule(`${name}.example.com`, '/', name)], tls: [{ hosts: [`${name}.example.com`] }] }),
  service(name),
  slice(`${name}-1`, name, [`10.0.${at}.1`, `10.0.${at}.2`]),
  pod(`10.0.${at}.1`),
  pod(`10.0.${at}.2`),
]);

test('a change of one endpoint leaves every other part the same object', () => {
  const store = storeOf(shop);
  const compiler = createCompiler();
  const input = { objects: store, settings: defaultSettings(), nowSeconds: 0, publishedAddresses: [] };
  const before = compiler({ ...input, version: 1 });
  store.upsert(slice('b-1', 'b', ['10.0.1.1', '10.0.1.9']));
  const after = compiler({ ...input, version: 2 });
  assert.equal(after.snapshot.virtualHosts, before.snapshot.virtualHosts);
  assert.equal(after.diagnostics, before.diagnostics);
  for (const name of hosts) {
    const id = upstreamId('shop', name, '80');
    const same = after.snapshot.upstreams.get(id) === before.snapshot.upstreams.get(id);
    assert.equal(same, name !== 'b', name);
  }
  const [first] = after.snapshot.upstreams.get(upstreamId('shop', 'b', '80'))?.endpoints ?? [];
  assert.equal(first, before.snapshot.upstreams.get(upstreamId('shop', 'b', '80'))?.endpoints[0]);
});

test('a change of one Ingress leaves the hosts and upstreams of the others the same objects', () => {
  const store = storeOf(shop);
  const compiler = createCompiler();
  const input = { objects: store, settings: defaultSettings(), nowSeconds: 0, publishedAddresses: [] };
  const before = compiler({ ...input, version: 1 }).snapshot;
  store.upsert(ingress('b', { rules: [rule('b.example.com', '/new', 'b')] }));
  const after = compiler({ ...input, version: 2 }).snapshot;
  for (const name of hosts) {
    const host = hostPattern(`${name}.example.com`);
    assert.equal(after.virtualHosts.get(host) === before.virtualHosts.get(host), name !== 'b', name);
  }
  assert.equal(after.upstreams, before.upstreams);
});

test('a new version of a pod that changes nothing about it changes nothing', () => {
  const store = storeOf(shop);
  const compiler = createCompiler();
  const input = { objects: store, settings: defaultSettings(), nowSeconds: 0, publishedAddresses: [] };
  const before = compiler({ ...input, version: 1 });
  store.upsert(pod('10.0.1.1', { labels: { other: 'label' } }));
  const after = compiler({ ...input, version: 2 });
  assert.equal(after.healthChecks, before.healthChecks);
  assert.equal(after.snapshot.upstreams, before.snapshot.upstreams);
});

test('objects of only one of two lists are found wherever they stand', () => {
  assert.deepEqual(changedItems(['a', 'b', 'c'], ['a', 'x', 'c']), { removed: ['b'], added: ['x'] });
  assert.deepEqual(changedItems([], ['a']), { removed: [], added: ['a'] });
  assert.deepEqual(changedItems(['a', 'b', 'c'], ['b']), { removed: ['a', 'c'], added: [] });
  assert.deepEqual(changedItems(['a', 'b'], ['b', 'a']), { removed: [], added: [] });
});

test('the settings give listeners and what applies to every exchange', () => {
  const { snapshot } = run([], {
    listenAddress: '127.0.0.1',
    httpPort: 8081,
    httpsPort: 0,
    hstsPreload: true,
    hstsIncludeSubdomains: false,
    sslProtocols: 'TLSv1.3',
    useForwardedHeaders: true,
  });
  assert.deepEqual(
    [...snapshot.listeners.values()].map(({ id, address, port, protocol }) => [id, address, port, protocol]),
    [
      ['http', '127.0.0.1', 8081, 'http'],
      ['https', '127.0.0.1', 0, 'https'],
    ],
  );
  assert.equal(snapshot.options.hsts, 'max-age=31536000; preload');
  assert.deepEqual([snapshot.options.tlsMinVersion, snapshot.options.tlsMaxVersion], ['TLSv1.3', 'TLSv1.3']);
  assert.deepEqual(snapshot.options.trustedProxies, ['0.0.0.0/0', '::/0']);
});

test('nobody is trusted while forwarded headers are off, whatever addresses are given', () => {
  assert.deepEqual(run([], { proxyRealIpCidr: ['10.0.0.0/8'] }).snapshot.options.trustedProxies, []);
});

test('without --hsts the header is not sent', () => {
  assert.equal(run([], { hsts: false }).snapshot.options.hsts, '');
});

test('the list of paths that stay on HTTP goes with the redirect', () => {
  const tls = [{ hosts: ['a.example.com'] }];
  const { snapshot } = run([ingress('a', { rules: [rule('a.example.com', '/', 'a')], tls })]);
  const [route] = snapshot.virtualHosts.get(hostPattern('a.example.com'))?.routes ?? [];
  assert.deepEqual(route?.policies.httpsRedirect, {
    status: 308,
    preserveTrailingSlash: false,
    exemptPaths: ['/.well-known/acme-challenge'],
  });
});

test('one object does not flood the diagnostics', () => {
  const rules = Array.from({ length: 1_000 }, () => rule('a.example.com', '/', 'missing'));
  const { diagnostics } = run([ingress('a', { rules }), ingress('b', { rules })]);
  assert.equal(diagnostics.filter(({ object }) => object.name === 'a').length, 65);
  const more = diagnostics.filter(({ code }) => code === 'more-diagnostics');
  assert.deepEqual(
    more.map(({ object }) => object.name),
    ['a', 'b'],
  );
});

test('a huge Ingress is compiled in linear time', () => {
  const names = Array.from({ length: 10_000 }, (_, at) => `h${at}.example.com`);
  const rules = names.map((name) => rule(name, '/', 'cart'));
  const tls = [{ hosts: names }, ...names.map((name) => ({ hosts: [`x${name}`], secretName: 'tls' }))];
  const tookMs = cpuMsOf(
    () => assert.equal(run([ingress('huge', { rules, tls })]).snapshot.virtualHosts.size, 10_000),
    1,
  );
  assert.ok(tookMs < 10_000, `${tookMs} ms`);
});
