import { cpus } from 'node:os';

import { connectionsByProcess } from '../cpu.ts';
import { measure } from '../load.ts';
import { seconds } from '../options.ts';
import type { Peer } from '../peers/peer.ts';
import { contestant } from './contestants.ts';
import type { Line, Row, Sample } from './row.ts';

const keptConnections = 64;
const one = contestant('native', ', 1 worker', {});
const two = contestant('native', ', 2 workers', { workers: 2 });
const twoOfNginx = contestant('nginx', ', 2 workers', { workers: 2 });

/** What a second worker brings. Proxy, client and backend share the machine, so the rate is not all there is to say. */
export const workersRow: Row = {
  id: 'workers',
  title: '2 workers instead of 1: new connection for each request, access log',
  measured: 'requestsPerSecond',
  contestants: [contestant('nginx', ', 1 worker', {}), twoOfNginx, one, two],
  goals: [{ of: two.label, against: one.label, bound: 'at least', limit: 1.8 }],
  begin: () =>
    Promise.resolve({
      sample: (peer) =>
        measure(peer, { path: '/', secure: false, connections: 64, seconds, more: ['-H', 'Connection: close'] }),
      notes: whatLimits,
    }),
};

/** How the kernel and the workers share connections that stay. */
export const spreadRow: Row = {
  id: 'spread',
  title: '2 workers: how 64 keep-alive connections are spread',
  measured: 'busiestPercent',
  contestants: [twoOfNginx, two],
  goals: [{ of: two.label, bound: 'at most', limit: 60 }],
  begin: () => Promise.resolve({ sample: spread }),
};

async function spread(peer: Peer): Promise<Sample> {
  const state = { isOver: false, counts: [] as readonly number[] };
  const load = measure(peer, { path: '/', secure: false, connections: keptConnections, seconds }).finally(() => {
    state.isOver = true;
  });
  while (!state.isOver && sum(state.counts) < keptConnections) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    const counts = connectionsByProcess(peer.pid, peer.httpPort);
    if (sum(counts) > sum(state.counts)) state.counts = counts;
  }
  const result = await load;
  if (sum(state.counts) === 0) throw new Error(`no connections of ${peer.name} were seen`);
  return { ...result, busiestPercent: (Math.max(...state.counts) / sum(state.counts)) * 100 };
}

function sum(counts: readonly number[]): number {
  return counts.reduce((all, count) => all + count, 0);
}

/** The rate that two workers would reach on a machine with cores for all: twice that of one, less what each request costs more. */
function whatLimits(lines: readonly Line[]): readonly string[] {
  const valuesOf = (label: string): Sample => lines.find((line) => line.contestant.label === label)?.values ?? {};
  const [alone, both] = [valuesOf(one.label), valuesOf(two.label)];
  const { cpuUs: before = 0, clientCores = 0, proxyCores = 0 } = alone;
  const { cpuUs: after = 1, clientCores: clientWithTwo = 0, proxyCores: proxyWithTwo = 0 } = both;
  return [
    `This machine has ${cpus().length} cores for proxy, client and backend. One worker of Fairway used ` +
      `${proxyCores.toFixed(2)} of them and the client ${clientCores.toFixed(2)}; two workers ${proxyWithTwo.toFixed(2)} and ` +
      `${clientWithTwo.toFixed(2)}. By CPU time per request, which does not depend on who waits for a core, two workers do ` +
      `${((2 * before) / after).toFixed(2)} times the work of one in the same time.`,
  ];
}
