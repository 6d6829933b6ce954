import { randomBytes } from 'node:crypto';
import type { TestContext } from 'node:test';

import type { Clock } from '../../src/lib/clock.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { createLogger } from '../../src/lib/logger.ts';
import { systemRandom } from '../../src/lib/random.ts';
import type { Certificate } from '../../src/model/certificate.ts';
import { endpointId, hostPattern, listenerId, routeId, upstreamId } from '../../src/model/ids.ts';
import type { RoutePolicies } from '../../src/model/policy.ts';
import type { ProxyOptions } from '../../src/model/proxy-options.ts';
import { defaultProxyOptions } from '../../src/model/proxy-options.ts';
import type { VirtualHost } from '../../src/model/route.ts';
import type { Snapshot } from '../../src/model/snapshot.ts';
import { emptySnapshot } from '../../src/model/snapshot.ts';
import { diffSnapshots } from '../../src/model/update.ts';
import type { Upstream } from '../../src/model/upstream.ts';
import type { Engine, EngineName } from '../../src/proxy/engines/engine.ts';
import { engines } from '../../src/proxy/engines/table.ts';
import type { Exchange } from '../../src/proxy/exchange/exchange.ts';
import { accessLogEntry } from '../../src/proxy/filters/access-log.ts';
import { Runtime } from '../../src/proxy/runtime/runtime.ts';
import { bindSocket } from '../../src/supervisor/sockets.ts';
import type { AccessLogEntry } from '../../src/telemetry/access-log.ts';
import type { Counters } from '../../src/telemetry/counters.ts';
import { createCounters } from '../../src/telemetry/counters.ts';

/** An engine that serves on ports of the kernel's choice, in this process. */
export interface RunningEngine {
  readonly engine: Engine;
  readonly counters: Counters;
  readonly httpPort: number;
  readonly httpsPort: number;
  /** Entries of the access log so far, and what threw. */
  readonly log: AccessLogEntry[];
  readonly bugs: unknown[];
  /** The entry with this request target, as soon as it is there. */
  readonly entry: (target: string) => Promise<AccessLogEntry>;
  /** Serves another snapshot from now on. */
  readonly publish: (change: SnapshotParts) => void;
  /** Tries under way, over all endpoints. */
  readonly inFlight: () => number;
}

/** What a test says of the snapshot; one route `/` of host `h.test` to all ports unless `hosts` says otherwise. */
export interface SnapshotParts {
  /** Ports on 127.0.0.1, or address and port. */
  readonly endpoints?: readonly (number | readonly [string, number])[];
  readonly state?: 'ready' | 'draining';
  readonly protocol?: 'http' | 'https';
  readonly policies?: Partial<RoutePolicies>;
  readonly options?: Partial<ProxyOptions>;
  readonly certificates?: readonly Certificate[];
  /** Shared by engines that resume each other's TLS sessions. */
  readonly ticketKeys?: Uint8Array;
  /** Host to certificate, for TLS. */
  readonly hosts?: Readonly<Record<string, Certificate>>;
}

const upstream = upstreamId('shop', 'web', '80');
/** Tests of bodies are mostly about large ones. */
const unlimited = { limitBytes: 0, replayBytes: 65_536 };

