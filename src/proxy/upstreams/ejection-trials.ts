import { defaultEjection } from '../../model/pool-policy.ts';
import type { EjectionState } from './ejection-state.ts';
import type { EndpointState } from './endpoint-state.ts';
import { hasRoom } from './places.ts';
import type { UpstreamState } from './upstream-state.ts';

/**
 * An endpoint that returns is half-open: requests pass it by while one of them, the trial, is under way there, until one
 * came to the head of an answer. What still hangs delays one request at a time then, instead of all of its share.
 * Source: Nygard, "Release It!", circuit breaker; docs/decisions/0023.
 */

/** It has returned. Trials of an earlier return that it still holds are none any more. */
export function beginHalfOpen(state: EjectionState): void {
  state.halfOpen = true;
  state.returns += 1;
  state.trials = 0;
  state.trialAt = state.returnedAt;
}

/** A request goes to an endpoint that is half-open. @returns what `endTrial` is told when it is over; never 0 */
export function beginTrial(state: EjectionState, now: number): number {
  state.trials += 1;
  state.trialAt = now;
  return state.returns;
}

/** It is over, however it ended. */
export function endTrial(state: EjectionState, trial: number): void {
  if (trial === state.returns) state.trials -= 1;
}

/**
 * What a request passes by: endpoints that it has tried, and half-open ones that it must not try now. The same array when
 * there is no such one, or when nothing else is left: being half-open is never the reason for a 503, nor for waiting.
 * @param repeatable  the request may be sent again when its try fails; others leave the trial to such requests
 * @param now  monotonic milliseconds
 */
export function avoidedBy(
  upstream: UpstreamState,
  tried: readonly EndpointState[],
  repeatable: boolean,
  now: number,
): readonly EndpointState[] {
  const { halfOpen, limits, pickable } = upstream;
  if (halfOpen.length === 0) return tried;
  const { maxMs } = upstream.upstream.ejection ?? defaultEjection;
  const passedBy = halfOpen.filter(({ ejection }) => now - ejection.trialAt < pauseOf(ejection, repeatable, maxMs));
  if (passedBy.length === 0) return tried;
  const avoided = [...tried, ...passedBy];
  const isFit = (one: EndpointState): boolean =>
    one.endpoint.weight > 0 && hasRoom(one, limits) && !avoided.includes(one);
  if (pickable.some(isFit)) return avoided;
  return repeatable ? tried : avoidedBy(upstream, tried, true, now);
}

/** Half-open endpoints, while there are others: what the answer to a copy is tells nobody anything. */
export function avoidedByCopies({ halfOpen, pickable }: UpstreamState): readonly EndpointState[] {
  return halfOpen.length > 0 && pickable.some((one) => !halfOpen.includes(one)) ? halfOpen : nothing;
}

const nothing: readonly EndpointState[] = [];

/**
 * How long after the begin of the last trial, or the return, a request passes by. A trial that is under way for as long
 * as the longest ejection lasts may go on for hours: another one may begin. A request that cannot be repeated waits in
 * addition for as long as the endpoint was out: where there are no others, it is the trial then.
 */
function pauseOf({ outMs, trials }: EjectionState, repeatable: boolean, maxMs: number): number {
  return (trials > 0 ? maxMs : 0) + (repeatable ? 0 : outMs);
}
