import { hash32, mix32 } from '../../lib/hash.ts';
import type { EndpointState } from '../upstreams/endpoint-state.ts';
import type { Balancer } from './balancer.ts';

/**
 * Consistent hashing by highest random weight: a key goes to the endpoint whose hash together with the key is the
 * greatest. Equal on every worker and replica that sees the same endpoints; an endpoint that comes or goes moves only
 * the keys that it takes or leaves; the second choice of a key is equal everywhere as well. Nothing is built, and the
 * share of each endpoint is even, where a ring of 160 points per endpoint is off by 8 %.
 * Cost: about 3 ns per endpoint and pick; see docs/decisions/0012.
 * Source: Thaler and Ravishankar, "Using name-based mappings to increase hit rates", 1998.
 */
export function rendezvous(endpoints: readonly EndpointState[]): Balancer {
  const seeds = seedsOf(endpoints);
  return {
    pick: (key, tried) => {
      const left = tried.length === 0 ? undefined : heaviest(endpoints, seeds, key, tried);
      return left ?? heaviest(endpoints, seeds, key, nothing);
    },
  };
}

const nothing: readonly EndpointState[] = [];
/** Any constant: makes two independent hashes of one text. */
const salt = '\u0001';

/** Two hashes per endpoint, so that no two endpoints share both; the second one odd. Shape: `[2 * endpoints]`. */
function seedsOf(endpoints: readonly EndpointState[]): Uint32Array {
  const seeds = new Uint32Array(endpoints.length * 2);
  endpoints.forEach(({ endpoint }, at) => {
    seeds[2 * at] = hash32(endpoint.id);
    seeds[2 * at + 1] = hash32(salt + endpoint.id) | 1;
  });
  return seeds;
}

function heaviest(
  endpoints: readonly EndpointState[],
  seeds: Uint32Array,
  key: string,
  avoided: readonly EndpointState[],
): EndpointState | undefined {
  const hash = hash32(key);
  let best: EndpointState | undefined;
  let bestWeight = -1;
  for (let at = 0; at < endpoints.length; at += 1) {
    const weight = Math.imul(mix32(hash ^ (seeds[2 * at] ?? 0)), seeds[2 * at + 1] ?? 1) >>> 0;
    if (weight <= bestWeight) continue;
    const endpoint = endpoints[at];
    if (endpoint === undefined || (avoided.length > 0 && avoided.includes(endpoint))) continue;
    best = endpoint;
    bestWeight = weight;
  }
  return best;
}