/** @param clock  time as the engine sees it */
export async function startEngine(
  t: TestContext,
  name: EngineName,
  parts: SnapshotParts,
  clock: Clock = systemClock,
): Promise<RunningEngine> {
  const log: AccessLogEntry[] = [];
  const bugs: unknown[] = [];
  const waiting: { readonly target: string; readonly found: (entry: AccessLogEntry) => void }[] = [];
  const note = (line: string): void => void bugs.push(line);
  const noWait = (): Promise<void> => Promise.resolve();
  const counters = createCounters({ timeBuckets: [1], lengthBuckets: [100], sizeBuckets: [100] });
  const accessLog = (exchange: Exchange): void => {
    const entry = accessLogEntry(exchange, clock);
    log.push(entry);
    for (const one of waiting) if (one.target === entry.target) one.found(entry);
  };
  const runtime = new Runtime({
    clock,
    random: systemRandom,
    counters,
    accessLog,
    onBug: (error) => void bugs.push(error),
    onChecksIgnored: () => undefined,
  });
  const engine = engines[name]({
    runtime,
    ...(process.env['TEST_SOCKETS'] === 'streams' ? { sockets: 'streams' as const } : {}),
    ticketKeys: parts.ticketKeys ?? new Uint8Array(randomBytes(48)),
    log: createLogger({ process: 'test', level: 'error', destination: { write: note, dropped: 0, flush: noWait } }),
  });
  let snapshot = emptySnapshot;
  const publish = (change: SnapshotParts): void => {
    const next = snapshotOf(change, snapshot.version + 1);
    engine.apply(diffSnapshots(snapshot, next));
    snapshot = next;
  };
  publish(parts);
  const ports = ['http', 'https'].map((id) => {
    const socket = bindSocket({ address: '127.0.0.1', port: 0, what: id, flag: id });
    engine.listen(listenerId(id), socket.port, socket.handle);
    return socket.port;
  });
  t.after(() => engine.drain(0));
  return {
    engine,
    counters,
    httpPort: ports[0] ?? 0,
    httpsPort: ports[1] ?? 0,
    log,
    bugs,
    entry: (target) => {
      const there = log.find((one) => one.target === target);
      if (there !== undefined) return Promise.resolve(there);
      return new Promise((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error(`${target} is not in the access log after 10 s`)), 10_000);
        const found = (entry: AccessLogEntry): void => {
          clearTimeout(timer);
          resolve(entry);
        };
        waiting.push({ target, found });
      });
    },
    publish,
    inFlight: () => runtime.upstreams.get(upstream)?.pickable.reduce((sum, one) => sum + one.inFlight, 0) ?? 0,
  };
}

function snapshotOf(parts: SnapshotParts, version: number): Snapshot {
  const hosts = Object.keys(parts.hosts ?? { 'h.test': undefined });
  const certificates = [...(parts.certificates ?? []), ...Object.values(parts.hosts ?? {})];
  return {
    version,
    listeners: new Map(),
    virtualHosts: new Map(hosts.map((host) => [hostPattern(host), virtualHostOf(host, parts)])),
    upstreams: new Map([[upstream, upstreamOf(parts)]]),
    certificates: new Map(certificates.map((one) => [one.id, one])),
    options: { ...defaultProxyOptions, body: unlimited, ...parts.options },
  };
}

function virtualHostOf(host: string, parts: SnapshotParts): VirtualHost {
  const certificate = parts.hosts?.[host];
  return {
    host: hostPattern(host),
    ...(certificate === undefined ? {} : { certificate: certificate.id }),
    routes: [
      {
        id: routeId('shop/web', hostPattern(host), 'prefix', '/'),
        source: { kind: 'Ingress', namespace: 'shop', name: 'web' },
        match: { kind: 'prefix', path: '/' },
        action: { kind: 'forward', upstream },
        policies: {
          retry: { on: ['error', 'timeout'], tries: 3, timeoutMs: 0 },
          labels: { namespace: 'shop', ingress: 'web', service: 'web', servicePort: '80', path: '/', host },
          ...parts.policies,
        },
      },
    ],
  };
}

function upstreamOf(parts: SnapshotParts): Upstream {
  const endpoints = (parts.endpoints ?? []).map((one) => {
    const [address, port] = typeof one === 'number' ? (['127.0.0.1', one] as const) : one;
    return { id: endpointId(address, port), address, port, state: parts.state ?? ('ready' as const), weight: 1 };
  });
  return {
    id: upstream,
    namespace: 'shop',
    service: 'web',
    port: '80',
    protocol: parts.protocol ?? 'http',
    balancing: { algorithm: 'round_robin' },
    endpoints,
  };
}
