import type { Clock } from '../../lib/clock.ts';
import type { Logger } from '../../lib/logger.ts';
import type { Random } from '../../lib/random.ts';
import type { Diagnostic, Severity } from '../../model/diagnostic.ts';
import type { Counters } from '../../telemetry/counters.ts';
import type { ObjectView } from '../objects/object-store.ts';
import type { ApiClient } from '../sources/cluster/api-client.ts';
import { asApiError } from '../sources/cluster/api-error.ts';
import { BackOff } from '../sources/cluster/back-off.ts';
import type { Timers } from '../sources/cluster/timers.ts';
import { TokenBucket } from '../sources/cluster/token-bucket.ts';
import type { EventReporter, WantedEvent } from './event-object.ts';
import { eventOf } from './event-object.ts';
import type { LeaderElector } from './leader-election.ts';
import { microTime } from './lease.ts';
import { WriteProblem } from './write-problem.ts';

export interface EventWriterOptions {
  readonly client: ApiClient;
  readonly elector: Pick<LeaderElector, 'leading' | 'onChange'>;
  readonly reporter: EventReporter;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly log: Logger;
  readonly counters: Counters;
}

/** Writes an Event on the object for each diagnostic. */
export interface EventWriter {
  /** Takes the whole set of open diagnostics; `objects` knows the uids. */
  update(diagnostics: readonly Diagnostic[], objects: Pick<ObjectView, 'get'>): void;
  stop(): void;
}

/** Events for more diagnostics than this are not written; the admin page shows all. */
const openLimit = 2_000;
const perSecond = 1;
const burst = 25;
const perObjectPerSecond = 1 / 60;
const perObjectBurst = 10;
/** An API server forgets an Event after an hour; shortly before, one that is still true is renewed. */
const renewMs = 55 * 60_000;

/** What has been written of one Event. */
interface Written {
  /** How often it was said, with the first time. */
  count: number;
  /** When it is to be said again if it is still true; never is Infinity. */
  dueAt: number;
}

/**
 * One Event per open diagnostic, by the leader only. What stays wrong is not repeated: its one Event is kept alive, and
 * counts. What was mended and comes back within the hour counts in the Event that is there.
 */
export function createEventWriter(options: EventWriterOptions): EventWriter {
  return new PacedEventWriter(options);
}

class PacedEventWriter implements EventWriter {
  readonly #options: EventWriterOptions;
  readonly #bucket: TokenBucket;
  readonly #objectBuckets: Map<string, TokenBucket> = new Map();
  readonly #backOff: BackOff;
  readonly #problem: WriteProblem;
  readonly #stopping: AbortController = new AbortController();
  readonly #written: Map<string, Written> = new Map();
  #wanted: ReadonlyMap<string, WantedEvent> = new Map();
  #writing = false;
  #dropped = 0;
  #pausedUntil = 0;
  #cancelTimer: () => void = () => {};

  constructor(options: EventWriterOptions) {
    this.#options = options;
    const { clock, timers, random, log } = options;
    this.#bucket = new TokenBucket(clock, timers, perSecond, burst);
    this.#backOff = new BackOff(clock, random);
    this.#problem = new WriteProblem(
      'Events',
      { group: 'events.k8s.io', resource: 'events', verbs: ['create', 'patch'], role: 'the ClusterRole' },
      log,
    );
    options.elector.onChange(() => this.#pump());
  }

  update(diagnostics: readonly Diagnostic[], objects: Pick<ObjectView, 'get'>): void {
    const { reporter } = this.#options;
    const worstFirst = diagnostics.toSorted((a, b) => rank[a.severity] - rank[b.severity]);
    this.#countDropped(Math.max(0, worstFirst.length - openLimit));
    const events = worstFirst.slice(0, openLimit).flatMap((one) => eventOf(one, objects, reporter) ?? []);
    const wanted = new Map(events.map((event) => [event.name, event]));
    for (const key of wanted.keys()) if (!this.#wanted.has(key)) this.#reopened(key);
    this.#wanted = wanted;
    this.#forget();
    this.#pump();
  }

  stop(): void {
    this.#stopping.abort();
    this.#cancelTimer();
  }

  #countDropped(dropped: number): void {
    const more = dropped - this.#dropped;
    this.#dropped = dropped;
    if (more > 0) this.#options.counters.series('fairway_events_written_total', ['dropped']).add(more);
  }

