import { messageOf } from '../../../lib/error-text.ts';
import { withJitter } from '../../../lib/random.ts';
import type { ApiError } from './api-error.ts';
import { asApiError, isGone } from './api-error.ts';
import { containedListener } from './contained-listener.ts';
import type { HeldObjects } from './held-objects.ts';
import { listPages } from './list-pages.ts';
import type { WatchEnd } from './read-watch.ts';
import { readWatch } from './read-watch.ts';
import { RecoveryPace, troubleOf } from './recovery-pace.ts';
import type { ReflectorOptions } from './reflector-options.ts';
import { describeScope, pathOf, selectorsOf } from './resources.ts';
import { ScopeState } from './scope-state.ts';
import { differsFromServer } from './self-check.ts';
import { StreamedList } from './streamed-list.ts';
import { pause } from './timers.ts';
import type { TurnEnd } from './turn-end.ts';
import { readWatchEvent } from './watch-event.ts';

/**
 * Keeps the objects of one scope as the API server has them: lists once, then follows a watch, and takes up a lost
 * watch where it ended.
 *
 *     LIST ──► WATCH ◄──┐ ended, cut, stalled: again from the last version
 *      ▲        │ └─────┘
 *      └────────┘ 410 Gone, or one version gave three bad lines: a new list, of which only the differences count
 *
 * What is held is never thrown away because of an error. At most one request is under way (two during a self-check).
 */
export class Reflector<T> {
  readonly #options: ReflectorOptions<T>;
  readonly #state: ScopeState<T>;
  readonly #pace: RecoveryPace;
  #turn: AbortController = new AbortController();
  #lostAt: number | undefined;
  #lastContactAt: number | undefined;
  #lastEventAt: number | undefined;

  constructor(options: ReflectorOptions<T>) {
    const listener = containedListener(options.listener, options.log, options.scope.resource.name);
    this.#options = { ...options, listener };
    this.#state = new ScopeState(this.#options);
    this.#pace = new RecoveryPace(options);
  }

  get synced(): boolean {
    return this.#state.synced;
  }

  get held(): Pick<HeldObjects<T>, 'size' | 'bytes' | 'values' | 'get'> {
    return this.#state.held;
  }

  /** Milliseconds since the last byte from the server, and since the last event; undefined before the first. */
  ages(): { readonly contactMs: number | undefined; readonly eventMs: number | undefined } {
    const age = (at: number | undefined): number | undefined =>
      at === undefined ? undefined : this.#options.clock.now() - at;
    return { contactMs: age(this.#lastContactAt), eventMs: age(this.#lastEventAt) };
  }

  /** Follows until `signal` aborts. @throws never */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all([this.#follow(signal), this.#checkItself(signal)]);
  }

  /** Asks for the newest complete list as soon as possible, whatever is going on. */
  relist(): void {
    this.#state.needNewestList();
    this.#turn.abort();
  }

  async #follow(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      this.#turn = new AbortController();
      const end = await this.#oneTurn(AbortSignal.any([signal, this.#turn.signal]));
      if (signal.aborted) return;
      await this.#recover(this.#turn.signal.aborted ? { kind: 'relist' } : end, signal);
    }
  }

  async #oneTurn(signal: AbortSignal): Promise<TurnEnd> {
    const { bucket, features } = this.#options;
    await bucket.take(signal);
    try {
      if (this.#state.version !== '') return await this.#watch(undefined, signal);
      // A confirmation is a list of pages: another way to ask the same question.
      const streamed = features.streamedLists && !this.#state.confirming;
      return streamed ? await this.#watch(new StreamedList(), signal) : await this.#list(signal);
    } catch (error) {
      return { kind: 'failed', error: asApiError(error) };
    }
  }

  async #list(signal: AbortSignal): Promise<TurnEnd> {
    const { client, scope, timings, clock, metrics, listener } = this.#options;
    const startedAt = clock.now();
    const result = await listPages<T>({
      client,
      scope,
      pageSize: timings.pageSize,
      notOlderThan: this.#state.notOlderThan,
      signal,
      take: (item, bytes) => this.#state.takeItem(item, bytes),
      retry: (error) => this.#waitAfter(error, signal),
    });
    this.#lastContactAt = clock.now();
    metrics.listSeconds.add((clock.now() - startedAt) / 1000);
    this.#pace.worked();
    listener.working();
    return this.#state.complete(result.objects, result.resourceVersion);
  }

  /** @param list  takes the objects with which the watch begins, when it begins with a list */
  async #watch(list: StreamedList<T> | undefined, signal: AbortSignal): Promise<TurnEnd> {
    const { client, scope, timings, clock, timers, random, metrics } = this.#options;
    const [from, below] = timings.watchSeconds;
    const seconds = Math.floor(from + (below - from) * random());
    const startedAt = clock.now();
    let bookmarks = false;
    let stopped: TurnEnd | undefined;
    metrics.watches.add(1);
    const end = await readWatch({
      client,
      request: {
        method: 'GET',
        path: pathOf(scope.resource, scope.namespace),
        query: { ...selectorsOf(scope), ...this.#watchQuery(list), timeoutSeconds: String(seconds) },
        signal,
      },
      clock,
      timers,
      lineLimitBytes: timings.lineLimitBytes,
      hardStopMs: seconds * 1000 + timings.watchGraceMs,
      silenceMs: () => {
        if (list?.pending === true) return timings.streamedListSilenceMs;
        return bookmarks ? timings.silenceMs : 0;
      },
      opened: () => {
        if (list === undefined) this.#following();
      },
      contact: () => {
        this.#lastContactAt = clock.now();
      },
      take: (line, bytes) => {
        const event = readWatchEvent(line, scope.resource.namespaced);
        bookmarks ||= event?.kind === 'bookmark';
        const staging = list?.pending === true ? list : undefined;
        stopped = event === undefined ? { kind: 'line' } : this.#state.take(event, bytes, staging);
        this.#lastEventAt = clock.now();
        if (staging?.pending === false && stopped === undefined) this.#listStreamed(staging, startedAt);
        return stopped === undefined;
      },
    }).catch((error: unknown) => refusedWatch(asApiError(error), list));
    this.#lostAt ??= clock.now();
    metrics.watchSeconds.add((clock.now() - startedAt) / 1000);
    return stopped ?? turnEndOf(end, list, clock.now() - startedAt);
  }

