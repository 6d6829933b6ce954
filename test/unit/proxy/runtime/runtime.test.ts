import assert from 'node:assert/strict';
import { test } from 'node:test';

import { OperatorError } from '../../../../src/lib/operator-error.ts';
import type { Certificate } from '../../../../src/model/certificate.ts';
import { certificateId, routeId, hostPattern } from '../../../../src/model/ids.ts';
import { defaultProxyOptions } from '../../../../src/model/proxy-options.ts';
import type { VirtualHost } from '../../../../src/model/route.ts';
import { diffSnapshots } from '../../../../src/model/update.ts';
import type { Filter } from '../../../../src/proxy/filters/filter.ts';
import { filters } from '../../../../src/proxy/filters/table.ts';
import { serveExchange } from '../../../../src/proxy/runtime/serve-exchange.ts';
import { cpuMsOf } from '../../../support/cpu-time.ts';
import { endpoint, upstreamOf } from '../../../support/endpoints.ts';
import {
  ScriptedTransport,
  exchangeOf,
  forwardRoute,
  runtimeFixture,
  snapshotOf,
  virtualHost,
} from '../../../support/proxy.ts';

const pods = [endpoint(1), endpoint(2)];

function certificate(name: string): Certificate {
  return {
    id: certificateId(name, 'digest'),
    chainPem: '',
    keyPem: '',
    source: name,
    names: [],
    issuer: '',
    issuerOrganization: '',
    issuerCommonName: '',
    serialNumber: '',
    keyAlgorithm: '',
    notBefore: 0,
    notAfter: 0,
  };
}

function secured(host: string, name: string): VirtualHost {
  return { ...virtualHost(host, forwardRoute('/')), certificate: certificateId(name, 'digest') };
}

test('the certificate is that of the server name, then of the wildcard, then the default one', () => {
  const names = ['exact', 'wildcard', 'default'];
  const { runtime } = runtimeFixture(
    snapshotOf(
      [secured('a.example.com', 'exact'), secured('*.example.com', 'wildcard'), virtualHost('b.example.com')],
      [],
      {
        certificates: new Map(names.map((name) => [certificateId(name, 'digest'), certificate(name)])),
        options: { ...defaultProxyOptions, defaultCertificate: certificateId('default', 'digest') },
      },
    ),
  );
  const served = (name: string): string | undefined => runtime.certificateFor(name)?.source;
  assert.equal(served('A.Example.COM.'), 'exact');
  assert.equal(served('c.example.com'), 'wildcard');
  assert.equal(served('b.example.com'), 'wildcard', 'a host without a certificate of its own');
  for (const name of ['x.c.example.com', 'example.com', '', '*.example.com.']) assert.notEqual(served(name), 'exact');
  assert.equal(served('other'), 'default');
  assert.equal(served(''), 'default');
});

test('an update of another version is refused, and what was served still is', () => {
  const fixture = runtimeFixture(snapshotOf([virtualHost('h', forwardRoute('/'))], [upstreamOf(pods)]));
  const { snapshot } = fixture.runtime;
  const wrong = { ...diffSnapshots(snapshot, { ...snapshot, version: 9 }), from: 5 };
  assert.throws(
    () => fixture.runtime.apply(wrong),
    (error) => error instanceof OperatorError && error.code === 'update-rejected',
  );
  assert.equal(fixture.runtime.snapshot, snapshot);
});

test('an update that cannot be built changes nothing at all', async () => {
  const picky: Filter = {
    name: 'picky',
    create: ({ holdMs }) => {
      if (holdMs === 7) throw new Error('cannot build this');
      return undefined;
    },
  };
  const fixture = runtimeFixture(snapshotOf([virtualHost('h', forwardRoute('/'))], [upstreamOf(pods)]), {
    filters: [...filters, picky],
  });
  const { snapshot } = fixture.runtime;
  const next = snapshotOf([virtualHost('h', forwardRoute('/', { holdMs: 7 }))], [upstreamOf([endpoint(9)])], {
    version: 2,
  });
  assert.throws(() => fixture.runtime.apply(diffSnapshots(snapshot, next)), /cannot build this/);
  assert.equal(fixture.runtime.snapshot, snapshot);
  const transport = new ScriptedTransport();
  await serveExchange(exchangeOf(), transport, fixture.runtime);
  assert.ok(pods.some(({ id }) => id === transport.tries[0]?.endpoint));
});

test('only virtual hosts that changed are built again', () => {
  const hosts = (path: string): VirtualHost[] => [unchanged, virtualHost('b', forwardRoute(path))];
  const unchanged = virtualHost('a', forwardRoute('/a'));
  const fixture = runtimeFixture(snapshotOf(hosts('/b'), [upstreamOf(pods)]));
  const built = (): unknown[] => ['a', 'b'].map((name) => fixture.runtime.hostOf(name));
  const [a, b] = built();
  fixture.serve(snapshotOf(hosts('/b'), [upstreamOf([endpoint(3)])]));
  assert.ok(built()[0] === a && built()[1] === b, 'an endpoint changed');
  fixture.serve(snapshotOf(hosts('/c'), [upstreamOf([endpoint(3)])]));
  assert.ok(built()[0] === a && built()[1] !== b, 'one route of one host changed');
  fixture.serve(
    snapshotOf(hosts('/c'), [upstreamOf([endpoint(3)])], { options: { ...defaultProxyOptions, hsts: '' } }),
  );
  assert.ok(built()[0] !== a, 'options changed');
});

