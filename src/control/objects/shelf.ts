import { keyOf } from '../../model/object-ref.ts';
import { equalData } from '../../model/update.ts';
import type { KubeObject } from './kinds.ts';

/** Above this many changes the whole order is made anew instead of mending it. */
const mendLimit = 64;

/** One object, with the newest version that was seen of it. */
interface Entry {
  readonly object: KubeObject;
  /** May be newer than `object.resourceVersion`: a version in which nothing changed that Fairway reads. */
  resourceVersion: string;
}

/**
 * All objects of one kind. An object whose content did not change stays the same object, so that the compiler can reuse
 * what it made of it by identity; the sorted list is made on reading and stays the same list until something changes.
 */
export class Shelf {
  readonly #entries = new Map<string, Entry>();
  /** Keys that were added, changed or removed since `#list` was made. */
  readonly #dirty = new Set<string>();
  #keys: string[] = [];
  #list: readonly KubeObject[] = [];
  #generation = 0;

  /** Grows with every change, and only then. */
  get generation(): number {
    return this.#generation;
  }

  /** @returns whether anything changed */
  put(object: KubeObject): boolean {
    const key = keyOf(object);
    const known = this.#entries.get(key);
    if (known !== undefined && isSame(known, object)) {
      known.resourceVersion = object.resourceVersion;
      return false;
    }
    this.#entries.set(key, { object, resourceVersion: object.resourceVersion });
    return this.#changed(key);
  }

  /** @returns whether anything changed */
  delete(key: string): boolean {
    return this.#entries.delete(key) && this.#changed(key);
  }

  /** The complete set: what is not in it is gone. @returns whether anything changed */
  replace(objects: readonly KubeObject[]): boolean {
    const before = this.#generation;
    const gone = new Set(this.#entries.keys());
    for (const object of objects) {
      gone.delete(keyOf(object));
      this.put(object);
    }
    for (const key of gone) this.delete(key);
    return this.#generation !== before;
  }

  get(key: string): KubeObject | undefined {
    return this.#entries.get(key)?.object;
  }

  /** In order of `namespace/name`, by UTF-16 code units, so that the order is the same on every machine. */
  list(): readonly KubeObject[] {
    if (this.#dirty.size > 0) {
      if (this.#dirty.size > mendLimit) this.#sort();
      else this.#mend();
      this.#dirty.clear();
    }
    return this.#list;
  }

  #changed(key: string): true {
    this.#dirty.add(key);
    this.#generation += 1;
    return true;
  }

  #sort(): void {
    this.#keys = [...this.#entries.keys()].sort();
    this.#list = this.#keys.flatMap((key) => this.#entries.get(key)?.object ?? []);
  }

  /** Puts few changes into a copy of the list: whoever holds the old list keeps it as it was. */
  #mend(): void {
    const list = [...this.#list];
    for (const key of this.#dirty) {
      const at = placeOf(this.#keys, key);
      const listed = this.#keys[at] === key ? 1 : 0;
      const object = this.#entries.get(key)?.object;
      const now = object === undefined ? [] : [object];
      list.splice(at, listed, ...now);
      if (now.length !== listed) this.#keys.splice(at, listed, ...now.map(() => key));
    }
    this.#list = list;
  }
}

/** The same version, or another one in which nothing changed that Fairway reads. */
function isSame(known: Entry, next: KubeObject): boolean {
  const { object } = known;
  if (object === next) return true;
  if (object.uid !== next.uid) return false;
  if (next.uid !== '' && next.resourceVersion !== '' && next.resourceVersion === known.resourceVersion) return true;
  return equalButVersion(object, next);
}

function equalButVersion(a: KubeObject, b: KubeObject): boolean {
  const keys = Object.keys(a);
  if (keys.length !== Object.keys(b).length) return false;
  return keys.every((key) => key === 'resourceVersion' || equalData(Reflect.get(a, key), Reflect.get(b, key)));
}

/** Index of `key` in sorted `keys`, or where it belongs. */
function placeOf(keys: readonly string[], key: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((keys[middle] ?? '') < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
