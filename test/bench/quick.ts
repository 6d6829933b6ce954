/**
 * Usage: node test/bench/quick.ts [rounds] [seconds] [peers] [path] [http|https] [log|nolog] [connections]. Peers are names of
 * `peers/table.ts`, or `native@FOLDER` for another checkout.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { measure, median } from './load.ts';
import { startBackend } from './peers/backend.ts';
import { makeCertificate } from './peers/certificate.ts';
import { startFairway } from './peers/fairway.ts';
import type { Peer } from './peers/peer.ts';
import { oneSite } from './peers/peer.ts';
import type { PeerName } from './peers/table.ts';
import { peerTable } from './peers/table.ts';

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
      endpoints: [{ name: 'one', port: backend.httpPort }],
      accessLog: log === 'log',
      certificate,
      workers: 1,
      sites: oneSite,
    };
    peers.push(await (name in peerTable ? peerTable[name as PeerName].start(options) : startFairway(name, options)));
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
  rmSync(root, { recursive: true, force: true });
}
