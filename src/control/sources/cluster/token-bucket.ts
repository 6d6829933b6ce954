import type { Clock } from '../../../lib/clock.ts';
import type { Timers } from './timers.ts';
import { pause } from './timers.ts';

/**
 * Limits how often something starts: `burst` at once, then `perSecond`. Waiters go in the order in which they came.
 * Source: client-go's default limiter, 5 per second and a burst of 10.
 */
export class TokenBucket {
  readonly #clock: Clock;
  readonly #timers: Timers;
  readonly #perMs: number;
  readonly #burst: number;
  #tokens: number;
  #filledAt: number;

  constructor(clock: Clock, timers: Timers, perSecond: number, burst: number) {
    this.#clock = clock;
    this.#timers = timers;
    this.#perMs = perSecond / 1000;
    this.#burst = burst;
    this.#tokens = burst;
    this.#filledAt = clock.now();
  }

  /** Takes one token if there is one. */
  tryTake(): boolean {
    this.#fill();
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }

  /** Resolves when it is this caller's turn, or when `signal` aborts. */
  async take(signal: AbortSignal): Promise<void> {
    this.#fill();
    // Below zero is debt: the next one waits longer, which keeps the order without a queue.
    this.#tokens -= 1;
    if (this.#tokens < 0) await pause(this.#timers, -this.#tokens / this.#perMs, signal);
  }

  #fill(): void {
    const now = this.#clock.now();
    this.#tokens = Math.min(this.#burst, this.#tokens + (now - this.#filledAt) * this.#perMs);
    this.#filledAt = now;
  }
}
