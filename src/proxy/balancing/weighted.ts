import type { Random } from '../../lib/random.ts';
import type { EndpointState, EndpointWatcher } from '../upstreams/endpoint-state.ts';
import type { Balancer } from './balancer.ts';
import { DueHeap } from './due-heap.ts';

/**
 * Weighted round robin: in every full round each endpoint gets exactly its weight, spread over the round. An endpoint is
 * due `weight` times in a round, at even distances, and who is due first is next. Its first time is at random, so that
 * many workers do not begin with the same endpoint.
 * Source: earliest deadline first, as in Envoy's round robin; shares as nginx `ngx_http_upstream_get_peer`.
 */
export function weighted(
  endpoints: readonly EndpointState[],
  random: Random,
  _now: () => number,
  previous: Balancer | undefined,
): Balancer {
  return new Weighted(endpoints, random, previous instanceof Weighted ? previous : undefined);
}

class Weighted implements Balancer, EndpointWatcher {
  readonly #endpoints: readonly EndpointState[];
  readonly #random: Random;
  readonly #heap: DueHeap;
  /** As the heap has them. Shape: `[endpoints]`. */
  readonly #weights: Float64Array;
  /** Turns until each endpoint is due, counted from the begin of the first round. Shape: `[endpoints]`. */
  readonly #turns: Float64Array;
  /** In rounds: when the last one that was picked was due. */
  #time = 0;
  /** Asked once, so that all of the above is known. */
  #begun = false;
  #inOrder = false;
  #previous: Weighted | undefined;

  constructor(endpoints: readonly EndpointState[], random: Random, previous: Weighted | undefined) {
    this.#endpoints = endpoints;
    this.#random = random;
    this.#heap = new DueHeap(endpoints.length);
    this.#weights = new Float64Array(endpoints.length);
    this.#turns = new Float64Array(endpoints.length);
    this.#previous = previous?.asked();
  }

  pick(_key: string, tried: readonly EndpointState[]): EndpointState | undefined {
    if (!this.#inOrder) this.#order();
    const place = tried.length === 0 ? this.#heap.first() : this.#untried(tried);
    const turns = (this.#turns[place] ?? 0) + 1;
    const due = turns / (this.#weights[place] ?? 1);
    this.#turns[place] = turns;
    if (tried.length === 0) {
      this.#time = this.#heap.dueOf(place);
      this.#heap.postponeFirst(due);
    } else this.#heap.put(place, due);
    if (due > mostRounds) this.#inOrder = false;
    return this.#endpoints[place];
  }

  changed(place: number, endpoint: EndpointState): void {
    if (weightOf(endpoint) !== this.#weights[place]) this.#inOrder = false;
  }

  lost(): void {
    this.#inOrder = false;
  }

  /** This one, or when nobody asked it the one before. */
  asked(): Weighted | undefined {
    return this.#begun ? this : this.#previous;
  }

  /** Part of a turn until an endpoint is due, 0 to 1; undefined for one that it does not watch. */
  leftOf(endpoint: EndpointState): number | undefined {
    const place = endpoint.placeIn(this);
    if (place === -1) return undefined;
    const left = (this.#turns[place] ?? 0) - this.#time * (this.#weights[place] ?? 1);
    return Math.min(1, Math.max(0, left));
  }

  /** The first one that was not tried, or the first one; it is no longer in the heap. */
  #untried(tried: readonly EndpointState[]): number {
    const passed: number[] = [];
    let found = -1;
    while (found === -1 && this.#heap.count > 0) {
      const place = this.#heap.take();
      const endpoint = this.#endpoints[place];
      if (endpoint !== undefined && tried.includes(endpoint)) passed.push(place);
      else found = place;
    }
    if (found === -1) found = passed.shift() ?? 0;
    for (const place of passed) this.#heap.put(place, this.#dueAgain(place));
    return found;
  }

  /**
   * When a place is due that was passed by: one that was tried is due as before. A half-open one loses its turn, which
   * else it would get back at one go when its trial is over.
   */
  #dueAgain(place: number): number {
    if (this.#endpoints[place]?.ejection.halfOpen !== true) return this.#heap.dueOf(place);
    const turns = (this.#turns[place] ?? 0) + 1;
    this.#turns[place] = turns;
    return turns / (this.#weights[place] ?? 1);
  }

  /**
   * Counts rounds from now on, with the weights of now. Not when built: until this one takes its place, the balancer of
   * the set before goes on.
   */
  #order(): void {
    const before = this.#begun ? this : this.#previous;
    this.#heap.clear();
    this.#endpoints.forEach((endpoint, place) => {
      const weight = weightOf(endpoint);
      const turns = before?.leftOf(endpoint) ?? this.#random();
      this.#weights[place] = weight;
      this.#turns[place] = turns;
      this.#heap.put(place, turns / weight);
      endpoint.watch(this, place);
    });
    this.#time = 0;
    this.#previous = undefined;
    this.#begun = true;
    this.#inOrder = true;
  }
}

/** Weight 0 takes no part as long as another endpoint has more; all at 0 are equal. */
function weightOf({ endpoint }: EndpointState): number {
  return Math.max(leastWeight, endpoint.weight);
}

/** So small that an endpoint of weight 0 gets nothing beside others, and large enough to share among such. */
const leastWeight = 1e-9;
/** Behind so many rounds they are counted anew, because large numbers are less exact. */
const mostRounds = 2 ** 30;
