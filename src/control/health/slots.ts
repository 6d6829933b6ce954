/** Something that waits for a slot. `group` shares the slots fairly: a namespace. */
interface Waiting {
  readonly group: string;
  readonly start: () => void;
}

/**
 * Bounds how many checks run at once, and how many of one group, so that a tenant whose endpoints all hang does not
 * stop the checks of the others. Those who wait start in their order, groups in turn.
 */
export class Slots {
  readonly #limit: number;
  readonly #groupLimit: number;
  readonly #running: Map<string, number> = new Map();
  readonly #waiting: Map<string, Waiting[]> = new Map();
  #total = 0;

  /** @param limit  2 or more; one group gets at most half */
  constructor(limit: number) {
    this.#limit = limit;
    this.#groupLimit = Math.max(1, Math.floor(limit / 2));
  }

  get running(): number {
    return this.#total;
  }

  /** Calls `start` now or when a slot is free; whoever starts calls `release` once. */
  run(group: string, start: () => void): void {
    if (this.#free(group)) {
      this.#start({ group, start });
      return;
    }
    const queue = this.#waiting.get(group);
    if (queue === undefined) this.#waiting.set(group, [{ group, start }]);
    else queue.push({ group, start });
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

  #start(waiting: Waiting): void {
    this.#running.set(waiting.group, (this.#running.get(waiting.group) ?? 0) + 1);
    this.#total += 1;
    waiting.start();
  }

  #startNext(): void {
    for (const [group, queue] of this.#waiting) {
      if (!this.#free(group)) continue;
      const next = queue.shift();
      // Taken out and put back behind the others: groups take turns.
      this.#waiting.delete(group);
      if (queue.length > 0) this.#waiting.set(group, queue);
      if (next !== undefined) this.#start(next);
      return;
    }
  }
}
