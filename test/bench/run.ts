/**
 * All rows, proxies taking turns within one run: docs/benchmarks.md and docs/benchmarks.svg.
 * Usage: make bench [ROWS=keep-alive,tls] [ROUNDS=5] [SECONDS_EACH=1]. Writes the files when all
 * rows were measured at least five times, else it prints only. Needs wrk and openssl;
 * proxies that are not installed are left out.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { atExit } from './at-exit.ts';
import { only, rounds, seconds } from './options.ts';
import { startBackend } from './peers/backend.ts';
import { makeCertificate } from './peers/certificate.ts';
import type { PeerName } from './peers/table.ts';
import { peerTable } from './peers/table.ts';
import { chartOf } from './report/chart.ts';
import { machineOf } from './report/machine.ts';
import { writeChart, writePage } from './report/page.ts';
import { notesOf, tableOf } from './report/table.ts';
import { rows } from './rows/table.ts';
import type { Outcome } from './turns.ts';
import { Turns } from './turns.ts';

const unknown = only.filter((id) => rows.every((row) => row.id !== id));
if (unknown.length > 0) throw new Error(`no row ${unknown.join()}; there are ${rows.map((row) => row.id).join()}`);
const names = Object.keys(peerTable) as PeerName[];
const installed = new Set(names.filter((name) => peerTable[name].version() !== undefined));
const folder = mkdtempSync(join(tmpdir(), 'fairway-bench-'));
atExit(() => rmSync(folder, { recursive: true, force: true }));
const backend = await startBackend(join(folder, 'backend'));
const turns = new Turns(folder, backend.httpPort, makeCertificate(join(folder, 'certificate')));
const outcomes: Outcome[] = [];
try {
  for (const row of rows.filter(({ id }) => only.length === 0 || only.includes(id))) {
    const startedAt = performance.now();
    const contestants = row.contestants.filter(({ peer }) => installed.has(peer));
    outcomes.push(await turns.run({ ...row, contestants }));
    console.error(`${row.id}: ${((performance.now() - startedAt) / 1000).toFixed(0)} s`);
  }
} finally {
  await turns.stop();
  await backend.stop();
}
const table = tableOf(outcomes);
const notes = notesOf(outcomes);
console.log(`${table}\n\n${notes}`);
if (only.length === 0 && rounds >= 5) {
  const turn = `medians of ${rounds} turns of ${seconds} s`;
  writePage('benchmarks', 'bench', { turns: turn, machine: machineOf(names), table, notes });
  writeChart('benchmarks', chartOf(outcomes));
}
