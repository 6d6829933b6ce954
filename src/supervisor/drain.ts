/** How long each part of the way out takes. */
export interface DrainTimings {
  /** After SIGTERM everything is still served this long. */
  readonly lameduckMs: number;
  /** After that, requests in flight may go on this long. */
  readonly drainMs: number;
}

/**
 * Where the program stands on its way out (drain.md section 4):
 *
 *     starting ──started──▶ running ──SIGTERM──▶ lameduck ──time──▶ draining ──idle or time──▶ ended
 *         └────SIGTERM, SIGINT──────────────────────────────────────────────────────────────────▲
 *                              └──────SIGINT─────────────────────────▲ (at most 5 s)
 */
export interface DrainState {
  readonly phase: 'starting' | 'running' | 'lameduck' | 'draining' | 'ended';
  /** Monotonic milliseconds at which `time` changes the phase; absent: never. */
  readonly until?: number;
  /** Moments of the SIGTERMs of the last second. */
  readonly terms: readonly number[];
  readonly interrupts: number;
}

export type DrainEvent =
  /** Every listener accepts. */
  | { readonly kind: 'started' }
  | { readonly kind: 'signal'; readonly name: 'SIGTERM' | 'SIGINT' }
  /** A clock has struck; says nothing by itself. */
  | { readonly kind: 'time' }
  /** No data worker is left: all have finished what they had. */
  | { readonly kind: 'idle' };

/** What the supervisor has to do. */
export type DrainAction =
  | { readonly kind: 'lameduck'; readonly durationMs: number }
  | { readonly kind: 'drain'; readonly durationMs: number }
  /** `forced`: whatever still runs is killed. */
  | { readonly kind: 'end'; readonly exitCode: number; readonly forced: boolean };

export interface DrainStep {
  readonly state: DrainState;
  readonly actions: readonly DrainAction[];
}

export const drainStart: DrainState = { phase: 'starting', terms: [], interrupts: 0 };

/** Ctrl-C on a terminal: nobody waits for a load balancer there. */
const interruptDrainMs = 5_000;
/** Workers end by themselves at the deadline; this is for those that do not. */
const graceMs = 2_000;
/** A third SIGTERM within this time ends at once; Kubernetes may send the second (faults F-85). */
const impatienceMs = 1_000;

/** Pure: the next state and what to do. @param now  monotonic milliseconds */
export function nextDrain(state: DrainState, event: DrainEvent, now: number, timings: DrainTimings): DrainStep {
  if (state.phase === 'ended') return { state, actions: [] };
  switch (event.kind) {
    case 'started':
      return { state: state.phase === 'starting' ? { ...state, phase: 'running' } : state, actions: [] };
    case 'signal':
      return event.name === 'SIGTERM' ? onTerm(state, now, timings) : onInterrupt(state, now, timings);
    case 'time':
      return onTime(state, now, timings);
    case 'idle':
      return state.phase === 'draining' ? end(state, 0, 'clean') : { state, actions: [] };
  }
}

function onTerm(before: DrainState, now: number, timings: DrainTimings): DrainStep {
  const terms = [...before.terms.filter((at) => now - at < impatienceMs), now];
  const state = { ...before, terms };
  // Exit code as a shell reports a death by this signal.
  if (terms.length > 2) return end(state, 143, 'forced');
  if (state.phase === 'starting') return end(state, 0, 'forced');
  if (state.phase !== 'running') return { state, actions: [] };
  if (timings.lameduckMs === 0) return drain(state, now, timings.drainMs);
  return {
    state: { ...state, phase: 'lameduck', until: now + timings.lameduckMs },
    actions: [{ kind: 'lameduck', durationMs: timings.lameduckMs }],
  };
}

function onInterrupt(before: DrainState, now: number, timings: DrainTimings): DrainStep {
  const state = { ...before, interrupts: before.interrupts + 1 };
  if (state.interrupts > 1) return end(state, 130, 'forced');
  if (state.phase === 'starting') return end(state, 0, 'forced');
  return drain(state, now, Math.min(interruptDrainMs, timings.drainMs));
}

function onTime(state: DrainState, now: number, timings: DrainTimings): DrainStep {
  if (state.until === undefined || now < state.until) return { state, actions: [] };
  return state.phase === 'lameduck' ? drain(state, now, timings.drainMs) : end(state, 0, 'forced');
}

function drain(state: DrainState, now: number, durationMs: number): DrainStep {
  return {
    state: { ...state, phase: 'draining', until: now + durationMs + graceMs },
    actions: [{ kind: 'drain', durationMs }],
  };
}

function end(state: DrainState, exitCode: number, how: 'clean' | 'forced'): DrainStep {
  const { terms, interrupts } = state;
  return {
    state: { phase: 'ended', terms, interrupts },
    actions: [{ kind: 'end', exitCode, forced: how === 'forced' }],
  };
}
