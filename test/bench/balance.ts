/**
 * What each balancing algorithm does with three equal endpoints, and when one of them is slow: docs/balance.md.
 * Usage: make bench-balance [ROWS=ewma,hash]. With ROWS, prints only. nginx and haproxy are left out where not installed.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { atExit } from './at-exit.ts';
import type { Algorithm } from './balance/algorithms.ts';
import { algorithms, slowName } from './balance/algorithms.ts';
import type { Balance } from './balance/table.ts';
import { balanceTable } from './balance/table.ts';
import { runOpenLoop } from './open-loop/run.ts';
import { only } from './options.ts';
import { makeCertificate } from './peers/certificate.ts';
import type { Peer } from './peers/peer.ts';
import { oneSite } from './peers/peer.ts';
import type { PeerName } from './peers/table.ts';
import { peerTable } from './peers/table.ts';
import { Pod } from './pods/pod.ts';
import { machineOf } from './report/machine.ts';
import { writePage } from './report/page.ts';

const perSecond = 2000;
const seconds = 5;
const delayMs = 2;
const slowMs = 50;
/** ip_hash of nginx sees the first three numbers of an address only. */
const addresses = Array.from({ length: 200 }, (_, at) => `127.0.${at + 1}.1`);
const paths = Array.from({ length: 1000 }, (_, at) => `/item/${at}`);

const unknown = only.filter((name) => algorithms.every((one) => one.name !== name));
if (unknown.length > 0) throw new Error(`no algorithm ${unknown.join()}`);
const folder = mkdtempSync(join(tmpdir(), 'fairway-balance-'));
atExit(() => rmSync(folder, { recursive: true, force: true }));
const certificate = makeCertificate(folder);
const results: Balance[] = [];
for (const algorithm of algorithms.filter(({ name }) => only.length === 0 || only.includes(name))) {
  for (const [peer, balancing] of Object.entries(algorithm.words) as [PeerName, string][]) {
    if (peerTable[peer].version() !== undefined) results.push(await run(algorithm, peer, balancing));
  }
  console.error(algorithm.name);
}
const table = balanceTable(results);
console.log(table);
if (only.length === 0) {
  const load = `${perSecond * seconds} requests at ${perSecond} per second`;
  const machine = machineOf(['native', 'nginx', 'haproxy']);
  writePage('balance', 'bench-balance', { load, delays: `${slowMs} ms instead of ${delayMs} ms`, machine, table });
}

async function run(algorithm: Algorithm, peer: PeerName, balancing: string): Promise<Balance> {
  const pods: Pod[] = [];
  let proxy: Peer | undefined;
  try {
    for (const [name, weight] of algorithm.endpoints) pods.push(await Pod.start(name, delayMs, weight));
    proxy = await peerTable[peer].start({
      folder: join(folder, `${peer}-${algorithm.name}`),
      endpoints: pods,
      sites: oneSite,
      accessLog: false,
      certificate,
      workers: 1,
      ...(balancing === '' ? {} : { balancing }),
    });
    const plan = { port: proxy.httpPort, host: 'localhost', paths, addresses, connections: 400, timeoutMs: 5000 };
    // Connections are opened, code is compiled.
    await runOpenLoop({ ...plan, perSecond: 500, seconds: 1 });
    const equal = await runOpenLoop({ ...plan, perSecond, seconds });
    pods.find(({ name }) => name === slowName)?.tell({ kind: 'delay', milliseconds: slowMs });
    const oneSlow = await runOpenLoop({ ...plan, perSecond, seconds });
    return { algorithm, peer, equal: equal.shots, oneSlow: oneSlow.shots };
  } finally {
    await proxy?.stop();
    for (const pod of pods) await pod.kill();
  }
}