  /** Mended, and wrong again: that is news. */
  #reopened(key: string): void {
    const written = this.#written.get(key);
    if (written !== undefined) written.dueAt = 0;
  }

  /** Memory of Events that the API server has forgotten as well. */
  #forget(): void {
    const now = this.#options.clock.now();
    for (const [key, { dueAt }] of this.#written) {
      if (!this.#wanted.has(key) && (dueAt < now || this.#written.size > 2 * openLimit)) this.#written.delete(key);
    }
    if (this.#objectBuckets.size > 2 * openLimit) this.#objectBuckets.clear();
  }

  /** Writes one Event after the other, as fast as the limits allow. */
  #pump(): void {
    if (this.#writing || this.#stopping.signal.aborted) return;
    this.#cancelTimer();
    const event = this.#next();
    if (event === undefined) return;
    this.#writing = true;
    void this.#paced(event).finally(() => {
      this.#writing = false;
      this.#pump();
    });
  }

  async #paced(event: WantedEvent): Promise<void> {
    const { signal } = this.#stopping;
    await this.#bucket.take(signal);
    // The wait may have been long: neither the Lease nor the diagnostic need still be there.
    if (signal.aborted || !this.#options.elector.leading() || !this.#wanted.has(event.name)) return;
    await this.#write(event, signal);
  }

  /** The next Event that is due; sets the alarm when there is none. */
  #next(): WantedEvent | undefined {
    const now = this.#options.clock.now();
    if (!this.#options.elector.leading()) return undefined;
    if (now < this.#pausedUntil) return this.#alarm(this.#pausedUntil - now);
    let held = false;
    for (const [key, event] of this.#wanted) {
      if ((this.#written.get(key)?.dueAt ?? 0) > now) continue;
      if (this.#bucketOf(event.about).tryTake()) return event;
      held = true;
    }
    return this.#alarm(held ? 10_000 : 60_000);
  }

  #alarm(ms: number): undefined {
    this.#cancelTimer = this.#options.timers.after(ms, () => this.#pump());
  }

  #bucketOf(about: string): TokenBucket {
    const { clock, timers } = this.#options;
    const bucket = this.#objectBuckets.get(about) ?? new TokenBucket(clock, timers, perObjectPerSecond, perObjectBurst);
    this.#objectBuckets.set(about, bucket);
    return bucket;
  }

  async #write(event: WantedEvent, signal: AbortSignal): Promise<void> {
    const { clock, counters } = this.#options;
    const known = this.#written.get(event.name);
    try {
      const count = known === undefined ? await this.#create(event, signal) : await this.#renew(event, known, signal);
      this.#written.set(event.name, { count, dueAt: clock.now() + renewMs });
      this.#backOff.worked();
      this.#problem.worked();
      counters.series('fairway_events_written_total', ['ok']).add(1);
    } catch (error) {
      this.#failed(event, error);
    }
  }

  /** @returns how often it has been said; another leader may have said it before us */
  async #create(event: WantedEvent, signal: AbortSignal): Promise<number> {
    const { client, clock } = this.#options;
    const eventTime = microTime(clock.wall());
    try {
      await client.send({ method: 'POST', path: pathOf(event), body: { ...event.body, eventTime }, signal });
    } catch (error) {
      if (asApiError(error).status !== 409) throw error;
    }
    return 1;
  }

  async #renew(event: WantedEvent, known: Written, signal: AbortSignal): Promise<number> {
    const { client, clock } = this.#options;
    const count = known.count + 1;
    try {
      await client.send({
        method: 'PATCH',
        path: pathOf(event, event.name),
        contentType: 'application/merge-patch+json',
        body: { series: { count, lastObservedTime: microTime(clock.wall()) } },
        signal,
      });
      return count;
    } catch (error) {
      // The API server has forgotten it, and so do we.
      if (asApiError(error).status !== 404) throw error;
      return this.#create(event, signal);
    }
  }

  #failed(event: WantedEvent, error: unknown): void {
    if (this.#stopping.signal.aborted) return;
    const { clock, counters } = this.#options;
    const failed = asApiError(error);
    counters.series('fairway_events_written_total', ['failed']).add(1);
    // Its namespace is going, or the server does not like this one: that does not change by trying again.
    if (failed.status === 404 || failed.status === 422 || failed.status === 400) {
      this.#written.set(event.name, { count: 0, dueAt: clock.now() + renewMs });
      return;
    }
    this.#problem.failed(failed);
    this.#pausedUntil = clock.now() + this.#backOff.next(failed.retryAfterMs);
  }
}

const rank: Readonly<Record<Severity, number>> = { error: 0, warning: 1, info: 2 };

function pathOf(event: WantedEvent, name?: string): string {
  const collection = `/apis/events.k8s.io/v1/namespaces/${encodeURIComponent(event.namespace)}/events`;
  return name === undefined ? collection : `${collection}/${encodeURIComponent(name)}`;
}
