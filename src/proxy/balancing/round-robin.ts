import type { Random } from '../../lib/random.ts';
import type { EndpointState } from '../upstreams/endpoint-state.ts';
import type { Balancer } from './balancer.ts';

/**
 * One after the other. Each worker starts somewhere else, so that many workers do not begin with the same endpoint.
 * Source: nginx `upstream` without a directive.
 */
export function roundRobin(
  endpoints: readonly EndpointState[],
  random: Random,
  _now: () => number,
  previous: Balancer | undefined,
): Balancer {
  return new RoundRobin(endpoints, startOf(endpoints, random, previous));
}

class RoundRobin implements Balancer {
  readonly #endpoints: readonly EndpointState[];
  #next: number;

  constructor(endpoints: readonly EndpointState[], start: number) {
    this.#endpoints = endpoints;
    this.#next = start;
  }

  /** Whose turn it is. */
  get next(): EndpointState | undefined {
    return this.#endpoints[this.#next];
  }

  pick(_key: string, tried: readonly EndpointState[]): EndpointState | undefined {
    const count = this.#endpoints.length;
    let endpoint = this.#endpoints[this.#next];
    for (let step = 0; step < count; step += 1) {
      endpoint = this.#endpoints[this.#next];
      this.#next = this.#next + 1 === count ? 0 : this.#next + 1;
      if (endpoint !== undefined && !tried.includes(endpoint)) return endpoint;
    }
    return endpoint;
  }
}

/** The turn goes on where it was: at the same endpoint, or at the one that follows it in the order of ids. */
function startOf(endpoints: readonly EndpointState[], random: Random, previous: Balancer | undefined): number {
  const next = previous instanceof RoundRobin ? previous.next : undefined;
  if (next === undefined) return Math.floor(random() * endpoints.length);
  const at = endpoints.findIndex((endpoint) => endpoint.endpoint.id >= next.endpoint.id);
  return at === -1 ? 0 : at;
}
