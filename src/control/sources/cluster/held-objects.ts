import type { Identity } from './watch-event.ts';

/** One object as last seen. `value` is what decoding made of it. */
export interface Held<T> extends Identity {
  readonly value: T;
  /** Length of the JSON it came in. */
  readonly bytes: number;
}

/** What `set` or `remove` did. `stale`: the server had already told us something newer. */
export type Applied = 'applied' | 'same' | 'stale' | 'unknown';

/** What a complete list would change. */
export interface Difference<T> {
  /** Gone, or the same name with another uid: the old object is gone all the same. */
  readonly removed: readonly Held<T>[];
  /** Gone without a successor of the same name. */
  readonly vanished: number;
  readonly set: readonly Held<T>[];
}

/** Where changes go. Both calls only take note and return. */
export interface HeldListener<T> {
  upsert(held: Held<T>): void;
  remove(held: Held<T>): void;
}

/**
 * The objects of one scope, by `namespace/name`, knowing two objects of one name apart by their uid. It is never
 * emptied: a new list changes only what differs.
 */
export class HeldObjects<T> {
  readonly #objects: Map<string, Held<T>> = new Map();
  readonly #listener: HeldListener<T>;
  readonly #compareVersions: boolean;
  #bytes = 0;

  /** @param compareVersions  drops events that are older than what we hold, by comparing versions as numbers */
  constructor(listener: HeldListener<T>, compareVersions: boolean) {
    this.#listener = listener;
    this.#compareVersions = compareVersions;
  }

  get size(): number {
    return this.#objects.size;
  }

  /** JSON length of all objects. */
  get bytes(): number {
    return this.#bytes;
  }

  values(): Iterable<Held<T>> {
    return this.#objects.values();
  }

  get(key: string): Held<T> | undefined {
    return this.#objects.get(key);
  }

  /** True when we hold exactly this version of exactly this object. */
  has(identity: Identity): boolean {
    const known = this.get(identity.key);
    return known?.uid === identity.uid && known.resourceVersion === identity.resourceVersion;
  }

  isStale(identity: Identity): boolean {
    const known = this.get(identity.key);
    if (!this.#compareVersions || known === undefined || known.uid !== identity.uid) return false;
    return isOlder(identity.resourceVersion, known.resourceVersion);
  }

  set(held: Held<T>): Applied {
    if (this.has(held)) return 'same';
    if (this.isStale(held)) return 'stale';
    const known = this.get(held.key);
    if (known !== undefined && known.uid !== held.uid) this.#drop(known);
    this.#put(held);
    return 'applied';
  }

  /** A deletion counts only for the object it names: its name may have a new owner. */
  remove(identity: Identity): Applied {
    const known = this.get(identity.key);
    if (known === undefined || known.uid !== identity.uid) return 'unknown';
    if (this.isStale(identity)) return 'stale';
    this.#drop(known);
    return 'applied';
  }

  /** Compares with the complete set of all objects, by key. */
  difference(complete: ReadonlyMap<string, Held<T>>): Difference<T> {
    const removed: Held<T>[] = [];
    let vanished = 0;
    for (const held of this.#objects.values()) {
      const successor = complete.get(held.key);
      if (successor?.uid !== held.uid) removed.push(held);
      if (successor === undefined) vanished += 1;
    }
    const set: Held<T>[] = [];
    for (const held of complete.values()) if (!this.has(held)) set.push(held);
    return { removed, vanished, set };
  }

  /** Makes this the complete set, at once. */
  apply(difference: Difference<T>): void {
    for (const held of difference.removed) this.#drop(held);
    for (const held of difference.set) this.#put(held);
  }

  #put(held: Held<T>): void {
    this.#bytes += held.bytes - (this.get(held.key)?.bytes ?? 0);
    this.#objects.set(held.key, held);
    this.#listener.upsert(held);
  }

  #drop(held: Held<T>): void {
    this.#bytes -= held.bytes;
    this.#objects.delete(held.key);
    this.#listener.remove(held);
  }
}

/** Versions are opaque by contract; in practice decimal numbers that grow. Anything else is never called older. */
function isOlder(version: string, known: string): boolean {
  if (!/^\d{1,19}$/.test(version) || !/^\d{1,19}$/.test(known)) return false;
  return BigInt(version) < BigInt(known);
}
