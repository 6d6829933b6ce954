import type { Random } from '../../lib/random.ts';
import type { EndpointState } from '../upstreams/endpoint-state.ts';
import type { Balancer } from './balancer.ts';

/**
 * Smooth weighted round robin: shares follow the weights exactly, and heavy endpoints do not get theirs in a row
 * (weights 5, 1, 1 give `a a b a c a a`). Source: nginx `ngx_http_upstream_get_peer`.
 */
export function weighted(
  endpoints: readonly EndpointState[],
  random: Random,
  _now: () => number,
  previous: Balancer | undefined,
): Balancer {
  return new Weighted(endpoints, random, previous instanceof Weighted ? previous : undefined);
}

class Weighted implements Balancer {
  readonly #endpoints: readonly EndpointState[];
  /** What each endpoint has in credit; the sum is 0 after every pick. */
  readonly #credits: Float64Array;

  constructor(endpoints: readonly EndpointState[], random: Random, previous: Weighted | undefined) {
    this.#endpoints = endpoints;
    this.#credits = new Float64Array(endpoints.length);
    if (previous !== undefined) this.#takeOver(previous);
    // Workers that start together would else all begin with the same endpoint.
    else for (let at = 0; at < endpoints.length; at += 1) this.#credits[at] = random();
  }

  pick(_key: string, tried: readonly EndpointState[]): EndpointState | undefined {
    const left = tried.length === 0 ? undefined : this.#pickAvoiding(tried);
    return left ?? this.#pickAvoiding(nothing);
  }

  #pickAvoiding(avoided: readonly EndpointState[]): EndpointState | undefined {
    let best = -1;
    let total = 0;
    for (let at = 0; at < this.#endpoints.length; at += 1) {
      const endpoint = this.#endpoints[at];
      if (endpoint === undefined || (avoided.length > 0 && avoided.includes(endpoint))) continue;
      const weight = weightOf(endpoint);
      total += weight;
      this.#credits[at] = this.#credit(at) + weight;
      if (best === -1 || this.#credit(at) > this.#credit(best)) best = at;
    }
    if (best === -1) return undefined;
    this.#credits[best] = this.#credit(best) - total;
    return this.#endpoints[best];
  }

  #credit(at: number): number {
    return this.#credits[at] ?? 0;
  }

  #takeOver(previous: Weighted): void {
    const credits = new Map(previous.#endpoints.map((endpoint, at) => [endpoint, previous.#credit(at)]));
    this.#endpoints.forEach((endpoint, at) => {
      this.#credits[at] = credits.get(endpoint) ?? 0;
    });
  }
}

const nothing: readonly EndpointState[] = [];

/** Weight 0 takes no part as long as another endpoint has more; all at 0 are equal. */
function weightOf(endpoint: EndpointState): number {
  return Math.max(leastWeight, endpoint.endpoint.weight);
}

/** So small that an endpoint of weight 0 gets nothing beside others, and large enough to share among such. */
const leastWeight = 1e-9;
