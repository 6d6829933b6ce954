import type { Timers } from './timers.ts';
import { pause } from './timers.ts';

/**
 * Tells those who wait for a server that is away that somebody has reached it again. Each asks at its own pace; the
 * first answer ends the waiting of all, so that the state after an outage is there seconds after the server.
 */
export class ServerPulse {
  #back: AbortController = new AbortController();
  #waiting = 0;
  #announce: (() => void) | undefined;

  /** The server, which was away, answers. */
  beat(): void {
    const back = this.#back;
    this.#back = new AbortController();
    back.abort();
  }

  /** Resolves after `ms`, with the next beat, or when `signal` aborts. */
  async wait(timers: Timers, ms: number, signal: AbortSignal): Promise<void> {
    this.#waiting += 1;
    this.#announce?.();
    await pause(timers, ms, AbortSignal.any([signal, this.#back.signal]));
    this.#waiting -= 1;
  }

  /** Resolves as soon as somebody waits, or when `signal` aborts. For one caller at a time. */
  somebodyWaits(signal: AbortSignal): Promise<void> {
    if (this.#waiting > 0 || signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const done = (): void => {
        this.#announce = undefined;
        signal.removeEventListener('abort', done);
        resolve();
      };
      this.#announce = done;
      signal.addEventListener('abort', done, { once: true });
    });
  }
}
