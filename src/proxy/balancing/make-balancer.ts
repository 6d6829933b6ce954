import type { Random } from '../../lib/random.ts';
import type { Upstream } from '../../model/upstream.ts';
import type { EndpointState } from '../upstreams/endpoint-state.ts';
import type { Balancer } from './balancer.ts';
import { SlowStart } from './slow-start.ts';
import { balancers, ramps } from './table.ts';

/** What makes the balancers of one worker. */
export interface BalancerParts {
  readonly random: Random;
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

/**
 * The balancer of an upstream, by its algorithm, with slow start when asked for.
 * @param endpoints  those that may be picked now, as `BalancerFactory` wants them
 * @param previous  the balancer of the set before
 */
export function makeBalancer(
  { random, now }: BalancerParts,
  { balancing, slowStartMs = 0 }: Pick<Upstream, 'balancing' | 'slowStartMs'>,
  endpoints: readonly EndpointState[],
  previous: Balancer | undefined,
): Balancer {
  const before = previous instanceof SlowStart ? previous.balancer : previous;
  const balancer = balancers[balancing.algorithm](endpoints, random, now, before, balancing);
  const by = ramps[balancing.algorithm];
  if (slowStartMs === 0 || by === 'keys') return balancer;
  return new SlowStart(balancer, endpoints, { slowStartMs, byLoad: by === 'load', random, now });
}
