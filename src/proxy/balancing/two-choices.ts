import type { Random } from '../../lib/random.ts';
import type { EndpointState } from '../upstreams/endpoint-state.ts';

/** How bad an endpoint is now; the lower one of two is taken. Called at most twice per pick. */
export type Cost = (endpoint: EndpointState) => number;

/**
 * Two different endpoints at random, of which the cheaper one is taken. Each that was tried counts as infinitely
 * dear; when both were, the next one that was not is taken.
 * Source: Mitzenmacher, "The Power of Two Choices in Randomized Load Balancing", 2001.
 */
export function pickOfTwo(
  endpoints: readonly EndpointState[],
  tried: readonly EndpointState[],
  random: Random,
  cost: Cost,
): EndpointState | undefined {
  const count = endpoints.length;
  const first = Math.floor(random() * count);
  const a = endpoints[first];
  if (count < 2 || a === undefined) return a;
  const second = (first + 1 + Math.floor(random() * (count - 1))) % count;
  const b = endpoints[second];
  if (b === undefined) return a;
  if (tried.length === 0) return cost(b) < cost(a) ? b : a;
  const aTried = tried.includes(a);
  const bTried = tried.includes(b);
  if (aTried && bTried) return firstUntried(endpoints, second, tried) ?? a;
  if (aTried) return b;
  return !bTried && cost(b) < cost(a) ? b : a;
}

function firstUntried(
  endpoints: readonly EndpointState[],
  from: number,
  tried: readonly EndpointState[],
): EndpointState | undefined {
  for (let step = 1; step < endpoints.length; step += 1) {
    const endpoint = endpoints[(from + step) % endpoints.length];
    if (endpoint !== undefined && !tried.includes(endpoint)) return endpoint;
  }
  return undefined;
}
