import type { BalancingAlgorithm } from '../../model/upstream.ts';
import type { BalancerFactory } from './balancer.ts';
import { consistentHash } from './consistent-hash.ts';
import { ewma } from './ewma.ts';
import { leastConnections } from './least-connections.ts';
import { randomTwo } from './random-two.ts';
import { roundRobin } from './round-robin.ts';
import { weighted } from './weighted.ts';

/** Every algorithm. `hash` and `ip_hash` differ in what they hash, which the exchange decides. */
export const balancers: Readonly<Record<BalancingAlgorithm, BalancerFactory>> = {
  round_robin: roundRobin,
  least_conn: leastConnections,
  random_two: randomTwo,
  ewma,
  hash: (endpoints, random, _now, previous, options) => consistentHash(endpoints, random, previous, options),
  ip_hash: (endpoints, random, _now, previous) => consistentHash(endpoints, random, previous),
  weighted,
};

/** How a share that ramps up is kept: by turns, by what endpoints hold, or not at all because keys stay where they are. */
export const ramps: Readonly<Record<BalancingAlgorithm, 'turns' | 'load' | 'keys'>> = {
  round_robin: 'turns',
  least_conn: 'load',
  random_two: 'load',
  ewma: 'load',
  hash: 'keys',
  ip_hash: 'keys',
  weighted: 'turns',
};
