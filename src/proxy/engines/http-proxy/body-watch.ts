import type { Socket } from 'node:net';

import type { CoarseTimers, Deadline } from '../../../lib/coarse-timers.ts';
import { clientLimits } from '../../protocols/http1/client-limits.ts';
import { ClientProgress } from '../../protocols/http1/client-progress.ts';

/** Looks every 20 s whether a client sends the body that it promised: the rule of the native engine (threats R-50). */
export class BodyWatch {
  readonly #progress: ClientProgress;
  readonly #deadline: Deadline;
  readonly #onSlow: () => void;

  /** @param onSlow  called once, with the watch stopped */
  constructor(socket: Socket, timers: CoarseTimers, onSlow: () => void) {
    // It is asked for what came alone.
    this.#progress = new ClientProgress({
      sent: 0,
      unsent: 0,
      probe: () => undefined,
      get received() {
        return socket.bytesRead;
      },
    });
    this.#deadline = timers.deadline(() => this.#look());
    this.#onSlow = onSlow;
  }

  /** From now on the client may send; the time before does not count. */
  start(): void {
    this.#progress.begin();
    this.#deadline.set(clientLimits.watchMs);
  }

  /** The client need not, or must not, send. */
  stop(): void {
    this.#deadline.stop();
  }

  #look(): void {
    if (this.#progress.isSlow()) return this.#onSlow();
    return this.#deadline.set(clientLimits.watchMs);
  }
}