  #watchQuery(list: StreamedList<T> | undefined): Record<string, string> {
    const query = { watch: '1', allowWatchBookmarks: 'true' };
    if (list === undefined) return { ...query, resourceVersion: this.#state.version };
    const from = this.#state.notOlderThan;
    const streamed = { ...query, sendInitialEvents: 'true', resourceVersionMatch: 'NotOlderThan' };
    return from === '' ? streamed : { ...streamed, resourceVersion: from };
  }

  #listStreamed(list: StreamedList<T>, startedAt: number): void {
    this.#options.metrics.listSeconds.add((list.doneAt - startedAt) / 1000);
    this.#following();
  }

  /** From here on a watch brings us all that happens. */
  #following(): void {
    const { clock, metrics, listener } = this.#options;
    this.#lastContactAt = clock.now();
    this.#pace.worked();
    listener.working();
    if (this.#lostAt !== undefined) metrics.gapSeconds.add((clock.now() - this.#lostAt) / 1000);
    this.#lostAt = undefined;
  }

  /** Decides what the next turn does, and waits as long as it must. What is held stays as it is. */
  async #recover(end: TurnEnd, signal: AbortSignal): Promise<void> {
    const { metrics, timings, timers, features } = this.#options;
    switch (end.kind) {
      case 'listed':
      case 'relist':
        return;
      case 'ended':
        if (end.livedMs >= timings.shortWatchMs) return;
        return this.#pace.wait('broken', 0, !this.synced, signal);
      case 'stall':
        metrics.failure('stall').add(1);
        return;
      case 'unsupported':
        features.streamedLists = false;
        return;
      case 'line':
        metrics.failure('line').add(1);
        if (!this.#state.badLine()) features.streamedLists = false;
        return this.#pace.wait('broken', 0, !this.synced, signal);
      case 'suspicious':
        this.#holdDeletion();
        return pause(timers, timings.confirmDeletionMs, signal);
      case 'failed':
        return this.#failed(end.error, signal);
    }
  }

  async #failed(error: ApiError, signal: AbortSignal): Promise<void> {
    const gone = isGone(error);
    this.#options.metrics.failure(gone ? 'gone' : error.failure === 'status' ? 'status' : 'network').add(1);
    // 400 and 422: the server cannot read the version that some object gave us.
    if (gone || error.status === 400 || error.status === 422) this.#state.needNewestList();
    await this.#waitAfter(error, signal);
  }

  #holdDeletion(): void {
    const { log, scope, metrics, client, timings } = this.#options;
    const { size } = this.#state.held;
    metrics.heldDeletions.add(1);
    this.#state.needConfirmation();
    log.warn(
      { resource: scope.resource.name, held: size },
      `a new list of ${describeScope(scope)} from ${client.server} leaves out most of the ${size} objects; ` +
        `they stay until a second list confirms it in ${timings.confirmDeletionMs / 1000} s`,
    );
  }

  async #waitAfter(error: ApiError, signal: AbortSignal): Promise<void> {
    // When we were asked to stop, the failure is ours and not the server's.
    if (signal.aborted) return;
    this.#options.listener.failing(error);
    await this.#pace.wait(troubleOf(error), error.retryAfterMs, !this.synced, signal);
  }

  /** A watch that silently loses events would be a rumour; this makes it a number, and repairs it. */
  async #checkItself(signal: AbortSignal): Promise<void> {
    const { timers, timings, random, log, metrics, scope } = this.#options;
    while (!signal.aborted) {
      await pause(timers, withJitter(timings.selfCheckMs, 0.2, random), signal);
      if (signal.aborted || this.#state.version === '') continue;
      const differences = await differsFromServer(this.#options, this.#state.held, signal).catch((error: unknown) => {
        log.debug({ resource: scope.resource.name }, `self-check was not possible: ${messageOf(error)}`);
        return 0;
      });
      if (differences === 0 || signal.aborted) continue;
      metrics.divergences.add(1);
      log.warn(
        { resource: scope.resource.name, differences },
        `the watch of ${describeScope(scope)} missed changes of ${differences} objects: listing anew`,
      );
      this.relist();
    }
  }
}

function turnEndOf<T>(end: WatchEnd | TurnEnd, list: StreamedList<T> | undefined, livedMs: number): TurnEnd {
  switch (end.kind) {
    case 'ended':
      return { kind: 'ended', livedMs };
    case 'cut':
      return { kind: 'failed', error: end.error };
    case 'stopped':
      return { kind: 'listed' };
    case 'stall':
      // Servers before 1.27 take no notice of `sendInitialEvents` and never say that the list is complete.
      return { kind: list?.pending === true ? 'unsupported' : 'stall' };
    case 'failed':
      return end;
    case 'line':
    case 'unsupported':
    case 'listed':
    case 'suspicious':
    case 'relist':
      return { kind: end.kind };
  }
}

/** 400 and 422 come from a server that cannot stream lists; anything else is a failure. */
function refusedWatch<T>(error: ApiError, list: StreamedList<T> | undefined): TurnEnd {
  const refused = error.status === 400 || error.status === 422;
  return list !== undefined && refused ? { kind: 'unsupported' } : { kind: 'failed', error };
}
