/** How far apart the moments are at which something may start; a check may be late by this much. */
export const tickMs = 100;

/**
 * Calendar of things to do, in ticks of `tickMs`: adding and taking is O(1) for any number of things, and one timer
 * serves them all.
 *
 *     tick 17 → [a, b]
 *     tick 18 → [c]
 */
export class Schedule<T> {
  readonly #ticks: Map<number, T[]> = new Map();
  #next: number;

  /** @param now  monotonic milliseconds */
  constructor(now: number) {
    this.#next = Math.floor(now / tickMs);
  }

  /** @param at  monotonic milliseconds; the past means at the next `take` */
  add(at: number, item: T): void {
    const tick = Math.max(Math.floor(at / tickMs), this.#next);
    const items = this.#ticks.get(tick);
    if (items === undefined) this.#ticks.set(tick, [item]);
    else items.push(item);
  }

  /** Everything that is due, in order; it is then no longer in the calendar. */
  take(now: number): T[] {
    const last = Math.floor(now / tickMs);
    const due: T[] = [];
    if (this.#ticks.size === 0) this.#next = Math.max(this.#next, last + 1);
    for (; this.#next <= last; this.#next += 1) {
      const items = this.#ticks.get(this.#next);
      if (items === undefined) continue;
      for (const item of items) due.push(item);
      this.#ticks.delete(this.#next);
    }
    return due;
  }
}
