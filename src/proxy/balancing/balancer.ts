import type { Random } from '../../lib/random.ts';
import type { Balancing } from '../../model/upstream.ts';
import type { EndpointState } from '../upstreams/endpoint-state.ts';

/** Chooses the next endpoint. Made anew when the set of endpoints that may be picked changes. */
export interface Balancer {
  /**
   * Called for every try: no allocation, no await.
   * @param key  what `hash` and `ip_hash` hash; others ignore it
   * @param tried  endpoints that this exchange has tried; avoided while another one is left
   */
  pick(key: string, tried: readonly EndpointState[]): EndpointState | undefined;
}

/**
 * @param endpoints  those that may be picked now, in the order of their ids, at least one. Factories read nothing but
 *   the id: all else may change while the balancer lives, and before its first pick.
 * @param previous  the balancer of the set before, of whatever algorithm: state of endpoints that stay is taken over
 */
export type BalancerFactory = (
  endpoints: readonly EndpointState[],
  random: Random,
  now: () => number,
  previous: Balancer | undefined,
  options?: BalancerOptions,
) => Balancer;

/** What some algorithms do otherwise when asked; others ignore it. */
export type BalancerOptions = Pick<Balancing, 'subsetSize' | 'boundedLoad'>;
