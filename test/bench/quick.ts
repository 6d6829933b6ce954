/** node test/bench/quick.ts [rounds] [seconds] [peers] [path] [http|https] [log|nolog] */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { measure, median } from './load.ts';
import { makeCertificate, startBackend, startFairway, startHaproxy, startNginxProxy } from './peers.ts';
import type { Peer } from './peers.ts';

const [rounds = '3', seconds = '2', names = 'nginx,native', path = '/', scheme = 'http', log = 'log', conns = '64'] =
  process.argv.slice(2);
const root = mkdtempSync(join(tmpdir(), 'fairway-bench-'));
const certificate = makeCertificate(join(root, 'cert'));
const backend = await startBackend(join(root, 'backend'));
const peers: Peer[] = [];
try {
  for (const name of names.split(',')) {
    const options = {
      folder: join(root, name.replaceAll('/', '_')),
      backendPort: backend.httpPort,
      accessLog: log === 'log',
      certificate,
      workers: 1,
      routes: 1,
    };
    peers.push(
      name === 'nginx'
        ? await startNginxProxy(options)
        : name === 'haproxy'
          ? await startHaproxy(options)
          : await startFairway(name, options),
    );
  }
  for (const peer of peers) await measure(peer, { path, secure: scheme === 'https', connections: +conns, seconds: 1 });
  const results = peers.map(() => [] as Awaited<ReturnType<typeof measure>>[]);
  for (let round = 0; round < +rounds; round += 1)
    for (const [at, peer] of peers.entries())
      results[at]?.push(
        await measure(peer, { path, secure: scheme === 'https', connections: +conns, seconds: +seconds }),
      );
  const base = median((results[0] ?? []).map((r) => r.cpuUs));
  for (const [at, peer] of peers.entries()) {
    const all = results[at] ?? [];
    const cpu = median(all.map((r) => r.cpuUs));
    console.log(
      peer.name.padEnd(30),
      'cpu',
      cpu.toFixed(1),
      'x',
      (cpu / base).toFixed(2),
      'rps',
      median(all.map((r) => r.requestsPerSecond)).toFixed(0),
      'p99',
      median(all.map((r) => r.p99Ms)).toFixed(1),
      'errors',
      all.reduce((s, r) => s + r.errors, 0),
      all.map((r) => r.cpuUs.toFixed(1)).join(' '),
    );
  }
} finally {
  for (const peer of [...peers, backend]) await peer.stop();
}
