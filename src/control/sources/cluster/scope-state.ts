import { messageOf } from '../../../lib/error-text.ts';
import { HeldObjects } from './held-objects.ts';
import type { Difference, Held } from './held-objects.ts';
import type { JsonObject } from './json.ts';
import type { EventOutcome } from './reflector-metrics.ts';
import type { ReflectorOptions } from './reflector-options.ts';
import type { StreamedList } from './streamed-list.ts';
import type { TurnEnd } from './turn-end.ts';
import type { Identity, WatchEvent } from './watch-event.ts';
import { identityOf } from './watch-event.ts';

/**
 * What a Reflector knows of its scope: the objects, the version they have, and what may be believed of a list or an
 * event. No I/O and no waiting, so that it can be followed with a pencil.
 */
export class ScopeState<T> {
  readonly held: HeldObjects<T>;
  readonly #options: ReflectorOptions<T>;
  /** Version from which the next watch continues; empty when a list is needed. */
  #version = '';
  /** The last version we had, for a list that must not go back in time. Survives the decision to list. */
  #lastVersion = '';
  /** Whether the next list must be the newest state, read from a quorum. */
  #fromNewest = true;
  #synced = false;
  #confirming = false;
  #badLines = { version: '', count: 0 };

  constructor(options: ReflectorOptions<T>) {
    this.#options = options;
    this.held = new HeldObjects(options.listener, options.compareVersions ?? false);
  }

  get synced(): boolean {
    return this.#synced;
  }

  get version(): string {
    return this.#version;
  }

  /** The list under way must confirm one that left out most objects. */
  get confirming(): boolean {
    return this.#confirming;
  }

  /** What the next list must not be older than; empty for the newest state. */
  get notOlderThan(): string {
    return this.#fromNewest ? '' : this.#lastVersion;
  }

  /** The next turn lists, reading the newest state: our version is gone, or no longer to be trusted. */
  needNewestList(): void {
    this.#version = '';
    this.#fromNewest = true;
  }

  /** As above, after a list that left out most objects: the next one is believed. */
  needConfirmation(): void {
    this.needNewestList();
    this.#confirming = true;
  }

  /**
   * A line that is no event: resume, so that nothing is skipped. The same version that gave three of them gives a
   * fourth: then a list must go around it.
   * @returns false when even lists cannot be streamed
   */
  badLine(): boolean {
    const count = this.#badLines.version === this.#version ? this.#badLines.count + 1 : 1;
    this.#badLines = { version: this.#version, count };
    if (count < 3) return true;
    const listing = this.#version === '';
    this.#badLines = { version: '', count: 0 };
    this.#version = '';
    return !listing;
  }

  /** The whole set is here: only what differs is applied, at once, and only when it is believable. */
  complete(objects: ReadonlyMap<string, Held<T>>, version: string): TurnEnd {
    const { listener, metrics } = this.#options;
    metrics.lists.add(1);
    const difference = this.held.difference(objects);
    if (this.#isSuspicious(difference)) return { kind: 'suspicious' };
    this.held.apply(difference);
    this.#advance(version);
    this.#fromNewest = false;
    this.#confirming = false;
    if (!this.#synced) {
      this.#synced = true;
      listener.synced();
    }
    return { kind: 'listed' };
  }

  /** One object of a list; `undefined` when it does not say who it is. */
  takeItem(object: JsonObject, bytes: number): Held<T> | undefined {
    const identity = identityOf(object, this.#options.scope.resource.namespaced);
    if (identity === undefined) return this.count('bad');
    // The same version of the same object: what we made of it is still right, and decoding again would cost.
    const known = this.held.has(identity) ? this.held.get(identity.key) : undefined;
    return known ?? this.#decoded(identity, object, bytes);
  }

  /**
   * One event of a watch.
   * @param staging  the list that the watch still streams
   * @returns how the watch ends, or `undefined` to go on
   */
  take(event: WatchEvent, bytes: number, staging: StreamedList<T> | undefined): TurnEnd | undefined {
    switch (event.kind) {
      case 'set':
        if (staging !== undefined) return staging.set(this.takeItem(event.object, bytes));
        return this.#set(event.identity, event.object, bytes);
      case 'delete':
        return staging === undefined ? this.#delete(event.identity) : staging.remove(event.identity);
      case 'bookmark':
        return this.#bookmark(event, staging);
      case 'bad-object':
        if (staging === undefined) this.#advance(event.resourceVersion);
        return this.count('bad');
      case 'error':
        return { kind: 'failed', error: event.error };
    }
  }

  count(outcome: EventOutcome): undefined {
    this.#options.metrics.event(outcome).add(1);
  }

  #set(identity: Identity, object: JsonObject, bytes: number): undefined {
    if (this.held.isStale(identity)) return this.count('stale');
    const decoded = this.held.has(identity) ? undefined : this.#decoded(identity, object, bytes);
    if (decoded !== undefined) this.held.set(decoded);
    this.count(decoded === undefined ? 'ignored' : 'applied');
    this.#advance(identity.resourceVersion);
  }

  #delete(identity: Identity): undefined {
    const applied = this.held.remove(identity);
    if (applied === 'stale') return this.count('stale');
    this.count(applied === 'applied' ? 'applied' : 'ignored');
    this.#advance(identity.resourceVersion);
  }

  #bookmark(event: WatchEvent & { kind: 'bookmark' }, staging: StreamedList<T> | undefined): TurnEnd | undefined {
    this.#options.metrics.bookmarks.add(1);
    if (staging === undefined) {
      this.#advance(event.resourceVersion);
      return undefined;
    }
    if (!event.initialEventsEnd) return undefined;
    const end = this.complete(staging.complete(this.#options.clock.now()), event.resourceVersion);
    return end.kind === 'listed' ? undefined : end;
  }

  /** `undefined` when decoding threw, which it promises not to: one object is then missing, and not all of them. */
  #decoded(identity: Identity, object: JsonObject, bytes: number): Held<T> | undefined {
    const known = this.held.get(identity.key);
    const previous = known?.uid === identity.uid ? known : undefined;
    try {
      return { ...identity, value: this.#options.listener.decode(object, previous), bytes };
    } catch (error) {
      this.count('bad');
      const { log, scope } = this.#options;
      log.error({ ...identity, error }, `an object of ${scope.resource.name} was skipped: ${messageOf(error)}`);
      return undefined;
    }
  }

  #advance(version: string): void {
    if (version === '') return;
    this.#version = version;
    this.#lastVersion = version;
  }

  /** Most of what we hold gone at once is more often a wrong server or a lost right than the truth. */
  #isSuspicious(difference: Difference<T>): boolean {
    const { vanished } = difference;
    return !this.#confirming && vanished >= 20 && vanished * 2 > this.held.size;
  }
}
