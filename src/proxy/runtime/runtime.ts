import { CoarseTimers } from '../../lib/coarse-timers.ts';
import { messageOf } from '../../lib/error-text.ts';
import { httpDate } from '../../lib/http-date.ts';
import { OperatorError } from '../../lib/operator-error.ts';
import type { Certificate } from '../../model/certificate.ts';
import type { CertificateId } from '../../model/ids.ts';
import type { Ejection, UnhealthyEndpoints } from '../../model/messages.ts';
import type { ProxyOptions } from '../../model/proxy-options.ts';
import type { VirtualHost } from '../../model/route.ts';
import type { Snapshot } from '../../model/snapshot.ts';
import { emptySnapshot } from '../../model/snapshot.ts';
import type { SnapshotUpdate } from '../../model/update.ts';
import { applyUpdate } from '../../model/update.ts';
import type { Upstream } from '../../model/upstream.ts';
import { makeBalancer } from '../balancing/make-balancer.ts';
import type { Exchange } from '../exchange/exchange.ts';
import type { Identify } from '../filters/client-identity.ts';
import { createIdentify } from '../filters/client-identity.ts';
import type { Filter, FilterEnvironment } from '../filters/filter.ts';
import type { Pipeline } from '../filters/pipeline.ts';
import { buildPipeline } from '../filters/pipeline.ts';
import { filters as filterTable } from '../filters/table.ts';
import { HostIndex } from '../routing/host-index.ts';
import type { EndpointState } from '../upstreams/endpoint-state.ts';
import { UpstreamSet } from '../upstreams/upstream-set.ts';
import type { UpstreamState } from '../upstreams/upstream-state.ts';
import type { WorkerPlace } from '../upstreams/worker-share.ts';
import { onlyWorker } from '../upstreams/worker-share.ts';
import { ejectionEvents } from './ejection-events.ts';
import type { ServedHost } from './served-route.ts';
import { serveHost } from './served-route.ts';
import { SharedParts } from './shared-parts.ts';
import { WaitingRooms } from './waiting-rooms.ts';

/** What a runtime is made of. All of it is called from the hot path or close to it: cheap, and never throwing. */
export interface RuntimeParts extends Omit<FilterEnvironment, 'options' | 'httpDate'> {
  /** Something threw inside one exchange, which then ended with 500: a bug to be logged with its stack. */
  readonly onBug: (error: unknown, exchange: Exchange) => void;
  /** All ready endpoints of an upstream fail their check, so checks are ignored (`true`), or no longer so (`false`). */
  readonly onChecksIgnored: (upstream: Upstream, ignored: boolean) => void;
  /** This worker leaves an endpoint out, because tries failed there: the others should as well. */
  readonly onEjected?: (upstream: Upstream, ejection: Ejection) => void;
  /** Which of how many workers this is; absent: the only one. */
  readonly worker?: WorkerPlace;
  /** The table of filters unless a test says otherwise. */
  readonly filters?: readonly Filter[];
}

/** What depends on the options of a snapshot. */
interface Surroundings {
  readonly parts: SharedParts;
  readonly identify: Identify;
  /** For exchanges that no route takes. */
  readonly unrouted: Pipeline;
  /** By identity: a virtual host that an update leaves alone is never built again. */
  readonly served: WeakMap<VirtualHost, ServedHost>;
}

/** Everything one data worker derives from the current snapshot. Independent of the engine. */
export class Runtime {
  readonly parts: RuntimeParts;
  readonly upstreams: UpstreamSet;
  readonly waitingRooms: WaitingRooms;
  readonly #filters: readonly Filter[];
  readonly #httpDate: () => string;
  #snapshot: Snapshot = emptySnapshot;
  #surroundings: Surroundings;
  #hosts: HostIndex<ServedHost> = new HostIndex([]);

  constructor(parts: RuntimeParts) {
    this.parts = parts;
    this.#filters = parts.filters ?? filterTable;
    this.#httpDate = httpDate(parts.clock);
    this.#surroundings = this.#surround(emptySnapshot.options);
    const timers = new CoarseTimers(parts.clock.now);
    const worker = parts.worker ?? onlyWorker;
    this.upstreams = new UpstreamSet({
      makePicker: (upstream, endpoints, previous) =>
        makeBalancer({ random: parts.random, now: parts.clock.now }, upstream, endpoints, previous),
      onChecksIgnored: (upstream, ignored) => this.#sayChecksIgnored(upstream, ignored),
      ejection: ejectionEvents(parts),
      now: parts.clock.now,
      timers,
      worker,
    });
    const { clock, counters } = parts;
    const upstreams = (): Iterable<UpstreamState> => this.upstreams.all();
    this.waitingRooms = new WaitingRooms({ now: clock.now, timers, counters, worker, upstreams });
  }

  get snapshot(): Snapshot {
    return this.#snapshot;
  }

  get identify(): Identify {
    return this.#surroundings.identify;
  }

  /** Hooks for exchanges that no route takes. */
  get unrouted(): Pipeline {
    return this.#surroundings.unrouted;
  }

