/**
 * Mixed load on the whole program for a long time; memory, file descriptors and delays every 30 s as lines of a CSV file.
 * Usage: node test/bench/soak.ts [minutes] [actions per second] [file]. Ends by itself.
 */
import { appendFileSync, mkdtempSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { treeOf } from './cpu.ts';
import { makeCertificate } from './peers/certificate.ts';
import { startFairway } from './peers/fairway.ts';
import { oneSite } from './peers/peer.ts';
import type { Action } from './soak-load.ts';
import { actions, startSoakBackend } from './soak-load.ts';

const minutes = Number(process.argv[2] ?? 60);
const perSecond = Number(process.argv[3] ?? 80);
const file = process.argv[4] ?? join(tmpdir(), 'fairway-soak.csv');
const sampleMs = 30_000;

const folder = mkdtempSync(join(tmpdir(), 'fairway-soak-'));
const certificate = makeCertificate(join(folder, 'certificate'));
const backendPort = await startSoakBackend();
const peer = await startFairway('native', {
  folder,
  endpoints: [{ name: 'one', port: backendPort }],
  accessLog: true,
  certificate,
  workers: 2,
  sites: oneSite,
});
const beganAt = performance.now();
const counts = { done: 0, failed: 0, running: 0 };
const failures = new Map<string, number>();
let latencies: number[] = [];

writeFileSync(
  file,
  'seconds,done,failed,running,p50_ms,p99_ms,max_ms,loop_delay_ms,' +
    ['supervisor', 'control', 'worker0', 'worker1'].map((name) => `${name}_pid,${name}_rss_mb,${name}_fds`).join(',') +
    '\n',
);
const timers = [setInterval(launch, 1000 / perSecond), setInterval(() => void sample(), sampleMs)];
await sample();
await new Promise((resolve) => setTimeout(resolve, minutes * 60_000));
for (const timer of timers) clearInterval(timer);
await sample();
console.log(counts, Object.fromEntries(failures));
await peer.stop();
process.exit(0);

function launch(): void {
  const action = chosen();
  const startedAt = performance.now();
  counts.running += 1;
  const onDone = (): void => {
    counts.done += 1;
    if (action.name === 'get') latencies.push(performance.now() - startedAt);
  };
  void action
    .run(peer.httpPort)
    .then(onDone)
    .catch((error: unknown) => {
      counts.failed += 1;
      const key = `${action.name}: ${String(error)}`;
      if (!failures.has(key)) console.log(Math.round((performance.now() - beganAt) / 1000), key);
      failures.set(key, (failures.get(key) ?? 0) + 1);
    })
    .finally(() => (counts.running -= 1));
}

function chosen(): Action {
  const sum = actions.reduce((all, one) => all + one.share, 0);
  let at = Math.random() * sum;
  for (const one of actions) {
    at -= one.share;
    if (at < 0) return one;
  }
  throw new Error('no action');
}

async function sample(): Promise<void> {
  const sorted = latencies.toSorted((a, b) => a - b);
  latencies = [];
  const quantile = (part: number): string => (sorted[Math.floor((sorted.length - 1) * part)] ?? 0).toFixed(1);
  const cells = [
    Math.round((performance.now() - beganAt) / 1000),
    counts.done,
    counts.failed,
    counts.running,
    quantile(0.5),
    quantile(0.99),
    quantile(1),
    await loopDelayMs(),
    ...processes().flatMap((pid) => [pid, residentMegabytes(pid), descriptors(pid)]),
  ];
  appendFileSync(file, `${cells.join(',')}\n`);
}

/** Supervisor, control process, workers in the order of their numbers as long as none was replaced. */
function processes(): number[] {
  const place = (pid: number): number => (pid === peer.pid ? 0 : commandOf(pid).includes('control') ? 1 : 2);
  return treeOf(peer.pid).toSorted((a, b) => place(a) - place(b) || a - b);
}

function commandOf(pid: number): string {
  return (
    readFileSync(`/proc/${pid}/cmdline`, 'latin1')
      .split('\0')
      .find((one) => one.endsWith('.ts')) ?? ''
  );
}

function residentMegabytes(pid: number): string {
  const pages = readFileSync(`/proc/${pid}/statm`, 'latin1').split(' ')[1];
  return ((Number(pages) * 4096) / 1e6).toFixed(1);
}

function descriptors(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

/** The longest of all workers, as the index of the admin listener shows it. */
async function loopDelayMs(): Promise<number> {
  const page = await fetch(`http://127.0.0.1:${peer.adminPort}/`).then((answer) => answer.text());
  return Math.max(0, ...page.matchAll(/>([\d.]+) ms</g).map((match) => Number(match[1])));
}
