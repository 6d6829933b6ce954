/** Waiting as a parameter, so that tests own every moment. */
export interface Timers {
  /** Calls `run` once after `ms` milliseconds; the returned function cancels it and may be called any time. */
  after(ms: number, run: () => void): () => void;
}

/** Timers of Node: they follow the monotonic clock, so a jump of the wall clock moves none of them. */
export const systemTimers: Timers = {
  after: (ms, run) => {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};

/** Resolves after `ms`, or as soon as `signal` aborts. Never rejects: the caller looks at the signal. */
export function pause(timers: Timers, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const cancel = timers.after(ms, done);
    signal.addEventListener('abort', done, { once: true });
    function done(): void {
      cancel();
      signal.removeEventListener('abort', done);
      resolve();
    }
  });
}

/** Lets the event loop turn once, so that a long list does not keep heartbeats and probes waiting. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
