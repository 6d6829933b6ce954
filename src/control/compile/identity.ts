import { equalData } from '../../model/update.ts';

/**
 * Reuse by identity: what keeps a compilation after one small change small. The rule everywhere: unchanged inputs give
 * the same object as before, so that the next step, and at last `diffSnapshots`, sees at a glance that nothing changed.
 */

/** Whether two lists hold the same objects in the same order. */
export function sameItems<T>(a: readonly T[], b: readonly T[]): boolean {
  return a === b || (a.length === b.length && a.every((item, at) => item === b[at]));
}

/** The old list where it holds the same objects. */
export function keepItems<T>(previous: readonly T[] | undefined, next: readonly T[]): readonly T[] {
  return previous !== undefined && sameItems(previous, next) ? previous : next;
}

/** The old value where it says the same. */
export function keepEqual<T>(previous: T | undefined, next: T): T {
  return previous !== undefined && equalData(previous, next) ? previous : next;
}

/** The old map where it holds the same objects. */
export function keepEntries<K, V>(previous: ReadonlyMap<K, V> | undefined, next: ReadonlyMap<K, V>): ReadonlyMap<K, V> {
  if (previous === undefined || previous.size !== next.size) return next;
  for (const [key, value] of next) if (previous.get(key) !== value) return next;
  return previous;
}

/** Remembers the last call: the same arguments give the same result without running. */
export function rememberLast<A extends readonly unknown[], R>(make: (...input: A) => R): (...input: A) => R {
  let last: { readonly input: A; readonly result: R } | undefined;
  return (...input) => {
    if (last === undefined || !sameItems(last.input, input)) last = { input, result: make(...input) };
    return last.result;
  };
}

/** How one list differs from another. */
export interface ListChanges<T> {
  readonly removed: readonly T[];
  readonly added: readonly T[];
}

/**
 * Objects that only one of two lists holds: of a changed object the old version is removed and the new one added.
 * Lists that differ in few neighbouring places, as after one event, cost one comparison for each object.
 */
export function changedItems<T>(previous: readonly T[], next: readonly T[]): ListChanges<T> {
  if (previous === next) return { removed: [], added: [] };
  let start = 0;
  while (start < previous.length && start < next.length && previous[start] === next[start]) start += 1;
  let end = 0;
  const rest = Math.min(previous.length, next.length) - start;
  while (end < rest && previous[previous.length - 1 - end] === next[next.length - 1 - end]) end += 1;
  const before = new Set(previous.slice(start, previous.length - end));
  const after = new Set(next.slice(start, next.length - end));
  return { removed: [...before.difference(after)], added: [...after.difference(before)] };
}