test('routes that ask for the same share their hooks, those that ask for something else do not', () => {
  const built: (number | undefined)[] = [];
  const counting: Filter = {
    name: 'counting',
    create: ({ holdMs }) => {
      built.push(holdMs);
      return { finish: () => undefined };
    },
  };
  const routes = [forwardRoute('/a'), forwardRoute('/b'), forwardRoute('/c', { holdMs: 5 })];
  const hosts = [virtualHost('a', ...routes), virtualHost('b', ...structuredClone(routes))];
  const fixture = runtimeFixture(snapshotOf(hosts, [upstreamOf(pods)]), { filters: [counting] });
  assert.deepEqual(built.splice(0), [undefined, undefined, 5], 'for exchanges without a route, and two for six routes');
  const find = (host: string, path: string): unknown => fixture.runtime.hostOf(host)?.routes.find(path)?.value.policies;
  assert.equal(find('a', '/a'), find('b', '/b'));
  assert.notEqual(find('a', '/a'), find('a', '/c'));
  fixture.serve(snapshotOf(hosts, [upstreamOf(pods)], { options: { ...defaultProxyOptions, hsts: '' } }));
  assert.deepEqual(built, [undefined, undefined, 5], 'options changed');
});

test('an exchange in flight keeps the route, pipeline and endpoint it started with', async () => {
  const fixture = runtimeFixture(snapshotOf([virtualHost('h', forwardRoute('/'))], [upstreamOf(pods)]));
  const exchange = exchangeOf({ secure: true });
  const transport = new ScriptedTransport(() => ({
    status: 200,
    meanwhile: () => fixture.serve(snapshotOf([], [], { options: { ...defaultProxyOptions, hsts: 'max-age=1' } })),
  }));
  await serveExchange(exchange, transport, fixture.runtime);
  assert.ok(pods.some(({ id }) => id === exchange.endpoint?.endpoint.id));
  assert.equal(transport.answers[0]?.headers.at(-1), 'max-age=31536000; includeSubDomains');
  const next = exchangeOf();
  await serveExchange(next, new ScriptedTransport(), fixture.runtime);
  assert.equal(next.failure, 'no-route');
});

test('failing checks take an endpoint out, and all of them out is said and counted', async () => {
  const fixture = runtimeFixture(snapshotOf([virtualHost('h', forwardRoute('/'))], [upstreamOf(pods)]));
  const [first = endpoint(1), second = endpoint(2)] = pods;
  const { id } = upstreamOf([]);
  fixture.runtime.health(new Map([[id, [first.id]]]));
  for (let round = 0; round < 10; round += 1) {
    const transport = new ScriptedTransport();
    await serveExchange(exchangeOf(), transport, fixture.runtime);
    assert.equal(transport.tries[0]?.endpoint, second.id);
  }
  fixture.runtime.health(new Map([[id, [first.id, second.id]]]));
  fixture.runtime.health(new Map());
  assert.deepEqual(fixture.ignored, [`${id} true`, `${id} false`]);
  const samples = fixture.runtime.parts.counters.samples();
  const sample = samples.find(({ metric }) => metric === 'fairway_health_checks_ignored');
  assert.deepEqual(sample, { metric: 'fairway_health_checks_ignored', labels: ['shop', 'cart', '80'], values: [0] });
});

test('endpoints that leave are announced after the new ones are served', () => {
  const fixture = runtimeFixture(snapshotOf([virtualHost('h', forwardRoute('/'))], [upstreamOf(pods)]));
  const left: string[] = [];
  fixture.runtime.onLeave((state) => left.push(`${state.endpoint.id} at version ${fixture.runtime.snapshot.version}`));
  fixture.serve(snapshotOf([virtualHost('h', forwardRoute('/'))], [upstreamOf([endpoint(2)])]));
  assert.deepEqual(left, [`${pods[0]?.id} at version 2`]);
});

test('a change of one host among 5000 costs much less than taking over all 20 000 routes', () => {
  const hosts = Array.from({ length: 5000 }, (_, host) => ({
    host: hostPattern(`h${host}.example.com`),
    routes: ['/', '/a', '/b', '/c'].map((path) => ({
      ...forwardRoute(path),
      id: routeId(`shop/i${host}`, hostPattern(`h${host}.example.com`), 'Prefix', path),
    })),
  }));
  const fixture = runtimeFixture(snapshotOf([], []));
  const apply = (virtualHosts: readonly VirtualHost[]): number => {
    const { snapshot } = fixture.runtime;
    const next = snapshotOf(virtualHosts, [], { version: snapshot.version + 1 });
    const update = diffSnapshots(snapshot, next);
    return cpuMsOf(() => fixture.runtime.apply(update), 1);
  };
  const all = apply(hosts);
  const others = hosts.filter((_, at) => at !== 1);
  const ones = [1, 2, 3, 4, 5].map((at) => apply([virtualHost('h1.example.com', forwardRoute(`/${at}`)), ...others]));
  // About 150 ms and 1 ms.
  assert.ok(all < 4000, `${all} ms`);
  assert.ok(Math.min(...ones) < all / 3, `${ones.join()} ms of ${all} ms`);
});
