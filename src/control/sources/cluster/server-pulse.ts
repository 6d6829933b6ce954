import type { Timers } from './timers.ts';
import { pause } from './timers.ts';

/**
 * Tells those who wait for a server that is away that somebody has reached it again. Each asks at its own pace; the
 * first answer ends the waiting of all, so that the state after an outage is there seconds after the server, without
 * anybody asking more often.
 */
export class ServerPulse {
  #back: AbortController = new AbortController();

  /** The server, which was away, answers. */
  beat(): void {
    const back = this.#back;
    this.#back = new AbortController();
    back.abort();
  }

  /** Resolves after `ms`, with the next beat, or when `signal` aborts. */
  wait(timers: Timers, ms: number, signal: AbortSignal): Promise<void> {
    return pause(timers, ms, AbortSignal.any([signal, this.#back.signal]));
  }
}
