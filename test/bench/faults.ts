/**
 * Endpoints fail in every way while requests arrive at a fixed rate: how many fail, and for how long: docs/faults.md.
 * Usage: make bench-faults [ROWS=killed,hung,deaths]. With ROWS, prints only. Faults of the network need root and iptables;
 * without, they are left out. nginx and haproxy are left out where not installed.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { atExit } from './at-exit.ts';
import { canFilterPackets } from './faults/packets.ts';
import type { DeathsResult, FaultResult } from './faults/report.ts';
import { deathsTable, faultsTable } from './faults/report.ts';
import { deathsTitle, faultLoad, runDeaths, runFault } from './faults/run-fault.ts';
import { faults } from './faults/table.ts';
import { runOpenLoop } from './open-loop/run.ts';
import { only } from './options.ts';
import { makeCertificate } from './peers/certificate.ts';
import type { FaultTolerance, Peer } from './peers/peer.ts';
import { oneSite } from './peers/peer.ts';
import type { PeerName } from './peers/table.ts';
import { peerTable } from './peers/table.ts';
import { Pod } from './pods/pod.ts';
import { machineOf } from './report/machine.ts';
import { writePage } from './report/page.ts';

const tolerance: FaultTolerance = {
  connectSeconds: 1,
  readSeconds: 2,
  tries: 3,
  checkEverySeconds: 1,
  checksToFail: 2,
};
const peers: readonly PeerName[] = ['native', 'nginx', 'haproxy'];
const ids = [...faults.map((one) => one.id), 'deaths'];
const unknown = only.filter((id) => !ids.includes(id));
if (unknown.length > 0) throw new Error(`no fault ${unknown.join()}; there are ${ids.join()}`);
const chosen = (id: string): boolean => only.length === 0 || only.includes(id);

const folder = mkdtempSync(join(tmpdir(), 'fairway-faults-'));
atExit(() => rmSync(folder, { recursive: true, force: true }));
const certificate = makeCertificate(folder);
const results: FaultResult[] = [];
const deaths: DeathsResult[] = [];
const left: string[] = [];
for (const fault of faults.filter(({ id }) => chosen(id))) {
  if (fault.needsRoot === true && !canFilterPackets()) left.push(fault.title);
  else
    await withEach(fault.id, async (peer, proxy, pods) => {
      results.push({ title: fault.title, peer, run: await runFault(fault, proxy, pods) });
    });
}
if (chosen('deaths')) {
  await withEach('deaths', async (peer, proxy, pods) => {
    deaths.push({ peer, shots: await runDeaths(proxy, pods) });
  });
}
const tables = { faults: faultsTable(results), deaths: deathsTable(deaths) };
console.log(`${tables.faults}\n\n${tables.deaths}`);
if (only.length === 0) {
  const missing = left.length === 0 ? [] : [`- Left out, because it needs root and iptables: ${left.join('; ')}`];
  const machine = [machineOf(peers), ...missing].join('\n');
  writePage('faults', 'bench-faults', { load: faultLoad, 'deaths-title': deathsTitle, machine, ...tables });
}

/** Starts three endpoints and each proxy in front of them, everything anew. */
async function withEach(
  id: string,
  run: (peer: PeerName, proxy: Peer, pods: readonly Pod[]) => Promise<void>,
): Promise<void> {
  for (const peer of peers.filter((name) => peerTable[name].version() !== undefined)) {
    const pods: Pod[] = [];
    let proxy: Peer | undefined;
    try {
      for (const name of ['a', 'b', 'c']) pods.push(await Pod.start(name, 0));
      proxy = await peerTable[peer].start({
        folder: join(folder, `${peer}-${id}`),
        endpoints: pods,
        sites: oneSite,
        accessLog: true,
        certificate,
        workers: 1,
        faultTolerance: tolerance,
      });
      const { httpPort: port } = proxy;
      const warmUp = { port, host: 'localhost', paths: ['/'], connections: 50, timeoutMs: 5000 };
      await runOpenLoop({ ...warmUp, perSecond: 500, seconds: 2 });
      await run(peer, proxy, pods);
      console.error(`${id}: ${peerTable[peer].title}`);
    } finally {
      await proxy?.stop();
      for (const pod of pods) await pod.kill();
    }
  }
}
