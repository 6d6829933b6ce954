/**
 * Time of one pick, and of building a balancer, for every algorithm. Run: `bash scripts/node.sh test/bench/balancers.ts`
 */
import type { BalancingAlgorithm } from '../../src/model/upstream.ts';
import { balancers } from '../../src/proxy/balancing/table.ts';
import { endpointStates, seededRandom } from '../support/endpoints.ts';

const rounds = 200_000;
const keys = Array.from({ length: 1024 }, (_, at) => `/path/of/a/request/${at}`);

function nanoseconds(times: number, run: (at: number) => void): number {
  const startedAt = performance.now();
  for (let at = 0; at < times; at += 1) run(at);
  return ((performance.now() - startedAt) * 1e6) / times;
}

console.log('algorithm     endpoints   pick ns   build µs');
for (const algorithm of Object.keys(balancers) as BalancingAlgorithm[]) {
  for (const count of [3, 10, 100, 1000]) {
    const endpoints = endpointStates(count);
    const make = () => balancers[algorithm](endpoints, seededRandom(1), () => 1000, undefined);
    const balancer = make();
    const times = Math.max(2000, rounds / count);
    nanoseconds(times, (at) => balancer.pick(keys[at & 1023] ?? '', []));
    const pick = nanoseconds(times, (at) => balancer.pick(keys[at & 1023] ?? '', []));
    const build = nanoseconds(50, make) / 1000;
    console.log(
      `${algorithm.padEnd(14)}${`${count}`.padStart(9)}${pick.toFixed(0).padStart(10)}${build.toFixed(1).padStart(11)}`,
    );
  }
}
