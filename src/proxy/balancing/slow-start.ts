import type { Random } from '../../lib/random.ts';
import type { EndpointState } from '../upstreams/endpoint-state.ts';
import { sinceEver } from '../upstreams/endpoint-state.ts';
import type { Balancer } from './balancer.ts';

export interface SlowStartOptions {
  /** How long the share of an endpoint grows, 1 or more. */
  readonly slowStartMs: number;
  /** The algorithm goes by what endpoints hold: one that is new would get all that comes until it holds as much as others. */
  readonly byLoad: boolean;
  readonly random: Random;
  readonly now: () => number;
}

/** Share at the begin: an endpoint that gets nothing never warms up. Source: Envoy, slow start, min_weight_percent. */
const leastShare = 0.1;
/** Endpoints turned down for one pick; then the next one is taken as it is. */
const mostTurnedDown = 16;
/** How often in a ramp it is looked up whose share is the largest. */
const looksPerRamp = 20;

/**
 * Endpoints that became fit while others were get a share that grows in a straight line from a tenth to all of it. What
 * the algorithm picks is taken with the probability of its share; else the algorithm picks another one. Shares are
 * relative to the largest one, so a pool of new endpoints only is used in full.
 * Source: nginx `slow_start`; Envoy, slow start mode.
 */
export class SlowStart implements Balancer {
  readonly balancer: Balancer;
  readonly #endpoints: readonly EndpointState[];
  readonly #options: SlowStartOptions;
  /** Used again for each pick: those tried and those turned down. */
  readonly #passed: EndpointState[] = [];
  #oldest: number = sinceEver;
  #lookAt: number = sinceEver;

  constructor(balancer: Balancer, endpoints: readonly EndpointState[], options: SlowStartOptions) {
    this.balancer = balancer;
    this.#endpoints = endpoints;
    this.#options = options;
  }

  pick(key: string, tried: readonly EndpointState[]): EndpointState | undefined {
    const picked = this.balancer.pick(key, tried);
    return picked === undefined || picked.readySince === sinceEver ? picked : this.#thin(picked, key, tried);
  }

  #thin(first: EndpointState, key: string, tried: readonly EndpointState[]): EndpointState {
    const now = this.#options.now();
    const largest = this.#largestShare(now);
    const passed = this.#passed;
    passed.length = 0;
    for (const endpoint of tried) passed.push(endpoint);
    let candidate = first;
    for (let turnedDown = 0; turnedDown < mostTurnedDown; turnedDown += 1) {
      const share = this.#shareOf(candidate, now) / largest;
      const lucky = share >= 1 || this.#options.random() < share;
      if (lucky && (share >= 1 || !this.#options.byLoad)) return candidate;
      passed.push(candidate);
      const other = this.balancer.pick(key, passed);
      // Nobody else is left.
      if (other === undefined || passed.includes(other)) return first;
      if (lucky && candidate.inFlight <= share * other.inFlight) return candidate;
      candidate = other;
    }
    return candidate;
  }

  /** Ends the ramp of an endpoint whose time has come. */
  #shareOf(endpoint: EndpointState, now: number): number {
    const share = shareSince(endpoint.readySince, now, this.#options.slowStartMs);
    if (share >= 1) endpoint.readySince = sinceEver;
    return share;
  }

  #largestShare(now: number): number {
    if (now >= this.#lookAt) {
      this.#oldest = Number.POSITIVE_INFINITY;
      for (const { readySince } of this.#endpoints) this.#oldest = Math.min(this.#oldest, readySince);
      this.#lookAt = now + this.#options.slowStartMs / looksPerRamp;
    }
    return shareSince(this.#oldest, now, this.#options.slowStartMs);
  }
}

function shareSince(readySince: number, now: number, slowStartMs: number): number {
  return Math.min(1, Math.max(leastShare, (now - readySince) / slowStartMs));
}
