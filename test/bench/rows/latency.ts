import { measure, median } from '../load.ts';
import { latencyQuantile, quantile, runOpenLoop } from '../open-loop/run.ts';
import { rounds, seconds } from '../options.ts';
import type { Peer } from '../peers/peer.ts';
import { fairway, fastest, nginx } from './contestants.ts';
import type { Row, Sample, Sampler } from './row.ts';

/** Delays at a rate that all of them can serve easily, measured from when each request was due. */
export const latencyRow: Row = {
  id: 'latency',
  title: 'p99 at half of the peak of the slowest of these, access log',
  measured: 'p99Ms',
  contestants: fastest,
  goals: [{ of: fairway, against: nginx, bound: 'at most', limit: 1.5 }],
  begin,
};

async function begin(peers: ReadonlyMap<string, Peer>): Promise<Sampler> {
  const peaks = new Map<string, number[]>();
  for (let round = 0; round < rounds; round += 1) {
    for (const [label, peer] of peers) {
      const { requestsPerSecond } = await measure(peer, { path: '/', secure: false, connections: 64, seconds: 1 });
      peaks.set(label, [...(peaks.get(label) ?? []), requestsPerSecond]);
    }
  }
  const perSecond = Math.floor(Math.min(...[...peaks.values()].map(median)) / 2);
  const late: number[] = [];
  const generator: number[] = [];
  const sample = async (peer: Peer): Promise<Sample> => {
    const plan = { port: peer.httpPort, host: 'localhost', perSecond, seconds, connections: 64, paths: ['/'] };
    const { cpuMs, shots } = await runOpenLoop({ ...plan, timeoutMs: 5000 });
    late.push(
      quantile(
        shots.map((one) => one.lateMs),
        0.99,
      ),
    );
    generator.push(cpuMs / (seconds * 1000));
    return {
      requestsPerSecond: (shots.length * 1000) / Math.max(...shots.map((one) => one.dueMs + one.latencyMs)),
      p50Ms: latencyQuantile(shots, 0.5),
      p99Ms: latencyQuantile(shots, 0.99),
      errors: shots.filter((one) => one.failure !== undefined).length,
    };
  };
  const notes = (): readonly string[] => [
    `Every proxy got the same ${perSecond} requests per second: half of the peak of the slowest (` +
      `${[...peaks].map(([label, values]) => `${label} ${median(values).toFixed(0)}`).join(', ')}; wrk, medians). ` +
      'The generator sends at fixed times, whatever happens, and counts from when a request was due: what it is late ' +
      `itself (p99 ${median(late).toFixed(2)} ms) is part of every proxy's number. It used ${median(generator).toFixed(2)} cores.`,
  ];
  return { sample, notes };
}
