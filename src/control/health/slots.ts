/** Something that needs a slot. `group` shares the slots fairly: a namespace. */
interface Grouped {
  readonly group: string;
}

/**
 * Bounds how many checks run at once, and how many of one group, so that a tenant whose endpoints all hang does not
 * stop the checks of the others. Those who wait start in their order, groups in turn.
 */
export class Slots<T extends Grouped> {
  readonly #limit: number;
  readonly #groupLimit: number;
  readonly #start: (item: T) => void;
  readonly #running: Map<string, number> = new Map();
  readonly #waiting: Map<string, T[]> = new Map();
  #total = 0;

  /**
   * @param limit  2 or more; one group gets at most half
   * @param start  gets what has a slot now; `release` must follow once for each
   */
  constructor(limit: number, start: (item: T) => void) {
    this.#limit = limit;
    this.#groupLimit = Math.max(1, Math.floor(limit / 2));
    this.#start = start;
  }

  get running(): number {
    return this.#total;
  }

  /** Starts it now, or when a slot is free. */
  run(item: T): void {
    if (this.#free(item.group)) return this.#take(item);
    const queue = this.#waiting.get(item.group);
    if (queue === undefined) this.#waiting.set(item.group, [item]);
    else queue.push(item);
  }

  release(group: string): void {
    const running = (this.#running.get(group) ?? 1) - 1;
    if (running === 0) this.#running.delete(group);
    else this.#running.set(group, running);
    this.#total -= 1;
    this.#startNext();
  }

  #free(group: string): boolean {
    return this.#total < this.#limit && (this.#running.get(group) ?? 0) < this.#groupLimit;
  }

  #take(item: T): void {
    this.#running.set(item.group, (this.#running.get(item.group) ?? 0) + 1);
    this.#total += 1;
    this.#start(item);
  }

  #startNext(): void {
    for (const [group, queue] of this.#waiting) {
      if (!this.#free(group)) continue;
      const next = queue.shift();
      // Taken out and put back behind the others: groups take turns.
      this.#waiting.delete(group);
      if (queue.length > 0) this.#waiting.set(group, queue);
      if (next !== undefined) this.#take(next);
      return;
    }
  }
}
