import type { Clock } from '../../../lib/clock.ts';
import { systemClock } from '../../../lib/clock.ts';
import type { Logger } from '../../../lib/logger.ts';
import type { Random } from '../../../lib/random.ts';
import { systemRandom } from '../../../lib/random.ts';
import type { Settings } from '../../../settings/settings.ts';
import type { Counters } from '../../../telemetry/counters.ts';
import type { MetricName } from '../../../telemetry/metrics.ts';
import type { ObjectSink } from '../../objects/object-store.ts';
import type { ObjectSource } from '../source.ts';
import { Admission } from './admission.ts';
import type { ApiClient } from './api-client.ts';
import { asApiError } from './api-error.ts';
import { BackOff } from './back-off.ts';
import { contain } from './contained-listener.ts';
import { servedEndpoints } from './discovery.ts';
import type { DecodedObject } from './object-merger.ts';
import { decodeHeld, ObjectMerger } from './object-merger.ts';
import { openApiClient } from './open-client.ts';
import { Problems } from './problems.ts';
import { reflectorMetrics } from './reflector-metrics.ts';
import type { ReflectorListener, ReflectorTimings, ServerFeatures } from './reflector-options.ts';
import { reflectorTimings } from './reflector-options.ts';
import { Reflector } from './reflector.ts';
import type { Scope } from './resources.ts';
import { resources } from './resources.ts';
import { scopesOf } from './scopes.ts';
import type { EndpointsKind } from './scopes.ts';
import { scout } from './scout.ts';
import { ServerPulse } from './server-pulse.ts';
import type { Timers } from './timers.ts';
import { pause, systemTimers } from './timers.ts';
import { TokenBucket } from './token-bucket.ts';

export interface ClusterSourceOptions {
  readonly settings: Settings;
  /** Opens the connection to the API server, when `run` begins; `run` closes it. @throws OperatorError */
  readonly connect: () => ApiClient;
  readonly counters: Counters;
  readonly log: Logger;
  readonly clock?: Clock;
  readonly random?: Random;
  readonly timers?: Timers;
  readonly timings?: ReflectorTimings;
  /** Lists and watches that this process starts: per second, and at once. */
  readonly startsPerSecond?: number;
  readonly startsBurst?: number;
}

interface Server {
  readonly client: ApiClient;
  readonly problems: Problems;
  readonly endpoints: EndpointsKind;
}

interface Followed {
  readonly scope: Scope;
  readonly reflector: Reflector<DecodedObject>;
}

const gaugesEveryMs = 5_000;

/** What stands for a Reflector until we know which ones there are. */
const discovery: Scope = { resource: resources.EndpointSlice, namespace: '', fieldSelector: '', labelSelector: '' };

/** Objects of an API server, kept up to date by one list-watch per resource and scope. */
export class ClusterSource implements ObjectSource {
  readonly name = 'cluster';
  readonly #options: Required<ClusterSourceOptions>;
  readonly #features: ServerFeatures = { streamedLists: true };
  readonly #bucket: TokenBucket;
  readonly #pulse: ServerPulse = new ServerPulse();
  #problems: Problems | undefined;
  #followed: readonly Followed[] = [];
  #synced = false;

