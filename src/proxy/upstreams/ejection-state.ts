import type { EjectionPolicy, EjectionReason } from '../../model/pool-policy.ts';

/** What one worker counted at one endpoint, and whether the endpoint is left out because of it. */
export class EjectionState {
  /** Left out now. It is used all the same when nothing else is left; see `pickable.ts`. */
  isOut = false;
  /** When it returns, on the monotonic clock; 0 while it is in. */
  until = 0;
  /** Ejections in a row; they double the time. */
  times = 0;
  /** When it returned last; tries that began before say nothing of what it is now. */
  returnedAt: number = Number.NEGATIVE_INFINITY;
  /** It is back, and one failure suffices. */
  onProbation = false;
  /** It is on probation, and no try has come to the head of an answer yet: it gets one request at a time. */
  halfOpen = false;
  /** How often it returned: a trial of an earlier return is none of this one. */
  returns = 0;
  /** Trials that it holds. */
  trials = 0;
  /** When the last trial began; before the first one when it returned. */
  trialAt: number = Number.NEGATIVE_INFINITY;
  /** How long it was out last. */
  outMs = 0;
  /** Connections refused in a row. */
  refusals = 0;
  /** Failures of any kind in a row. */
  failures = 0;
  /** Of the interval that runs, for the failure rate. */
  intervalAt = 0;
  intervalRequests = 0;
  intervalFailures = 0;
}

/** Counts a try that ended well. Called for nearly every request: no clock unless a failure rate is asked for. */
export function countSuccess(state: EjectionState, policy: EjectionPolicy, now: () => number): void {
  if (policy.failureRate > 0) openInterval(state, policy, now()).intervalRequests += 1;
  if (state.failures === 0 && !state.onProbation) return;
  state.refusals = 0;
  state.failures = 0;
  state.onProbation = false;
}

/**
 * Counts a try that failed because of the endpoint.
 * @param refused  its connection was refused
 * @param now  monotonic milliseconds
 * @returns why the endpoint must be left out now; undefined while there is no reason
 */
export function countFailure(
  state: EjectionState,
  policy: EjectionPolicy,
  refused: boolean,
  now: number,
): EjectionReason | undefined {
  state.failures += 1;
  state.refusals = refused ? state.refusals + 1 : 0;
  const probation = state.halfOpen || (state.onProbation && now - state.returnedAt < policy.maxMs);
  if (refused && (probation || reaches(state.refusals, policy.refusals))) return 'refused';
  if (probation || reaches(state.failures, policy.consecutiveFailures)) return 'consecutive-failures';
  if (policy.failureRate === 0) return undefined;
  const interval = openInterval(state, policy, now);
  interval.intervalRequests += 1;
  interval.intervalFailures += 1;
  if (interval.intervalRequests < policy.minimumRequests) return undefined;
  return interval.intervalFailures >= interval.intervalRequests * policy.failureRate ? 'failure-rate' : undefined;
}

/**
 * How long the next ejection lasts: the first time doubled with each one before, until the endpoint was in for as long as
 * the longest one lasts.
 * @param startedAt  when the try began that failed: its time limit may be longer than that
 * @returns also how many times in a row that is
 */
export function nextEjection(
  state: EjectionState,
  policy: EjectionPolicy,
  startedAt: number,
): { readonly times: number; readonly durationMs: number } {
  const before = startedAt - state.returnedAt < policy.maxMs ? state.times : 0;
  const times = Math.min(before + 1, mostTimes);
  return { times, durationMs: Math.min(policy.maxMs, policy.baseMs * 2 ** (times - 1)) };
}

/** From here on nothing doubles any more: 2 to the power of 30 milliseconds are 12 days. */
const mostTimes = 31;

function reaches(count: number, threshold: number): boolean {
  return threshold > 0 && count >= threshold;
}

function openInterval(state: EjectionState, { intervalMs }: EjectionPolicy, now: number): EjectionState {
  if (now - state.intervalAt < intervalMs) return state;
  state.intervalAt = now;
  state.intervalRequests = 0;
  state.intervalFailures = 0;
  return state;
}
