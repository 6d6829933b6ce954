import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

import { cpuMsOf } from './cpu.ts';
import type { Peer } from './peers/peer.ts';

const run = promisify(execFile);

export interface Load {
  readonly path: string;
  readonly secure: boolean;
  readonly connections: number;
  readonly seconds: number;
  /** wrk arguments beside these, for example a header. */
  readonly more?: readonly string[];
  /** A wrk script, and what it gets. */
  readonly script?: readonly string[];
}

export interface Result {
  readonly requestsPerSecond: number;
  /** CPU time of all processes of the proxy, per request, in microseconds. */
  readonly cpuUs: number;
  /** Cores that the proxy used, and the load generator. */
  readonly proxyCores: number;
  readonly clientCores: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Answers that were not 2xx, and connections that broke. */
  readonly errors: number;
}

/** Loads a proxy with wrk, one thread, and asks the operating system what the proxy used for it. */
export async function measure(peer: Peer, load: Load): Promise<Result> {
  const scheme = load.secure ? 'https' : 'http';
  const url = `${scheme}://localhost:${load.secure ? peer.httpsPort : peer.httpPort}${load.path}`;
  const [script, ...given] = load.script ?? [];
  const flags = ['-t1', `-c${load.connections}`, `-d${load.seconds}s`, '--latency', ...(load.more ?? [])];
  const scripted = script === undefined ? [] : ['-s', script];
  const { clientMs, milliseconds, proxyMs, stdout } = await timed(peer, ['wrk', ...flags, ...scripted, url, ...given]);
  const requests = Number(/(\d+) requests in/.exec(stdout)?.[1] ?? 0);
  const broken = /Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/.exec(stdout)?.slice(1) ?? [];
  const bad = Number(/Non-2xx or 3xx responses: (\d+)/.exec(stdout)?.[1] ?? 0);
  return {
    requestsPerSecond: Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)?.[1] ?? 0),
    cpuUs: (proxyMs * 1000) / Math.max(1, requests),
    proxyCores: proxyMs / milliseconds,
    clientCores: clientMs / milliseconds,
    p50Ms: latency(stdout, '50%'),
    p99Ms: latency(stdout, '99%'),
    errors: bad + broken.reduce((sum, text) => sum + Number(text), 0),
  };
}

/** What a client program printed, and the CPU time that it and a proxy used meanwhile, in milliseconds. */
export interface Timed {
  readonly stdout: string;
  readonly milliseconds: number;
  readonly proxyMs: number;
  readonly clientMs: number;
}

/** Runs a client program to its end. @param command  program and arguments */
export async function timed(peer: Peer, command: readonly string[]): Promise<Timed> {
  const before = cpuMsOf(peer.pid);
  const startedAt = performance.now();
  // `times` of bash prints user and system time of the shell, and in its second line those of what it ran.
  const { stdout } = await run('bash', ['-c', '"$@"; times', 'bash', ...command], { maxBuffer: 1 << 26 });
  const milliseconds = performance.now() - startedAt;
  const proxyMs = cpuMsOf(peer.pid) - before;
  const spent = [...stdout.matchAll(/(\d+)m([\d.]+)s/g)].slice(-2).map(([, m, s]) => Number(m) * 60 + Number(s));
  return { stdout, milliseconds, proxyMs, clientMs: spent.reduce((sum, one) => sum + one, 0) * 1000 };
}

function latency(text: string, percentile: string): number {
  const [, value = '0', unit = 'ms'] = new RegExp(`${percentile}\\s+([\\d.]+)(us|ms|s)`).exec(text) ?? [];
  return Number(value) * (unit === 'us' ? 0.001 : unit === 's' ? 1000 : 1);
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