  /**
   * Takes an update as a whole: builds what changed, then swaps. Exchanges in flight keep what they started with.
   * @throws OperatorError `update-rejected`; what was served before is then still served
   */
  apply(update: SnapshotUpdate): void {
    if (update.from !== this.#snapshot.version) {
      throw rejected(update, `it continues version ${update.from}, and version ${this.#snapshot.version} is served`);
    }
    const next = this.#build(update);
    this.#snapshot = next.snapshot;
    this.#surroundings = next.surroundings;
    this.#hosts = next.hosts;
    next.commitUpstreams();
  }

  /** @param unhealthy  the whole set of endpoints whose check fails */
  health(unhealthy: UnhealthyEndpoints): void {
    this.upstreams.health(unhealthy);
  }

  /** The worker ends within this time: requests that wait for an endpoint are answered before. */
  drain(deadlineMs: number): void {
    this.waitingRooms.drain(deadlineMs);
  }

  /** Another worker left an endpoint out. @returns `left` when it stays in here */
  follow(ejection: Ejection): 'followed' | 'left' {
    return this.upstreams.ejections.follow(ejection);
  }

  /**
   * Virtual host of a request.
   * @param hostName  as `hostNameOf` gives it; empty takes the catch-all
   */
  hostOf(hostName: string): ServedHost | undefined {
    return this.#hosts.find(hostName);
  }

  /**
   * What TLS serves for a server name: its own certificate, that of the wildcard, the default one.
   * @param serverName  as the client sent it; empty without
   * @returns undefined before the first update that has a default certificate
   */
  certificateFor(serverName: string): Certificate | undefined {
    const lower = serverName.toLowerCase();
    const name = lower.endsWith('.') ? lower.slice(0, -1) : lower;
    return (
      this.#certificate(this.#hosts.exact(name)?.virtualHost.certificate) ??
      this.#certificate(this.#hosts.wildcard(name)?.virtualHost.certificate) ??
      this.#certificate(this.#hosts.catchAll?.virtualHost.certificate) ??
      this.#certificate(this.#snapshot.options.defaultCertificate)
    );
  }

  /**
   * Calls `listener` for each endpoint that leaves its upstream or begins to drain: idle connections to it are closed
   * then, exchanges in flight go on. Another upstream may still hold an endpoint with the same address.
   */
  onLeave(listener: (endpoint: EndpointState) => void): void {
    this.upstreams.onLeave(listener);
  }

  /** Calls `listener` for each endpoint that is left out for a while from now on: idle connections to it are closed. */
  onEject(listener: (endpoint: EndpointState) => void): void {
    this.upstreams.onEject(listener);
  }

  #build(update: SnapshotUpdate): {
    snapshot: Snapshot;
    surroundings: Surroundings;
    hosts: HostIndex<ServedHost>;
    commitUpstreams: () => void;
  } {
    try {
      const snapshot = applyUpdate(this.#snapshot, update);
      const surroundings = update.options === undefined ? this.#surroundings : this.#surround(update.options);
      const same = surroundings === this.#surroundings && snapshot.virtualHosts === this.#snapshot.virtualHosts;
      const hosts = same ? this.#hosts : this.#indexHosts(snapshot, surroundings);
      return { snapshot, surroundings, hosts, commitUpstreams: this.upstreams.prepare(update.upstreams) };
    } catch (cause) {
      throw rejected(update, messageOf(cause), cause);
    }
  }

  #surround(options: ProxyOptions): Surroundings {
    const environment: FilterEnvironment = { ...this.parts, options, httpDate: this.#httpDate };
    const unrouted = buildPipeline(this.#filters, {}, environment);
    const parts = new SharedParts(this.#filters, environment);
    return { parts, identify: createIdentify(options), unrouted, served: new WeakMap() };
  }

  #indexHosts(snapshot: Snapshot, { parts, served }: Surroundings): HostIndex<ServedHost> {
    const entries = [...snapshot.virtualHosts].map(([pattern, virtualHost]) => {
      const host = served.get(virtualHost) ?? serveHost(virtualHost, parts);
      served.set(virtualHost, host);
      return [pattern, host] as const;
    });
    return new HostIndex(entries);
  }

  #certificate(id: CertificateId | undefined): Certificate | undefined {
    return id === undefined ? undefined : this.#snapshot.certificates.get(id);
  }

  #sayChecksIgnored(upstream: Upstream, ignored: boolean): void {
    const { namespace, service, port } = upstream;
    this.parts.counters.series('fairway_health_checks_ignored', [namespace, service, port]).set(ignored ? 1 : 0);
    this.parts.onChecksIgnored(upstream, ignored);
  }
}

function rejected(update: SnapshotUpdate, why: string, cause?: unknown): OperatorError {
  return new OperatorError({
    code: 'update-rejected',
    what: `Version ${update.to} of the configuration is not taken`,
    why,
    fix: 'What was served before is still served. This is a bug: report it with the log line.',
    cause,
  });
}
