import type { Random } from '../../lib/random.ts';
import type { EndpointState, EndpointWatcher } from '../upstreams/endpoint-state.ts';
import type { Balancer } from './balancer.ts';

/**
 * The endpoint with the fewest exchanges in flight in this worker. Equal ones take turns, beginning somewhere else in
 * each worker. Source: nginx `least_conn`.
 */
export function leastConnections(endpoints: readonly EndpointState[], random: Random): Balancer {
  return new LeastConnections(endpoints, Math.floor(random() * endpoints.length));
}

function isHalfOpen({ ejection }: EndpointState): boolean {
  return ejection.halfOpen;
}

/** More than any endpoint has: the place is empty, or its endpoint was tried. */
const hidden = Number.POSITIVE_INFINITY;

/**
 * Counts in a tree whose inner nodes hold the lesser of their two children, so that the least one is found, and a count
 * changed, in a number of steps that grows with the logarithm of the endpoints.
 *
 * ```
 *          1               [1] the least of all
 *      1       2           [2] [3]
 *    3   1   4   2         [4] ... the counts, in the order of the endpoints
 * ```
 */
class LeastConnections implements Balancer, EndpointWatcher {
  readonly #endpoints: readonly EndpointState[];
  /** Shape: `[2 * leaves]`; index 0 is not used. */
  readonly #tree: Float64Array;
  readonly #leaves: number;
  /** Whose turn it is among equal ones. */
  #next: number;
  #watches = false;

  constructor(endpoints: readonly EndpointState[], start: number) {
    this.#endpoints = endpoints;
    this.#leaves = 2 ** (32 - Math.clz32(endpoints.length - 1));
    this.#tree = new Float64Array(2 * this.#leaves).fill(hidden);
    this.#next = start;
  }

  pick(_key: string, tried: readonly EndpointState[]): EndpointState | undefined {
    if (!this.#watches) this.#watch();
    if (tried.length === 0) return this.#take();
    return this.#takeUntried(tried) ?? this.#take();
  }

  changed(at: number, { inFlight }: EndpointState): void {
    this.#set(at, inFlight);
  }

  lost(): void {
    this.#watches = false;
  }

  /** Not when built: the balancer of the set before may be asked until this one takes its place. */
  #watch(): void {
    this.#endpoints.forEach((endpoint, at) => {
      endpoint.watch(this, at);
      this.#tree[this.#leaves + at] = endpoint.inFlight;
    });
    for (let node = this.#leaves - 1; node > 0; node -= 1) this.#tree[node] = this.#lesserOf(node);
    this.#watches = true;
  }

  /**
   * In place of one that was picked before nobody's turn is over with this; but a half-open endpoint is passed by without
   * having been picked.
   */
  #takeUntried(tried: readonly EndpointState[]): EndpointState | undefined {
    for (const endpoint of tried) this.#set(endpoint.placeIn(this), hidden);
    let left: EndpointState | undefined;
    if (this.#tree[1] !== hidden) {
      left = tried.some(isHalfOpen) ? this.#take() : this.#endpoints[this.#leastFrom(this.#next)];
    }
    for (const endpoint of tried) this.#set(endpoint.placeIn(this), endpoint.inFlight);
    return left;
  }

  #take(): EndpointState | undefined {
    const at = this.#leastFrom(this.#next);
    this.#next = at + 1 >= this.#endpoints.length ? 0 : at + 1;
    return this.#endpoints[at];
  }

  /** Place of the first endpoint with the least count, from `start` around to the one before it. */
  #leastFrom(start: number): number {
    const least = this.#tree[1];
    let node = this.#leaves + start;
    if (this.#tree[node] !== least) {
      // Up until a subtree on the right hand has it, or to the root.
      while (node > 1 && (node % 2 === 1 || this.#tree[node + 1] !== least)) node >>>= 1;
      if (node > 1) node += 1;
    }
    while (node < this.#leaves) {
      node *= 2;
      if (this.#tree[node] !== least) node += 1;
    }
    return node - this.#leaves;
  }

  #set(at: number, count: number): void {
    if (at < 0) return;
    let node = this.#leaves + at;
    this.#tree[node] = count;
    for (node >>>= 1; node > 0; node >>>= 1) {
      const lesser = this.#lesserOf(node);
      if (this.#tree[node] === lesser) return;
      this.#tree[node] = lesser;
    }
  }

  #lesserOf(node: number): number {
    return Math.min(this.#tree[2 * node] ?? hidden, this.#tree[2 * node + 1] ?? hidden);
  }
}
