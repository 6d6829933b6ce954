/** Fires when nothing has happened for a while. One timer object, moved on instead of made anew. */
export class SilenceTimer {
  readonly #limitMs: number;
  readonly #onSilence: () => void;
  #timer: NodeJS.Timeout | undefined = undefined;

  constructor(limitMs: number, onSilence: () => void) {
    this.#limitMs = limitMs;
    this.#onSilence = onSilence;
  }

  /** Starts anew, or says that something happened. */
  touch(): void {
    if (this.#timer === undefined) this.#timer = setTimeout(this.#onSilence, this.#limitMs);
    else this.#timer.refresh();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
