import { randomUUID } from 'node:crypto';

import type { Clock } from '../../lib/clock.ts';
import type { Logger } from '../../lib/logger.ts';
import type { Random } from '../../lib/random.ts';
import type { ApiClient, ApiRequest } from '../sources/cluster/api-client.ts';
import { asApiError } from '../sources/cluster/api-error.ts';
import type { JsonObject } from '../sources/cluster/json.ts';
import type { Timers } from '../sources/cluster/timers.ts';
import { pause } from '../sources/cluster/timers.ts';
import type { Lease, LeaseTerms } from './lease.ts';
import { leaseOf, microTime, newLease, withTerms } from './lease.ts';
import { WriteProblem } from './write-problem.ts';

/** Milliseconds. Must hold: duration > renewal > 1.2 x retry. Source: client-go leaderelection. */
export interface ElectionTimings {
  /** How long the others leave a Lease alone that does not change. */
  readonly durationMs: number;
  /** A leader that could not renew for so long steps down. */
  readonly renewDeadlineMs: number;
  readonly retryMs: number;
  /** Leader-only writes end so long before the others may take over. */
  readonly safetyMs: number;
}

export const electionTimings: ElectionTimings = {
  durationMs: 15_000,
  renewDeadlineMs: 10_000,
  retryMs: 2_000,
  safetyMs: 2_000,
};

export interface LeaderElectorOptions {
  readonly client: ApiClient;
  /** Of the Lease. */
  readonly namespace: string;
  readonly name: string;
  readonly podName: string;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly log: Logger;
  readonly timings?: ElectionTimings;
}

/** Who may write status and Events. Traffic never depends on it: every replica serves from what it knows. */
export interface LeaderElector {
  /** True while this replica leads and its Lease is fresh. To be asked before every leader-only write. */
  leading(): boolean;
  /** Identity of the leader as last seen; empty when there is none. */
  holder(): string;
  onChange(listener: (leading: boolean) => void): void;
  /** Stops leading, then gives the Lease back, so that a successor need not wait for its end. */
  stop(): Promise<void>;
}

/** Candidate for one Lease from now on until `stop`. @throws Error for timings that cannot work */
export function createLeaderElector(options: LeaderElectorOptions): LeaderElector {
  const { durationMs, renewDeadlineMs, retryMs } = options.timings ?? electionTimings;
  if (durationMs <= renewDeadlineMs || renewDeadlineMs <= retryMs * (1 + retryJitter)) {
    throw new Error('an election needs duration > renewal deadline > 1.2 x retry period');
  }
  const elector = new LeaseElector(options);
  elector.start();
  return elector;
}

/** For a single replica that needs no Lease (`--disable-leader-election`). */
export function alwaysLeading(podName: string): LeaderElector {
  return { leading: () => true, holder: () => podName, onChange: () => {}, stop: () => Promise.resolve() };
}

/** Longest wait for each of the two requests that give a Lease back. */
const releaseMs = 2_000;
const retryJitter = 0.2;
/** Over so long candidates spread when a Lease ends. */
const endSpreadMs = 200;

class LeaseElector implements LeaderElector {
  readonly #options: LeaderElectorOptions;
  readonly #timings: ElectionTimings;
  readonly #identity: string;
  readonly #problem: WriteProblem;
  readonly #listeners: ((leading: boolean) => void)[] = [];
  readonly #stopping: AbortController = new AbortController();
  #running: Promise<void> = Promise.resolve();
  #holding = false;
  /** When the request of the last renewal was sent: the others count from when they see it, which is later. */
  #renewedAt = 0;
  #observed: Lease | undefined;
  /** When we saw the record change. Only our own clock counts. */
  #observedAt = 0;
  /** The Lease as we wrote it; while it is there a renewal needs no read. */
  #own: JsonObject | undefined;
  #cancelDeadline: () => void = () => {};

