import { hash32 } from '../../lib/hash.ts';
import type { Random } from '../../lib/random.ts';
import type { EndpointState } from '../upstreams/endpoint-state.ts';
import type { Balancer, BalancerOptions } from './balancer.ts';
import { LazyRing } from './lazy-ring.ts';
import { PoolLoad } from './pool-load.ts';
import type { Ring } from './ring.ts';

/**
 * Equal keys go to the same endpoint, on every worker and replica that sees the same endpoints; so do the second and
 * further choices of a key. With subsets a key has as many endpoints, its best choices, and one of them is taken at
 * random; with bounded loads endpoints that hold too much are passed by.
 * Source: Mirrokni, Thorup and Zadimoghaddam, "Consistent hashing with bounded loads", 2018; ingress-nginx
 * `upstream-hash-by-subset`, whose subsets are fixed groups in the order of the endpoints.
 * @param previous  of the set before
 */
export function consistentHash(
  endpoints: readonly EndpointState[],
  random: Random,
  previous?: Balancer,
  { boundedLoad, subsetSize = 1 }: BalancerOptions = {},
): Balancer {
  const ring = new LazyRing(endpoints, previous instanceof PlainHash ? previous.ring : undefined);
  if (subsetSize <= 1 && boundedLoad === undefined) return new PlainHash(ring);
  return new SelectiveHash(ring, random, subsetSize, boundedLoad);
}

/** Steps of one walk around the ring; nearly always some few are enough. */
const mostSteps = 1024;

class PlainHash implements Balancer {
  readonly ring: LazyRing;

  constructor(ring: LazyRing) {
    this.ring = ring;
  }

  pick(key: string, tried: readonly EndpointState[]): EndpointState | undefined {
    const ring = this.ring.get();
    const { endpoints } = this.ring;
    const hash = hash32(key) | 0;
    const first = endpoints[ring.first(hash)];
    if (tried.length === 0 || first === undefined || !tried.includes(first)) return first;
    return firstUntried(endpoints, ring, hash, tried) ?? first;
  }
}

class SelectiveHash extends PlainHash {
  readonly #random: Random;
  readonly #subsetSize: number;
  readonly #bound: number;
  readonly #load: PoolLoad | undefined;
  /** In which walk an endpoint was last come by. Shape: `[endpoints]`. */
  readonly #seen: Float64Array;
  #walk = 0;

  constructor(ring: LazyRing, random: Random, subsetSize: number, boundedLoad: number | undefined) {
    super(ring);
    const { endpoints } = ring;
    this.#random = random;
    this.#subsetSize = Math.min(subsetSize, endpoints.length);
    this.#bound = boundedLoad ?? 0;
    this.#load = boundedLoad === undefined ? undefined : new PoolLoad(endpoints);
    this.#seen = new Float64Array(endpoints.length);
  }

  override pick(key: string, tried: readonly EndpointState[]): EndpointState | undefined {
    const ring = this.ring.get();
    const { endpoints } = this.ring;
    const hash = hash32(key) | 0;
    const most = this.#mostInFlight();
    if (tried.length === 0) {
      const wanted = this.#subsetSize === 1 ? 0 : Math.floor(this.#random() * this.#subsetSize);
      const picked = endpoints[this.#choice(ring, hash, wanted)];
      if (picked !== undefined && picked.inFlight < most) return picked;
    }
    return this.#fitting(ring, hash, tried, most) ?? firstUntried(endpoints, ring, hash, tried) ?? super.pick(key, []);
  }

  /** No endpoint may hold more than this when it gets one more: the bound times the mean, that one included. */
  #mostInFlight(): number {
    if (this.#load === undefined) return Number.POSITIVE_INFINITY;
    return Math.ceil((this.#bound * (this.#load.total + 1)) / this.ring.endpoints.length);
  }

  /** Index of one of the choices of a key. @param wanted  0 is the best one */
  #choice(ring: Ring, hash: number, wanted: number): number {
    const count = this.ring.endpoints.length;
    if (wanted === 0) return ring.first(hash);
    // All endpoints are in the subset.
    if (this.#subsetSize === count) return (ring.first(hash) + wanted) % count;
    this.#beginWalk(ring, hash);
    let place = 0;
    for (let step = 0, distinct = 0; step < mostSteps && distinct <= wanted; step += 1) {
      const next = ring.next();
      if (!this.#isNew(next)) continue;
      distinct += 1;
      place = next;
    }
    return place;
  }

  /** One of the subset at random among those that fit, else the first one behind it that does. */
  #fitting(ring: Ring, hash: number, tried: readonly EndpointState[], most: number): EndpointState | undefined {
    const { endpoints } = this.ring;
    this.#beginWalk(ring, hash);
    let chosen: EndpointState | undefined;
    for (let step = 0, distinct = 0, fit = 0; step < mostSteps && distinct < endpoints.length; step += 1) {
      if (distinct >= this.#subsetSize && chosen !== undefined) return chosen;
      const place = ring.next();
      if (!this.#isNew(place)) continue;
      distinct += 1;
      const endpoint = endpoints[place];
      if (endpoint === undefined || endpoint.inFlight >= most || tried.includes(endpoint)) continue;
      fit += 1;
      // Each of those that fit is left with the same probability.
      if (fit === 1 || this.#random() * fit < 1) chosen = endpoint;
    }
    return chosen;
  }

  #beginWalk(ring: Ring, hash: number): void {
    ring.begin(hash);
    this.#walk += 1;
  }

  #isNew(place: number): boolean {
    if (this.#seen[place] === this.#walk) return false;
    this.#seen[place] = this.#walk;
    return true;
  }
}

/** The best choice of a key that was not tried; undefined when all were. */
function firstUntried(
  endpoints: readonly EndpointState[],
  ring: Ring,
  hash: number,
  tried: readonly EndpointState[],
): EndpointState | undefined {
  if (tried.length >= endpoints.length && endpoints.every((endpoint) => tried.includes(endpoint))) return undefined;
  ring.begin(hash);
  for (let step = 0; step < mostSteps; step += 1) {
    const endpoint = endpoints[ring.next()];
    if (endpoint !== undefined && !tried.includes(endpoint)) return endpoint;
  }
  return endpoints.find((endpoint) => !tried.includes(endpoint));
}