  constructor(options: ClusterSourceOptions) {
    this.#options = {
      clock: systemClock,
      random: systemRandom,
      timers: systemTimers,
      timings: reflectorTimings,
      startsPerSecond: 5,
      startsBurst: 10,
      ...options,
    };
    const { clock, timers, startsPerSecond, startsBurst } = this.#options;
    this.#bucket = new TokenBucket(clock, timers, startsPerSecond, startsBurst);
  }

  waitingFor(): readonly string[] {
    if (this.#synced) return [];
    if (this.#problems === undefined) return ['the API server has not been asked yet'];
    if (this.#followed.length === 0) return this.#problems.waitingFor([discovery]);
    return this.#problems.waitingFor(this.#followed.filter((one) => !one.reflector.synced).map((one) => one.scope));
  }

  async run(sink: ObjectSink, signal: AbortSignal): Promise<void> {
    const client = this.#options.connect();
    const problems = new Problems(client.server, this.#options.log);
    this.#problems = problems;
    try {
      const endpoints = await this.#discover(client, problems, signal);
      if (!signal.aborted) await this.#followAll({ client, problems, endpoints }, sink, signal);
    } finally {
      client.close();
    }
  }

  async #followAll(server: Server, sink: ObjectSink, signal: AbortSignal): Promise<void> {
    const admission = new Admission(this.#options.settings);
    const merger = new ObjectMerger(this.#observed(sink), admission);
    const scopes = scopesOf(this.#options.settings, server.endpoints);
    this.#followed = scopes.map((scope) => this.#follow(scope, server, merger));
    for (const { scope, reflector } of this.#followed) merger.expect(scope.resource.kind, reflector.held);
    merger.deliver();
    const { timers, random, timings } = this.#options;
    const scouting = scout(
      { client: server.client, pulse: this.#pulse, timers, random, everyMs: timings.scoutMs },
      signal,
    );
    await Promise.all([...this.#followed.map(({ reflector }) => reflector.run(signal)), this.#gauge(signal), scouting]);
  }

  /** Asks again until it is answered: nothing can be followed before. */
  async #discover(client: ApiClient, problems: Problems, signal: AbortSignal): Promise<EndpointsKind> {
    const { clock, random, timers, timings } = this.#options;
    const backOff = new BackOff(clock, random, timings.backOff);
    while (!signal.aborted) {
      try {
        const kind = await servedEndpoints(client, signal);
        problems.working(discovery);
        return kind;
      } catch (error) {
        if (signal.aborted) break;
        const failed = asApiError(error);
        problems.failing(discovery, failed);
        await pause(timers, backOff.next(failed.retryAfterMs, timings.startCapMs), signal);
      }
    }
    return 'EndpointSlice';
  }

  #follow(scope: Scope, server: Server, merger: ObjectMerger): Followed {
    const { clock, random, timers, timings, log, counters } = this.#options;
    const { resource } = scope;
    const reflector: Reflector<DecodedObject> = new Reflector({
      client: server.client,
      scope,
      listener: listenerOf(scope, server.problems, merger, () =>
        contain(() => merger.synced(resource.kind, reflector.held), log, resource.name),
      ),
      features: this.#features,
      bucket: this.#bucket,
      pulse: this.#pulse,
      clock,
      random,
      timers,
      timings,
      log,
      metrics: reflectorMetrics(counters, resource.name),
    });
    return { scope, reflector };
  }

  #observed(sink: ObjectSink): ObjectSink {
    return {
      replace: (kind, objects) => sink.replace(kind, objects),
      upsert: (object) => sink.upsert(object),
      remove: (ref) => sink.remove(ref),
      report: (origin, diagnostics) => sink.report(origin, diagnostics),
      synced: () => {
        this.#synced = true;
        sink.synced();
      },
    };
  }

  /** Ages and sizes, which nobody counts as they change. */
  async #gauge(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      for (const name of new Set(this.#followed.map(({ scope }) => scope.resource.name))) this.#gaugeResource(name);
      await pause(this.#options.timers, gaugesEveryMs, signal);
    }
  }

  #gaugeResource(name: string): void {
    const reflectors = this.#followed.filter((one) => one.scope.resource.name === name).map((one) => one.reflector);
    const set = (metric: MetricName, value: number): void => this.#options.counters.series(metric, [name]).set(value);
    const ages = reflectors.map((reflector) => reflector.ages());
    set('fairway_reflector_objects', sum(reflectors.map(({ held }) => held.size)));
    set('fairway_reflector_bytes', sum(reflectors.map(({ held }) => held.bytes)));
    set('fairway_reflector_last_contact_seconds', Math.max(...ages.map(({ contactMs }) => contactMs ?? 0)) / 1000);
    set('fairway_reflector_last_event_seconds', Math.max(...ages.map(({ eventMs }) => eventMs ?? 0)) / 1000);
  }
}

function listenerOf(
  scope: Scope,
  problems: Problems,
  merger: ObjectMerger,
  synced: () => void,
): ReflectorListener<DecodedObject> {
  const { resource } = scope;
  return {
    decode: (raw, previous) => decodeHeld(resource, raw, previous),
    upsert: (one) => merger.upsert(resource.kind, one),
    remove: (one) => merger.remove(resource.kind, one),
    // In a turn of its own: taking over and handing on many thousand objects are each long enough.
    synced: () => void setImmediate(synced),
    failing: (error) => problems.failing(scope, error),
    working: () => problems.working(scope),
  };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

/** What every source is made with. */
export type ClusterSourceTools = Pick<ClusterSourceOptions, 'settings' | 'counters' | 'log'> & {
  readonly clock: Clock;
};

/** The source of `sources/table.ts`: the API server that the settings name. */
export function openClusterSource(tools: ClusterSourceTools): ClusterSource {
  return new ClusterSource({ ...tools, connect: () => openApiClient(tools.settings, 'reflector', tools.clock) });
}
