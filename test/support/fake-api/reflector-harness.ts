import { EventEmitter, once } from 'node:events';

import { ApiClient } from '../../../src/control/sources/cluster/api-client.ts';
import type { ApiTimings } from '../../../src/control/sources/cluster/api-client.ts';
import type { ApiError } from '../../../src/control/sources/cluster/api-error.ts';
import type { ClusterAccess } from '../../../src/control/sources/cluster/cluster-access.ts';
import type { Held } from '../../../src/control/sources/cluster/held-objects.ts';
import type { JsonObject } from '../../../src/control/sources/cluster/json.ts';
import { openClusterAccess } from '../../../src/control/sources/cluster/kubeconfig.ts';
import { reflectorMetrics } from '../../../src/control/sources/cluster/reflector-metrics.ts';
import type { ReflectorListener, ReflectorTimings } from '../../../src/control/sources/cluster/reflector-options.ts';
import { Reflector } from '../../../src/control/sources/cluster/reflector.ts';
import { resources } from '../../../src/control/sources/cluster/resources.ts';
import type { Scope } from '../../../src/control/sources/cluster/resources.ts';
import { ServerPulse } from '../../../src/control/sources/cluster/server-pulse.ts';
import { systemTimers } from '../../../src/control/sources/cluster/timers.ts';
import { TokenBucket } from '../../../src/control/sources/cluster/token-bucket.ts';
import { systemClock } from '../../../src/lib/clock.ts';
import { createLogger } from '../../../src/lib/logger.ts';
import { createCounters } from '../../../src/telemetry/counters.ts';
import type { MetricName } from '../../../src/telemetry/metrics.ts';
import { LogLines } from '../log-lines.ts';
import type { FakeApi } from './fake-api.ts';
import type { FakeInput } from './fake-store.ts';

/** Everything that takes seconds in production in some ten milliseconds. */
export const shortTimings: ReflectorTimings = {
  backOff: { firstMs: 20, capMs: 200, resetAfterMs: 2_000, retryAfterCapMs: 60_000 },
  startCapMs: 200,
  scoutMs: 40,
  pageSize: 10,
  watchSeconds: [600, 601],
  watchGraceMs: 30_000,
  silenceMs: 150,
  streamedListSilenceMs: 150,
  lineLimitBytes: 1024 * 1024,
  shortWatchMs: 5,
  confirmDeletionMs: 60,
  selfCheckMs: 3_600_000,
  selfCheckConfirmMs: 30,
};

export const shortApiTimings: ApiTimings = { connectMs: 200, headMs: 300, pageMs: 800, writeMs: 500 };

export const services: Scope = { resource: resources.Service, namespace: '', fieldSelector: '', labelSelector: '' };

/** What a Reflector delivered, as raw JSON, with every call in order. */
export class Mirror extends EventEmitter implements ReflectorListener<JsonObject> {
  readonly objects: Map<string, Held<JsonObject>> = new Map();
  readonly calls: string[] = [];
  readonly failures: ApiError[] = [];
  isSynced = false;
  /** Throws in the next calls of `upsert`. */
  throwing = 0;

  decode(object: JsonObject): JsonObject {
    return object;
  }

  upsert(held: Held<JsonObject>): void {
    if (this.throwing > 0) {
      this.throwing -= 1;
      throw new Error('a bug behind the store');
    }
    this.objects.set(held.name, held);
    this.#say(`set ${held.name} ${held.uid}`);
  }

  remove(held: Held<JsonObject>): void {
    this.objects.delete(held.name);
    this.#say(`remove ${held.name} ${held.uid}`);
  }

  synced(): void {
    this.isSynced = true;
    this.#say('synced');
  }

  failing(error: ApiError): void {
    this.failures.push(error);
    this.emit('change');
  }

  working(): void {
    this.emit('change');
  }

  /** Resolves as soon as this is true; asks after every call. Fails after `withinMs`. */
  async until(isTrue: (mirror: this) => boolean, withinMs: number = 5_000): Promise<void> {
    const signal = AbortSignal.timeout(withinMs);
    while (!isTrue(this)) await once(this, 'change', { signal });
  }

  names(): string[] {
    return [...this.objects.keys()].sort();
  }

  #say(call: string): void {
    this.calls.push(call);
    this.emit('change');
  }
}

export interface Harness {
  readonly mirror: Mirror;
  readonly reflector: Reflector<JsonObject>;
  readonly client: ApiClient;
  readonly log: LogLines;
  /** Sum of a metric's first values over all labels that contain `label`. */
  readonly metric: (name: MetricName, label?: string) => number;
  stop(): Promise<void>;
}

export interface HarnessOptions {
  readonly timings?: Partial<ReflectorTimings>;
  readonly apiTimings?: ApiTimings;
  readonly access?: ClusterAccess;
  readonly scope?: Scope;
  readonly compareVersions?: boolean;
  readonly streamedLists?: boolean;
}

/** A Reflector that follows the services of a fake API server. */
export function follow(api: FakeApi, options: HarnessOptions = {}): Harness {
  const log = new LogLines();
  const counters = createCounters({ timeBuckets: [1], lengthBuckets: [1], sizeBuckets: [1] });
  const client = clientOf(api, options);
  const mirror = new Mirror();
  const scope = options.scope ?? services;
  const reflector = new Reflector({
    client,
    scope,
    listener: mirror,
    features: { streamedLists: options.streamedLists ?? true },
    pulse: new ServerPulse(),
    bucket: new TokenBucket(systemClock, systemTimers, 1_000, 1_000),
    clock: systemClock,
    random: Math.random,
    timers: systemTimers,
    log: createLogger({ process: 'test', level: 'debug', destination: log }),
    metrics: reflectorMetrics(counters, scope.resource.name),
    timings: { ...shortTimings, ...options.timings },
    ...(options.compareVersions === undefined ? {} : { compareVersions: options.compareVersions }),
  });
  const stopping = new AbortController();
  const running = reflector.run(stopping.signal);
  return {
    mirror,
    reflector,
    client,
    log,
    metric: (name, label) =>
      counters
        .samples()
        .filter((sample) => sample.metric === name && (label === undefined || sample.labels.includes(label)))
        .reduce((total, sample) => total + (sample.values[0] ?? 0), 0),
    stop: async () => {
      stopping.abort();
      await running;
      client.close();
    },
  };
}

export function clientOf(api: FakeApi, options: HarnessOptions = {}): ApiClient {
  const access = options.access ?? openClusterAccess({ kubeconfig: '', apiserverHost: api.url }, systemClock, {});
  return new ApiClient({
    access,
    timers: systemTimers,
    userAgent: 'fairway (test)',
    timings: options.apiTimings ?? shortApiTimings,
  });
}

/** A Service as a user would write it. */
export function service(name: string, port: number = 80, namespace: string = 'shop'): FakeInput {
  return { metadata: { name, namespace }, spec: { type: 'ClusterIP', clusterIP: '10.0.0.1', ports: [{ port }] } };
}
