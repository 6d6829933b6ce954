import type { Clock } from '../../lib/clock.ts';

/** Something expensive: everybody who asks while it is made, or within a time afterwards, gets the same. */
export class Shared<T> {
  readonly #shareMs: number;
  readonly #clock: Clock;
  #known: Promise<T> | undefined;
  /** Monotonic time after which it is made anew. */
  #until = 0;

  constructor(shareMs: number, clock: Clock) {
    this.#shareMs = shareMs;
    this.#clock = clock;
  }

  /** @throws whatever `make` throws, to all who wait; those who ask later make it anew */
  get(make: () => T | Promise<T>): Promise<T> {
    if (this.#known !== undefined && this.#clock.now() < this.#until) return this.#known;
    const made = Promise.try(make);
    this.#known = made;
    this.#until = Infinity;
    made.then(
      () => void (this.#until = this.#clock.now() + this.#shareMs),
      () => void (this.#until = 0),
    );
    return made;
  }
}
