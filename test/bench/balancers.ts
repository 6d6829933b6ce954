/**
 * Time of one pick, of building a balancer, and of both together at the first pick, for every algorithm and what can be
 * asked of it. The best of many rounds counts, because what else the machine does only adds. Run:
 * `bash scripts/node.sh test/bench/balancers.ts`
 */
import type { BalancingAlgorithm, Upstream } from '../../src/model/upstream.ts';
import type { Balancer } from '../../src/proxy/balancing/balancer.ts';
import { makeBalancer } from '../../src/proxy/balancing/make-balancer.ts';
import { balancers } from '../../src/proxy/balancing/table.ts';
import type { EndpointState } from '../../src/proxy/upstreams/endpoint-state.ts';
import { endpointStates } from '../support/endpoints.ts';

const picksPerRound = 5_000;
const rounds = 40;
const keys = Array.from({ length: 1024 }, (_, at) => `/path/of/a/request/${at}`);
const parts = { random: Math.random, now: () => performance.now() };
const nothing: readonly EndpointState[] = [];

type Asked = Pick<Upstream, 'balancing' | 'slowStartMs'>;

const variants: readonly (readonly [string, Asked])[] = [
  ...(Object.keys(balancers) as BalancingAlgorithm[]).map(
    (algorithm) => [algorithm, { balancing: { algorithm } }] as const,
  ),
  ['hash, subset of 3', { balancing: { algorithm: 'hash', subsetSize: 3 } }],
  ['hash, bounded', { balancing: { algorithm: 'hash', boundedLoad: 1.25 } }],
  ['round_robin, slow start', { balancing: { algorithm: 'round_robin' }, slowStartMs: 30_000 }],
  ['ewma, slow start', { balancing: { algorithm: 'ewma' }, slowStartMs: 30_000 }],
];

/** @returns nanoseconds */
function best(times: number, run: () => void): number {
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0; round < times; round += 1) {
    const startedAt = performance.now();
    run();
    least = Math.min(least, performance.now() - startedAt);
  }
  return least * 1e6;
}

/** As in traffic: what was picked holds one exchange more until 16 others have begun. */
function pickMany(balancer: Balancer): void {
  const running: (EndpointState | undefined)[] = Array.from({ length: 16 });
  for (let at = 0; at < picksPerRound; at += 1) {
    const picked = balancer.pick(keys[at & 1023] ?? '', nothing);
    const done = running[at & 15];
    if (done !== undefined) done.inFlight -= 1;
    if (picked !== undefined) picked.inFlight += 1;
    running[at & 15] = picked;
  }
  for (const one of running) if (one !== undefined) one.inFlight -= 1;
}

function measure(asked: Asked, endpoints: readonly EndpointState[]): { readonly pick: number; readonly first: number } {
  const make = (): Balancer => makeBalancer(parts, asked, endpoints, undefined);
  const balancer = make();
  const pick = best(rounds, () => pickMany(balancer)) / picksPerRound;
  const first = best(endpoints.length > 1000 ? 5 : rounds, () => void make().pick('key', nothing));
  return { pick, first };
}

function changeOne(count: number): number {
  const [all, first] = [endpointStates(count), endpointStates(count)];
  const before = makeBalancer(parts, { balancing: { algorithm: 'hash' } }, all, undefined);
  before.pick('key', nothing);
  const asked: Asked = { balancing: { algorithm: 'hash' } };
  return best(10, () => void makeBalancer(parts, asked, first.slice(1), before).pick('key', nothing));
}

for (const count of [1000, 50_000]) {
  console.log(`hash, one of ${count} endpoints leaves: ${(changeOne(count) / 1000).toFixed(1)} µs`);
}
console.log('algorithm                 endpoints   pick and count ns   build and first pick µs');
for (const [name, asked] of variants) {
  for (const count of [3, 100, 1000, 50_000]) {
    const endpoints = endpointStates(count);
    endpoints.forEach((one, at) => (one.endpoint = { ...one.endpoint, weight: 1 + (at % 5) }));
    const { pick, first } = measure(asked, endpoints);
    const cells = [`${count}`.padStart(9), pick.toFixed(0).padStart(20), (first / 1000).toFixed(1).padStart(26)];
    console.log(name.padEnd(26) + cells.join(''));
  }
}
