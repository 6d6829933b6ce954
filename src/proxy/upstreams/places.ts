import type { UpstreamLimits } from '../../model/pool-policy.ts';
import type { EndpointState } from './endpoint-state.ts';
import type { UpstreamState } from './upstream-state.ts';

/** A place is what one exchange or tunnel takes at an endpoint, under the limits of its upstream. */

/** Whether the endpoint has a place, whatever its upstream holds in all. */
export function hasRoom(endpoint: EndpointState, limits: UpstreamLimits | undefined): boolean {
  return limits?.connectionsPerEndpoint === undefined || endpoint.inFlight < limits.connectionsPerEndpoint;
}

/** Whether all endpoints together hold as much as they may. */
export function isFull({ inFlight, limits }: UpstreamState): boolean {
  return limits?.connections !== undefined && inFlight >= limits.connections;
}

/**
 * What a pick passes by: endpoints that were tried, and full ones. The same array when nothing is full.
 * @param tried  by this exchange
 */
export function avoidedAt(
  { limits, pickable }: UpstreamState,
  tried: readonly EndpointState[],
): readonly EndpointState[] {
  if (limits?.connectionsPerEndpoint === undefined) return tried;
  const full = pickable.filter((endpoint) => !hasRoom(endpoint, limits));
  return full.length === 0 ? tried : [...tried, ...full];
}

/**
 * Whether an exchange may go on now. One that has tried endpoints waits for another one while there is one, though it
 * is full: those that fail are the ones with room.
 */
export function hasPlaceFor(upstream: UpstreamState, tried: readonly EndpointState[]): boolean {
  return !isFull(upstream) && roomFor(upstream, tried) !== 'none';
}

/** An endpoint with a place; undefined when there is none. As a balancer picks among those that have one. */
export function pickPlace(
  upstream: UpstreamState,
  key: string,
  tried: readonly EndpointState[],
): EndpointState | undefined {
  if (isFull(upstream)) return undefined;
  const room = roomFor(upstream, tried);
  if (room === 'none') return undefined;
  return upstream.picker?.pick(key, avoidedAt(upstream, room === 'tried' ? nothing : tried));
}

const nothing: readonly EndpointState[] = [];

/** `new`: an endpoint that was not tried has room; `tried`: all were tried, and one of them has room. */
function roomFor({ limits, pickable }: UpstreamState, tried: readonly EndpointState[]): 'new' | 'tried' | 'none' {
  let triedWithRoom = false;
  let allTried = true;
  for (const endpoint of pickable) {
    const isTried = tried.length > 0 && tried.includes(endpoint);
    if (!isTried) allTried = false;
    if (!hasRoom(endpoint, limits)) continue;
    if (!isTried) return 'new';
    triedWithRoom = true;
  }
  return allTried && triedWithRoom ? 'tried' : 'none';
}
