/** Deaths within this time count towards a crash loop. */
const windowMs = 60_000;
/** More deaths than this within the window are a crash loop. */
const toleratedDeaths = 5;
/** A child that lived this long did not die of its start: the next death is a first one again. */
const healthyLifeMs = 10_000;
const firstDelayMs = 125;
const longestDelayMs = 30_000;

/** When to start a child again after its death. The first time at once, then with a pause that doubles up to 30 s. */
export class Restarts {
  #inARow = 0;
  #deaths: readonly number[] = [];
  #crashLooping = false;

  /** The child dies faster than it is useful to start it; holds until one has lived for a minute. */
  get crashLooping(): boolean {
    return this.#crashLooping;
  }

  /**
   * Counts a death.
   * @param now      monotonic milliseconds
   * @param livedMs  how long the child had lived
   * @returns milliseconds to wait before the next start
   */
  died(now: number, livedMs: number): number {
    if (livedMs >= windowMs) this.#crashLooping = false;
    this.#inARow = livedMs >= healthyLifeMs ? 1 : this.#inARow + 1;
    this.#deaths = [...this.#deaths.filter((at) => now - at < windowMs), now];
    if (this.#deaths.length > toleratedDeaths) this.#crashLooping = true;
    return this.#inARow === 1 ? 0 : Math.min(longestDelayMs, firstDelayMs * 2 ** (this.#inARow - 2));
  }

  /** Tells how long the present child lives. @returns whether this ended a crash loop */
  lives(livedMs: number): boolean {
    if (!this.#crashLooping || livedMs < windowMs) return false;
    this.#crashLooping = false;
    return true;
  }
}
