import type { BalancingAlgorithm } from '../../model/upstream.ts';
import type { BalancerFactory } from './balancer.ts';
import { ewma } from './ewma.ts';
import { leastConnections } from './least-connections.ts';
import { randomTwo } from './random-two.ts';
import { rendezvous } from './rendezvous.ts';
import { roundRobin } from './round-robin.ts';
import { weighted } from './weighted.ts';

/** Every algorithm. `hash` and `ip_hash` differ in what they hash, which the exchange decides. */
export const balancers: Readonly<Record<BalancingAlgorithm, BalancerFactory>> = {
  round_robin: roundRobin,
  least_conn: leastConnections,
  random_two: randomTwo,
  ewma,
  hash: rendezvous,
  ip_hash: rendezvous,
  weighted,
};
