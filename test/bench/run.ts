/**
 * All scenarios, peers taking turns within one run, and the table in docs/benchmarks.md.
 * Usage: node test/bench/run.ts [rounds] [seconds]. Needs nginx, haproxy, wrk and openssl.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, release, tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Result } from './load.ts';
import { measure, median } from './load.ts';
import type { Peer, PeerOptions } from './peers.ts';
import { makeCertificate, startBackend, startFairway, startHaproxy, startNginxProxy } from './peers.ts';
import type { PeerName, Scenario } from './scenarios.ts';
import { scenarios } from './scenarios.ts';

const rounds = Number(process.argv[2] ?? 5);
const seconds = Number(process.argv[3] ?? 1);
const only = process.argv[4] ?? '';

interface Row {
  readonly scenario: Scenario;
  readonly name: PeerName;
  readonly cpuUs: number;
  readonly ratio: number;
  readonly requestsPerSecond: number;
  readonly p99Ms: number;
  readonly errors: number;
}

const root = mkdtempSync(join(tmpdir(), 'fairway-bench-'));
const certificate = makeCertificate(join(root, 'certificate'));
const backend = await startBackend(join(root, 'backend'));
const rows: Row[] = [];
try {
  for (const accessLog of [true, false]) {
    const chosen = scenarios.filter((one) => one.accessLog === accessLog && one.name.includes(only));
    const names = [...new Set(chosen.flatMap((one) => one.peers))];
    const peers = new Map<PeerName, Peer>();
    try {
      for (const name of names) peers.set(name, await start(name, accessLog));
      for (const scenario of chosen) rows.push(...(await runScenario(scenario, peers)));
    } finally {
      for (const peer of peers.values()) await peer.stop();
    }
  }
} finally {
  await backend.stop();
  rmSync(root, { recursive: true, force: true });
}
const table = tableOf(rows);
console.log(table);
if (only === '') writeFileSync(new URL('../../docs/benchmarks.md', import.meta.url), pageOf(table));

function start(name: PeerName, accessLog: boolean): Promise<Peer> {
  const folder = join(root, `${name}-${accessLog ? 'log' : 'plain'}`);
  const options: PeerOptions = { folder, backendPort: backend.httpPort, accessLog, certificate, workers: 1, routes: 1 };
  if (name === 'nginx') return startNginxProxy(options);
  return name === 'haproxy' ? startHaproxy(options) : startFairway(name, options);
}

async function runScenario(scenario: Scenario, peers: ReadonlyMap<PeerName, Peer>): Promise<Row[]> {
  const results = new Map<PeerName, Result[]>(scenario.peers.map((name) => [name, []]));
  // One round that does not count: code is compiled, connections are opened.
  for (let round = -1; round < rounds; round += 1) {
    for (const name of scenario.peers) {
      const peer = peers.get(name);
      if (peer === undefined) continue;
      const result = await measure(peer, { ...scenario.load, seconds });
      if (round >= 0) results.get(name)?.push(result);
    }
  }
  const base = medianOf(results.get('nginx') ?? [], 'cpuUs');
  return scenario.peers.map((name) => {
    const all = results.get(name) ?? [];
    const cpuUs = medianOf(all, 'cpuUs');
    return {
      scenario,
      name,
      cpuUs,
      ratio: cpuUs / base,
      requestsPerSecond: medianOf(all, 'requestsPerSecond'),
      p99Ms: medianOf(all, 'p99Ms'),
      errors: all.reduce((sum, one) => sum + one.errors, 0),
    };
  });
}

function medianOf(results: readonly Result[], key: keyof Result): number {
  return median(results.map((one) => one[key]));
}

function tableOf(all: readonly Row[]): string {
  const lines = [
    '| Measure | Proxy | CPU per request (µs) | × nginx | Goal | Requests/s | p99 (ms) | Errors |',
    '|---|---|--:|--:|--:|--:|--:|--:|',
  ];
  let before = '';
  for (const { scenario, name, cpuUs, ratio, requestsPerSecond, p99Ms, errors } of all) {
    const title = scenario.name === before ? '' : scenario.name;
    before = scenario.name;
    const goal = name === 'native' ? scenario.goal.toFixed(2) : '';
    lines.push(
      `| ${title} | ${name === 'native' || name === 'http-proxy' ? `Fairway, ${name}` : name} | ${cpuUs.toFixed(1)} | ` +
        `${ratio.toFixed(2)} | ${goal} | ${requestsPerSecond.toFixed(0)} | ${p99Ms.toFixed(1)} | ${errors} |`,
    );
  }
  return lines.join('\n');
}

function pageOf(text: string): string {
  const model = cpus()[0]?.model ?? 'unknown';
  const load = readFileSync('/proc/loadavg', 'latin1').split(' ').slice(0, 3).join(' ');
  const [nginx, haproxy] = [
    ['nginx', '-v'],
    ['haproxy', '-v'],
  ].map(([command = '', ...rest]) => versionOf(command, rest));
  return `# Benchmarks

Written by \`make bench\`. CPU time of all processes of each proxy (for Fairway: supervisor, control process and one data
worker) per request, from the operating system's accounting of threads; medians of ${rounds} rounds of ${seconds} s in which
the proxies take turns, one worker each, in front of the same backend, with the same request headers added, the same access-log
format (haproxy: its own) written to a file, and Fairway's metrics on.

Ratios within one line mean something; times of different runs do not, least of all on a machine that others use.

- Machine: ${cpus().length} × ${model}, Linux ${release()}, load average at the end ${load}
- Node ${process.version}, ${nginx}, ${haproxy}
- Load: wrk, one thread

${text}

## Where the time goes, and what is missing

One request of 100 bytes costs our worker two reads, two writes and nothing else of the kernel: 55 % of its time, about what nginx
spends there. libuv, Node's streams and the garbage collector take 15 %, our own code 30 % (perf, 10,900 samples). What moved the
number, in one interleaved run without access log, the least of six rounds: 36.5 µs with Node's data events and async functions, 35.6 with one
shared buffer for all reads, 31.7 with one promise for each exchange, 28.5 with 32 MiB for the young generation; nginx 19.0. Later,
with access log: 33.0 before, 30.9 after names and values of fields were checked once and by regular expression; nginx 20.3.

Not reached yet: large bodies, because the head of an answer and the begin of its body are written separately when they arrive
separately, and because Node reads at most 64 KiB at a time; TLS, because Node's TLS sockets cannot read into a shared buffer; new
connections, because Node makes a socket object of some kilobytes for each.
`;
}

function versionOf(command: string, parameters: readonly string[]): string {
  try {
    const text = execFileSync(command, [...parameters], { stdio: ['ignore', 'pipe', 'pipe'] }).toString();
    return text.split('\n', 1)[0]?.trim() || `${command} (Debian)`;
  } catch {
    return command;
  }
}
