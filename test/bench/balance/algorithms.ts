import type { BalancingAlgorithm } from '../../../src/model/upstream.ts';
import type { PeerName } from '../peers/table.ts';

/** An algorithm of Fairway, and the nearest one of the others. */
export interface Algorithm {
  readonly name: BalancingAlgorithm;
  /** Names and weights. */
  readonly endpoints: readonly (readonly [name: string, weight: number | undefined])[];
  /** What to configure; empty: the default. */
  readonly words: Partial<Readonly<Record<PeerName, string>>>;
}

/** The endpoint that becomes slow. */
export const slowName = 'c';

const equal: Algorithm['endpoints'] = ['a', 'b', slowName].map((name) => [name, undefined]);
const weights: Algorithm['endpoints'] = [
  ['a', 3],
  ['b', 2],
  [slowName, 1],
];

export const algorithms: readonly Algorithm[] = [
  {
    name: 'round_robin',
    endpoints: equal,
    words: { native: 'round_robin', nginx: '', haproxy: 'roundrobin' },
  },
  {
    name: 'least_conn',
    endpoints: equal,
    words: { native: 'least_conn', nginx: 'least_conn', haproxy: 'leastconn' },
  },
  {
    name: 'random_two',
    endpoints: equal,
    words: { native: 'random_two', nginx: 'random two least_conn', haproxy: 'random(2)' },
  },
  { name: 'ewma', endpoints: equal, words: { native: 'ewma' } },
  { name: 'ip_hash', endpoints: equal, words: { native: 'ip_hash', nginx: 'ip_hash', haproxy: 'source' } },
  {
    name: 'hash',
    endpoints: equal,
    words: {
      native: 'hash $request_uri',
      nginx: 'hash $request_uri consistent',
      haproxy: 'uri whole\n  hash-type consistent',
    },
  },
  {
    name: 'weighted',
    endpoints: weights,
    words: { native: 'weighted', nginx: '', haproxy: 'roundrobin' },
  },
];
