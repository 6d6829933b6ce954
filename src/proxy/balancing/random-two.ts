import type { Random } from '../../lib/random.ts';
import type { EndpointState } from '../upstreams/endpoint-state.ts';
import type { Balancer } from './balancer.ts';
import { pickOfTwo } from './two-choices.ts';

/** Of two at random the one with fewer exchanges in flight. Source: nginx `random two least_conn`. */
export function randomTwo(endpoints: readonly EndpointState[], random: Random): Balancer {
  return { pick: (_key, tried) => pickOfTwo(endpoints, tried, random, inFlightOf) };
}

function inFlightOf(endpoint: EndpointState): number {
  return endpoint.inFlight;
}
