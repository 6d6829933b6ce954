import type { Clock } from '../../lib/clock.ts';
import type { Logger } from '../../lib/logger.ts';
import type { Random } from '../../lib/random.ts';
import { keyOf } from '../../model/object-ref.ts';
import type { Counters } from '../../telemetry/counters.ts';
import type { IngressStatus } from '../compile/compilation.ts';
import type { LoadBalancerAddress } from '../objects/kinds.ts';
import type { ApiClient } from '../sources/cluster/api-client.ts';
import { asApiError } from '../sources/cluster/api-error.ts';
import { BackOff } from '../sources/cluster/back-off.ts';
import { pathOf, resources } from '../sources/cluster/resources.ts';
import type { Timers } from '../sources/cluster/timers.ts';
import { TokenBucket } from '../sources/cluster/token-bucket.ts';
import type { LeaderElector } from './leader-election.ts';
import { WriteProblem } from './write-problem.ts';

export interface StatusWriterOptions {
  readonly client: ApiClient;
  readonly elector: Pick<LeaderElector, 'leading' | 'onChange'>;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly log: Logger;
  readonly counters: Counters;
}

/** Writes the addresses of Fairway into the status of Ingresses. */
export interface StatusWriter {
  /** Takes the whole set; writes what differs, if this replica leads. */
  update(statuses: readonly IngressStatus[]): void;
  stop(): void;
}

const writesAtOnce = 8;
const writesPerSecond = 50;
/** What we wrote comes back as an event; for so long we do not believe an older state and write again. */
const echoMs = 30_000;

/** Idempotent patches of `ingresses/status`, by the leader only, few at once and not too fast. */
export function createStatusWriter(options: StatusWriterOptions): StatusWriter {
  return new PatchingStatusWriter(options);
}

class PatchingStatusWriter implements StatusWriter {
  readonly #options: StatusWriterOptions;
  readonly #bucket: TokenBucket;
  readonly #backOff: BackOff;
  readonly #problem: WriteProblem;
  readonly #stopping: AbortController = new AbortController();
  readonly #underWay: Set<string> = new Set();
  /** What was written last, and until when it is taken for done whatever the cache says. */
  readonly #written: Map<string, { readonly text: string; readonly until: number }> = new Map();
  #statuses: ReadonlyMap<string, IngressStatus> = new Map();
  #pausedUntil = 0;
  #cancelTimer: () => void = () => {};

  constructor(options: StatusWriterOptions) {
    this.#options = options;
    const { clock, timers, random, log } = options;
    this.#bucket = new TokenBucket(clock, timers, writesPerSecond, writesPerSecond);
    this.#backOff = new BackOff(clock, random);
    this.#problem = new WriteProblem(
      'the status of Ingresses',
      { group: 'networking.k8s.io', resource: 'ingresses/status', verbs: ['patch'], role: 'the ClusterRole' },
      log,
    );
    options.elector.onChange(() => this.#pump());
  }

  update(statuses: readonly IngressStatus[]): void {
    this.#statuses = new Map(statuses.map((status) => [keyOf(status.ingress), status]));
    for (const key of this.#written.keys()) if (!this.#statuses.has(key)) this.#written.delete(key);
    this.#pump();
  }

  stop(): void {
    this.#stopping.abort();
    this.#cancelTimer();
  }

  /** Starts as many writes as may be under way. */
  #pump(): void {
    this.#cancelTimer();
    if (this.#stopping.signal.aborted || !this.#options.elector.leading()) return;
    const now = this.#options.clock.now();
    if (now < this.#pausedUntil) return this.#later(this.#pausedUntil - now);
    let waiting = false;
    for (const [key, status] of this.#statuses) {
      if (this.#underWay.size >= writesAtOnce) return;
      if (this.#underWay.has(key) || !differs(status)) continue;
      if (this.#isEcho(key, status, now)) waiting = true;
      else void this.#write(key, status);
    }
    if (waiting) this.#later(echoMs);
  }

  #later(ms: number): void {
    this.#cancelTimer = this.#options.timers.after(ms, () => this.#pump());
  }

  #isEcho(key: string, status: IngressStatus, now: number): boolean {
    const written = this.#written.get(key);
    return written !== undefined && now < written.until && written.text === textOf(status.wanted);
  }

  async #write(key: string, status: IngressStatus): Promise<void> {
    const { elector, clock, counters } = this.#options;
    const { signal } = this.#stopping;
    this.#underWay.add(key);
    try {
      await this.#bucket.take(signal);
      // The wait may have been long, and the Lease lost meanwhile.
      if (signal.aborted || !elector.leading()) return;
      await this.#patch(status, signal);
      this.#written.set(key, { text: textOf(status.wanted), until: clock.now() + echoMs });
      this.#backOff.worked();
      this.#problem.worked();
      counters.series('fairway_status_writes_total', ['ok']).add(1);
    } catch (error) {
      this.#failed(key, status, error);
    } finally {
      this.#underWay.delete(key);
      this.#pump();
    }
  }

  async #patch({ ingress, wanted }: IngressStatus, signal: AbortSignal): Promise<void> {
    await this.#options.client.send({
      method: 'PATCH',
      path: `${pathOf(resources.Ingress, ingress.namespace, ingress.name)}/status`,
      contentType: 'application/merge-patch+json',
      body: { status: { loadBalancer: { ingress: wanted } } },
      signal,
    });
  }

  #failed(key: string, status: IngressStatus, error: unknown): void {
    if (this.#stopping.signal.aborted) return;
    const { clock, counters } = this.#options;
    const failed = asApiError(error);
    counters.series('fairway_status_writes_total', ['failed']).add(1);
    // Gone meanwhile, or refused for what it is: this one alone is left for a while, the others go on.
    if (failed.status === 404 || failed.status === 422) {
      this.#written.set(key, { text: textOf(status.wanted), until: clock.now() + echoMs });
      return;
    }
    this.#problem.failed(failed);
    this.#pausedUntil = Math.max(this.#pausedUntil, clock.now() + this.#backOff.next(failed.retryAfterMs));
  }
}

/** Unknown addresses are not written: an old one is better than none. */
function differs(status: IngressStatus): boolean {
  return status.wanted.length > 0 && textOf(status.current) !== textOf(status.wanted);
}

/** Order does not matter to anybody who reads it. */
function textOf(addresses: readonly LoadBalancerAddress[]): string {
  return addresses
    .map(({ ip = '', hostname = '' }) => `${ip} ${hostname}`)
    .sort()
    .join('\n');
}
