import type { Clock } from '../lib/clock.ts';

/** One timer at a time: all that a hold-off needs of the process. */
export interface OneTimer {
  /** Calls `run` once after `ms`; the returned function takes that back. */
  after(ms: number, run: () => void): () => void;
}

export const systemTimer: OneTimer = {
  after: (ms, run) => {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};

/** How long changes are gathered. */
export interface HoldOffTimes {
  /** Silence that must follow the last change, in milliseconds. */
  readonly quietMs: number;
  /** Longest wait after the first change, in milliseconds. */
  readonly mostMs: number;
}

/** Changes of endpoints: what users feel. */
export const endpointHoldOff: HoldOffTimes = { quietMs: 10, mostMs: 100 };
/** Changes of anything else. */
export const objectHoldOff: HoldOffTimes = { quietMs: 50, mostMs: 250 };

/** Gathers changes and runs once for all of them. An urgent change brings a waiting run forward, never back. */
export class HoldOff {
  readonly #run: (firstChangeAt: number) => void;
  readonly #clock: Clock;
  readonly #timer: OneTimer;
  #firstAt = 0;
  #latest = Number.POSITIVE_INFINITY;
  #cancel: (() => void) | undefined;

  /** @param run  gets the monotonic time of the first change it covers */
  constructor(run: (firstChangeAt: number) => void, clock: Clock, timer: OneTimer) {
    this.#run = run;
    this.#clock = clock;
    this.#timer = timer;
  }

  /** Says that something changed. */
  touch(times: HoldOffTimes): void {
    const now = this.#clock.now();
    if (this.#cancel === undefined) this.#firstAt = now;
    this.#latest = Math.min(this.#latest, this.#firstAt + times.mostMs);
    this.#cancel?.();
    const due = Math.min(now + times.quietMs, this.#latest);
    this.#cancel = this.#timer.after(Math.max(0, due - now), () => this.#fire());
  }

  /** Forgets a waiting run. */
  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #fire(): void {
    this.#cancel = undefined;
    this.#latest = Number.POSITIVE_INFINITY;
    this.#run(this.#firstAt);
  }
}
