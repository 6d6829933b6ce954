/** Time as a parameter. `now` never jumps; `wall` is for display, certificates and protocol dates only. */
export interface Clock {
  /** Milliseconds since an arbitrary moment, monotonic. */
  readonly now: () => number;
  /** Milliseconds since 1970, as the machine's clock has it. */
  readonly wall: () => number;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  wall: () => Date.now(),
};
