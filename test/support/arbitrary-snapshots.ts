import fc from 'fast-check';

import type { Certificate } from '../../src/model/certificate.ts';
import { certificateId, endpointId, hostPattern, listenerId, routeId, upstreamId } from '../../src/model/ids.ts';
import type { Listener } from '../../src/model/listener.ts';
import { defaultProxyOptions } from '../../src/model/proxy-options.ts';
import type { Route, VirtualHost } from '../../src/model/route.ts';
import type { Snapshot } from '../../src/model/snapshot.ts';
import type { Endpoint, Upstream } from '../../src/model/upstream.ts';

/** Few names, so that two snapshots have much in common. */
const few = fc.constantFrom('a', 'b', 'c', 'd', '__proto__', 'constructor');
const port = fc.integer({ min: 1, max: 3 });

const endpoint: fc.Arbitrary<Endpoint> = fc.record(
  {
    id: port.map((one) => endpointId('10.0.0.1', one)),
    address: fc.constant('10.0.0.1'),
    port,
    state: fc.constantFrom('ready', 'draining'),
    weight: fc.constantFrom(0, -0, 1, Number.NaN),
    zone: few,
  },
  { requiredKeys: ['id', 'address', 'port', 'state', 'weight'] },
);

const upstream: fc.Arbitrary<Upstream> = fc.record({
  id: few.map((name) => upstreamId('shop', name, '80')),
  namespace: fc.constant('shop'),
  service: few,
  port: fc.constant('80'),
  protocol: fc.constantFrom('http', 'https'),
  balancing: fc.record(
    { algorithm: fc.constantFrom('round_robin', 'hash'), hashBy: few },
    { requiredKeys: ['algorithm'] },
  ),
  endpoints: fc.array(endpoint, { maxLength: 3 }),
});

const route: fc.Arbitrary<Route> = fc.record({
  id: few.map((path) => routeId('shop/it', hostPattern('x'), 'Prefix', `/${path}`)),
  source: fc.constant({ kind: 'Ingress', namespace: 'shop', name: 'it' }),
  match: fc.record({ kind: fc.constantFrom('exact', 'prefix'), path: few }),
  action: fc.oneof(
    few.map((name) => ({ kind: 'forward' as const, upstream: upstreamId('shop', name, '80') })),
    fc.record({ kind: fc.constant('respond' as const), status: fc.constantFrom(404, 503), reason: few }),
  ),
  policies: fc.record({
    labels: fc.constant({ namespace: '', ingress: '', service: '', servicePort: '', path: '', host: '' }),
  }),
});

const virtualHost: fc.Arbitrary<VirtualHost> = fc.record(
  {
    host: few.map((name) => hostPattern(name)),
    routes: fc.array(route, { maxLength: 3 }),
    certificate: few.map((name) => certificateId(name, '1')),
  },
  { requiredKeys: ['host', 'routes'] },
);

const listener: fc.Arbitrary<Listener> = fc.record({
  id: few.map((name) => listenerId(name)),
  address: fc.constantFrom('::', '127.0.0.1'),
  port,
  protocol: fc.constantFrom('http', 'https'),
});

const certificate: fc.Arbitrary<Certificate> = fc.record({
  id: few.map((name) => certificateId(name, '1')),
  chainPem: few,
  keyPem: few,
  source: few,
  names: fc.array(few, { maxLength: 2 }),
  issuer: few,
  issuerOrganization: few,
  issuerCommonName: few,
  serialNumber: few,
  keyAlgorithm: few,
  notBefore: port,
  notAfter: port,
});

function mapOf<K, V>(value: fc.Arbitrary<V>, key: (value: V) => K): fc.Arbitrary<ReadonlyMap<K, V>> {
  return fc.array(value, { maxLength: 5 }).map((all) => new Map(all.map((one) => [key(one), one])));
}

/** Any snapshot, small. fast-check makes records without prototype, which no message ever holds: hence the copy. */
export const anySnapshot: fc.Arbitrary<Snapshot> = fc
  .record({
    version: fc.nat(),
    listeners: mapOf(listener, (one) => one.id),
    virtualHosts: mapOf(virtualHost, (one) => one.host),
    upstreams: mapOf(upstream, (one) => one.id),
    certificates: mapOf(certificate, (one) => one.id),
    options: fc.boolean().map((accessLog) => ({ ...defaultProxyOptions, accessLog })),
  })
  .map((snapshot) => structuredClone(snapshot));
