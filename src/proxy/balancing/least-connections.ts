import type { Random } from '../../lib/random.ts';
import type { EndpointState } from '../upstreams/endpoint-state.ts';
import type { Balancer } from './balancer.ts';

/**
 * The endpoint with the fewest exchanges in flight in this worker. Equal ones take turns, beginning somewhere else in
 * each worker. Source: nginx `least_conn`.
 */
export function leastConnections(endpoints: readonly EndpointState[], random: Random): Balancer {
  let start = Math.floor(random() * endpoints.length);
  return {
    pick: (_key, tried) => {
      start = start + 1 >= endpoints.length ? 0 : start + 1;
      const left = tried.length === 0 ? undefined : leastOf(endpoints, start, tried);
      return left ?? leastOf(endpoints, start, nothing);
    },
  };
}

const nothing: readonly EndpointState[] = [];

function leastOf(
  endpoints: readonly EndpointState[],
  start: number,
  avoided: readonly EndpointState[],
): EndpointState | undefined {
  let least: EndpointState | undefined;
  for (let step = 0, at = start; step < endpoints.length; step += 1) {
    const endpoint = endpoints[at];
    at = at + 1 === endpoints.length ? 0 : at + 1;
    if (endpoint === undefined || (avoided.length > 0 && avoided.includes(endpoint))) continue;
    if (least === undefined || endpoint.inFlight < least.inFlight) least = endpoint;
  }
  return least;
}
