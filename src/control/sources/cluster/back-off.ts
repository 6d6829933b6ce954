import type { Clock } from '../../../lib/clock.ts';
import { withJitter } from '../../../lib/random.ts';
import type { Random } from '../../../lib/random.ts';

/** How long to wait between tries. Milliseconds. */
export interface BackOffTimings {
  /** First delay, before jitter. */
  readonly firstMs: number;
  /** No delay is longer than this, jitter included. */
  readonly capMs: number;
  /** So long without a failure, and the next one starts at `firstMs` again. */
  readonly resetAfterMs: number;
  /** Most that a server's `Retry-After` is believed. */
  readonly retryAfterCapMs: number;
}

/** Those of client-go, with more jitter so that replicas do not come back together. */
export const backOffTimings: BackOffTimings = {
  firstMs: 800,
  capMs: 30_000,
  resetAfterMs: 120_000,
  retryAfterCapMs: 60_000,
};

const jitterShare = 0.5;

/** Growing, jittered delays for one thing that is tried again and again; grows by two, jitter ±50 %. */
export class BackOff {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #timings: BackOffTimings;
  #step = 0;
  #workingSince: number | undefined;

  constructor(clock: Clock, random: Random, timings: BackOffTimings = backOffTimings) {
    this.#clock = clock;
    this.#random = random;
    this.#timings = timings;
  }

  /** Say this whenever the thing works; the first word after a failure counts. */
  worked(): void {
    this.#workingSince ??= this.#clock.now();
  }

  /**
   * Milliseconds to wait after one more failure.
   * @param retryAfterMs  what the server asked for, 0 if nothing
   * @param capMs  a lower cap than usual
   */
  next(retryAfterMs = 0, capMs: number = this.#timings.capMs): number {
    if (this.#healthyMs() >= this.#timings.resetAfterMs) this.#step = 0;
    this.#workingSince = undefined;
    // The cap counts after jitter, so that whoever comes back last is still back after `capMs`.
    const base = Math.min(this.#timings.firstMs * 2 ** this.#step, capMs / (1 + jitterShare));
    this.#step = Math.min(this.#step + 1, 30);
    return Math.max(withJitter(base, jitterShare, this.#random), Math.min(retryAfterMs, this.#timings.retryAfterCapMs));
  }

  #healthyMs(): number {
    return this.#workingSince === undefined ? 0 : this.#clock.now() - this.#workingSince;
  }
}
