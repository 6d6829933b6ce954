import type { SupervisorState } from '../../src/control/admin/view.ts';
import type { AdminView } from '../../src/control/admin/view.ts';
import type { Compilation } from '../../src/control/compile/compilation.ts';
import type { KnownEjection } from '../../src/control/health/ejections.ts';
import type { EndpointHealth, HealthView, UpstreamHealth } from '../../src/control/health/health-state.ts';
import type { Leadership } from '../../src/control/status/leadership.ts';
import type { Certificate } from '../../src/model/certificate.ts';
import type { Diagnostic } from '../../src/model/diagnostic.ts';
import { certificateId, endpointId, hostPattern, routeId, upstreamId } from '../../src/model/ids.ts';
import type { EndpointId, UpstreamId } from '../../src/model/ids.ts';
import type { WorkerState } from '../../src/model/messages.ts';
import type { Route, VirtualHost } from '../../src/model/route.ts';
import { emptySnapshot } from '../../src/model/snapshot.ts';
import type { Snapshot } from '../../src/model/snapshot.ts';
import type { Endpoint, Upstream } from '../../src/model/upstream.ts';
import type { Settings } from '../../src/settings/settings.ts';
import { defaultSettings } from '../../src/settings/table-access.ts';
import { createCounters } from '../../src/telemetry/counters.ts';
import type { Counters } from '../../src/telemetry/counters.ts';

/** A view whose every part a test can replace. */
export interface ViewFixture {
  settings: Settings;
  state: SupervisorState | undefined;
  waitingFor: readonly string[];
  compilation: Compilation | undefined;
  leadership: Leadership;
  health: ReadonlyMap<UpstreamId, UpstreamHealth>;
  ejections: ReadonlyMap<EndpointId, KnownEjection>;
  counters: Counters;
  askWorkers: (request: number) => void;
}

export const startedAt: number = Date.UTC(2026, 0, 31, 12);

/** Everything is well: one route, one upstream, two workers. */
export function wellFixture(): ViewFixture {
  const settings = { ...defaultSettings(), namespace: 'ingress', podName: 'fairway-0' };
  return {
    settings,
    state: {
      phase: 'serving',
      workers: [workerOf(0, 101), workerOf(1, 102)],
      listeners: [],
      deaths: {},
      supervisorRssBytes: 45_000_000,
      controlRestarts: 0,
      crashLooping: false,
    },
    waitingFor: [],
    compilation: compilationOf(snapshotOf([hostOf('shop.example', [routeOf('shop.example', '/')])])),
    leadership: { isLeader: true, lease: 'fairway-leader', holder: 'fairway-0' },
    health: new Map(),
    ejections: new Map(),
    counters: createCounters(settings),
    askWorkers: () => {},
  };
}

export function viewOf(fixture: ViewFixture): AdminView {
  const health: HealthView = {
    upstream: (id) => fixture.health.get(id),
    ignored: () => new Set([...fixture.health].filter(([, one]) => one.ignored).map(([id]) => id)),
  };
  return {
    get settings() {
      return fixture.settings;
    },
    version: '1.2.3',
    startedAt,
    state: () => fixture.state,
    waitingFor: () => fixture.waitingFor,
    compilation: () => fixture.compilation,
    leadership: () => fixture.leadership,
    health,
    ejections: { ejectionOf: (_upstream, endpoint) => fixture.ejections.get(endpoint) },
    get counters() {
      return fixture.counters;
    },
    askWorkers: (request) => fixture.askWorkers(request),
  };
}

export function workerOf(index: number, pid: number): WorkerState {
  return { index, pid, appliedVersion: 7, restarts: 0, rssBytes: 80_000_000, loopDelayMs: 1.25 };
}

export function compilationOf(snapshot: Snapshot, diagnostics: readonly Diagnostic[] = []): Compilation {
  const ingresses = new Map<string, Compilation['ingresses'][number]>();
  for (const { routes } of snapshot.virtualHosts.values()) {
    for (const { source } of routes) {
      ingresses.set(source.name, { ingress: source, state: 'accepted', reason: '' });
    }
  }
  return {
    snapshot,
    diagnostics,
    statuses: [],
    healthChecks: new Map(),
    ingresses: [...ingresses.values()],
    orphans: [],
  };
}

/** Upstreams are made for every route that forwards. */
export function snapshotOf(
  hosts: readonly VirtualHost[],
  upstreams: readonly Upstream[] = [],
  certificates: readonly Certificate[] = [],
): Snapshot {
  return {
    ...emptySnapshot,
    version: 7,
    virtualHosts: new Map(hosts.map((host) => [host.host, host])),
    upstreams: new Map(upstreams.map((upstream) => [upstream.id, upstream])),
    certificates: new Map(certificates.map((certificate) => [certificate.id, certificate])),
  };
}

export function hostOf(host: string, routes: readonly Route[], certificate?: Certificate): VirtualHost {
  const base = { host: hostPattern(host), routes };
  return certificate === undefined ? base : { ...base, certificate: certificate.id };
}

export function routeOf(host: string, path: string, ingress = 'cart', service = 'cart'): Route {
  return {
    id: routeId(`shop/${ingress}`, hostPattern(host), 'Prefix', path),
    source: { kind: 'Ingress', namespace: 'shop', name: ingress },
    match: { kind: 'prefix', path },
    action: { kind: 'forward', upstream: upstreamId('shop', service, '80') },
    policies: {
      labels: { namespace: 'shop', ingress, service, servicePort: '80', path, host },
    },
  };
}

export function upstreamOf(service: string, endpoints: readonly Endpoint[]): Upstream {
  return {
    id: upstreamId('shop', service, '80'),
    namespace: 'shop',
    service,
    port: '80',
    protocol: 'http',
    balancing: { algorithm: 'round_robin' },
    endpoints,
  };
}

export function endpointOf(last: number, state: Endpoint['state'] = 'ready'): Endpoint {
  const address = `10.0.0.${last}`;
  const pod = { kind: 'Pod', namespace: 'shop', name: `cart-${last}` } as const;
  return { id: endpointId(address, 8080), address, port: 8080, state, weight: 1, pod };
}

export function healthOf(
  states: readonly (readonly [Endpoint, EndpointHealth['state'], string])[],
  ignored = false,
): UpstreamHealth {
  const endpoints = new Map<EndpointId, EndpointHealth>();
  for (const [endpoint, state, lastResult] of states) {
    const failures = state === 'unhealthy' ? 3 : 0;
    const times = { since: startedAt, checkedAt: startedAt };
    endpoints.set(endpoint.id, { state, lastResult, failedBy: 'failure', ...times, successes: 0, failures });
  }
  return { ignored, endpoints };
}

export function certificateOf(source: string, names: readonly string[]): Certificate {
  return {
    id: certificateId(source, 'abcdef'),
    chainPem: '-----BEGIN CERTIFICATE-----\nchain\n-----END CERTIFICATE-----\n',
    keyPem: '-----BEGIN PRIVATE KEY-----\nvery secret\n-----END PRIVATE KEY-----\n',
    source,
    names,
    issuer: 'CN=R3, O=Example CA',
    issuerOrganization: 'Example CA',
    issuerCommonName: 'R3',
    serialNumber: '12345',
    keyAlgorithm: 'ECDSA',
    notBefore: startedAt / 1000,
    notAfter: startedAt / 1000 + 90 * 86_400,
  };
}
