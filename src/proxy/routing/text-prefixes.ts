/**
 * Longest prefix by characters. The prefixes stand in order; those that start with another one point to the longest
 * such. The prefix just before a path in this order is the answer, or starts with it, so that a look-up is a binary
 * search and a few steps up.
 */
export class TextPrefixes<T> {
  readonly #entries: readonly Entry<T>[];

  /** @param values  by prefix */
  constructor(values: ReadonlyMap<string, T>) {
    const sorted = [...values].sort(([a], [b]) => (a < b ? -1 : 1));
    const entries: Entry<T>[] = [];
    let last: Entry<T> | undefined;
    for (const [prefix, value] of sorted) {
      let shorter = last;
      while (shorter !== undefined && !prefix.startsWith(shorter.prefix)) shorter = shorter.shorter;
      last = { prefix, value, shorter };
      entries.push(last);
    }
    this.#entries = entries;
  }

  find(path: string): T | undefined {
    let from = 0;
    let to = this.#entries.length;
    while (from < to) {
      const middle = (from + to) >>> 1;
      if ((this.#entries[middle]?.prefix ?? '') <= path) from = middle + 1;
      else to = middle;
    }
    let entry = this.#entries[from - 1];
    while (entry !== undefined && !path.startsWith(entry.prefix)) entry = entry.shorter;
    return entry?.value;
  }
}

interface Entry<T> {
  readonly prefix: string;
  readonly value: T;
  /** The longest other prefix that this one starts with. */
  readonly shorter: Entry<T> | undefined;
}