  constructor(options: LeaderElectorOptions) {
    this.#options = options;
    this.#timings = options.timings ?? electionTimings;
    this.#identity = `${options.podName}_${randomUUID()}`;
    this.#problem = new WriteProblem(
      `the Lease ${options.namespace}/${options.name}`,
      {
        group: 'coordination.k8s.io',
        resource: 'leases',
        verbs: ['create', 'get', 'update', 'patch'],
        role: `the Role in namespace ${options.namespace}`,
      },
      options.log,
    );
  }

  start(): void {
    this.#running = this.#run(this.#stopping.signal);
  }

  /** Also false after a stall of the whole process, before any timer had a chance to fire. */
  leading(): boolean {
    const { durationMs, safetyMs } = this.#timings;
    return this.#holding && this.#options.clock.now() - this.#renewedAt < durationMs - safetyMs;
  }

  holder(): string {
    return this.#observed?.holder ?? '';
  }

  onChange(listener: (leading: boolean) => void): void {
    this.#listeners.push(listener);
  }

  async stop(): Promise<void> {
    if (this.#stopping.signal.aborted) return this.#running;
    this.#stopping.abort();
    this.#stepDown('this replica is shutting down');
    await this.#running;
    await this.#release().catch((error: unknown) => {
      this.#options.log.debug({ error }, 'the Lease could not be given back; it ends by itself');
    });
  }

  async #run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#attempt(signal);
      await pause(this.#options.timers, this.#nextTryMs(), signal);
    }
  }

  /** Candidates spread, so that a hundred of them do not ask in the same moment, and are there when the Lease ends. */
  #nextTryMs(): number {
    const { clock, random } = this.#options;
    const { retryMs } = this.#timings;
    if (this.#holding) return retryMs;
    const regular = retryMs * (1 + retryJitter * random());
    const leftMs =
      this.#observed === undefined ? 0 : this.#observedAt + durationOf(this.#observed, this.#timings) - clock.now();
    return leftMs > 0 ? Math.min(regular, leftMs + 1 + endSpreadMs * random()) : regular;
  }

  async #attempt(signal: AbortSignal): Promise<void> {
    try {
      await (this.#own === undefined ? this.#askAndTake(signal) : this.#renew(this.#own, signal));
      this.#problem.worked();
    } catch (error) {
      // Whatever went wrong, what we know of the Lease may be old: ask before the next try.
      this.#own = undefined;
      const failed = asApiError(error);
      if (!signal.aborted && failed.status !== 409) this.#problem.failed(failed);
    }
  }

  async #askAndTake(signal: AbortSignal): Promise<void> {
    const lease = await this.#read(signal, this.#deadlineMs);
    if (lease === undefined) return this.#write(undefined, signal);
    this.#observe(lease);
    if (lease.holder === this.#identity) return this.#renew(lease.raw, signal);
    if (this.#holding) this.#stepDown(`${lease.holder} holds the Lease`);
    if (lease.holder === '' || this.#isExpired(lease)) await this.#write(lease, signal);
  }

  #renew(own: JsonObject, signal: AbortSignal): Promise<void> {
    return this.#write(leaseOf(own), signal);
  }

  /** The holder may only be slow: what counts is for how long we have seen nothing new. */
  #isExpired(lease: Lease): boolean {
    return this.#options.clock.now() - this.#observedAt > durationOf(lease, this.#timings);
  }

  #observe(lease: Lease): void {
    if (lease.record !== this.#observed?.record) this.#observedAt = this.#options.clock.now();
    this.#observed = lease;
  }

  /** Creates, takes or renews. A conflict means that somebody was faster. */
  async #write(known: Lease | undefined, signal: AbortSignal): Promise<void> {
    const { client, clock, namespace, name } = this.#options;
    const sentAt = clock.now();
    const terms = this.#termsAfter(known);
    const request: ApiRequest =
      known === undefined
        ? { method: 'POST', path: leasePath(namespace), body: newLease(namespace, name, terms), signal }
        : { method: 'PUT', path: leasePath(namespace, name), body: withTerms(known.raw, terms), signal };
    const written = leaseOf(await client.send(request, this.#deadlineMs));
    if (signal.aborted) return;
    this.#observe(written);
    this.#own = written.raw;
    this.#renewed(sentAt);
  }

  #termsAfter(known: Lease | undefined): LeaseTerms {
    const now = microTime(this.#options.clock.wall());
    const ours = known?.holder === this.#identity;
    return {
      holder: this.#identity,
      durationSeconds: Math.ceil(this.#timings.durationMs / 1000),
      transitions: (known?.transitions ?? 0) + (ours || known === undefined ? 0 : 1),
      acquireTime: ours ? known.acquireTime : now,
      renewTime: now,
    };
  }

  #renewed(sentAt: number): void {
    const { clock, timers, log } = this.#options;
    this.#renewedAt = sentAt;
    this.#cancelDeadline();
    const left = sentAt + this.#timings.renewDeadlineMs - clock.now();
    this.#cancelDeadline = timers.after(Math.max(0, left), () => this.#stepDown('the Lease could not be renewed'));
    if (this.#holding) return;
    this.#holding = true;
    log.info({ identity: this.#identity }, 'this replica leads: it writes status and Events');
    this.#announce(true);
  }

  /** First stops, then tells. */
  #stepDown(why: string): void {
    this.#cancelDeadline();
    if (!this.#holding) return;
    this.#holding = false;
    this.#own = undefined;
    this.#options.log.info({ identity: this.#identity }, `this replica leads no longer: ${why}`);
    this.#announce(false);
  }

  #announce(leading: boolean): void {
    for (const listener of this.#listeners) listener(leading);
  }

  /** Asks first: a write that was cut off by the stop may have succeeded. */
  async #release(): Promise<void> {
    const { client, clock, namespace, name } = this.#options;
    const { signal } = new AbortController();
    const lease = await this.#read(signal, releaseMs);
    if (lease?.holder !== this.#identity) return;
    const now = microTime(clock.wall());
    const terms = { holder: '', durationSeconds: 1, transitions: lease.transitions, acquireTime: now, renewTime: now };
    const request: ApiRequest = {
      method: 'PUT',
      path: leasePath(namespace, name),
      body: withTerms(lease.raw, terms),
      signal,
    };
    this.#observed = leaseOf(await client.send(request, releaseMs));
  }

  async #read(signal: AbortSignal, deadlineMs: number): Promise<Lease | undefined> {
    const { client, namespace, name } = this.#options;
    try {
      return leaseOf(await client.send({ method: 'GET', path: leasePath(namespace, name), signal }, deadlineMs));
    } catch (error) {
      if (asApiError(error).status === 404) return undefined;
      throw error;
    }
  }

  get #deadlineMs(): number {
    return this.#timings.renewDeadlineMs / 2;
  }
}

/** As its holder says, who may have other timings than we. */
function durationOf(lease: Lease, timings: ElectionTimings): number {
  return lease.durationSeconds > 0 ? lease.durationSeconds * 1000 : timings.durationMs;
}

function leasePath(namespace: string, name?: string): string {
  const collection = `/apis/coordination.k8s.io/v1/namespaces/${encodeURIComponent(namespace)}/leases`;
  return name === undefined ? collection : `${collection}/${encodeURIComponent(name)}`;
}
