import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

import { cpuMsOf } from './cpu.ts';
import type { Peer } from './peers.ts';

const run = promisify(execFile);

export interface Load {
  readonly path: string;
  readonly secure: boolean;
  readonly connections: number;
  readonly seconds: number;
  /** wrk arguments beside these, for example a script. */
  readonly more?: readonly string[];
}

export interface Result {
  readonly requestsPerSecond: number;
  /** CPU time of all processes of the proxy, per request, in microseconds. */
  readonly cpuUs: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Answers that were not 2xx, and connections that broke. */
  readonly errors: number;
}

/** Loads a proxy with wrk, one thread, and asks the operating system what the proxy used for it. */
export async function measure(peer: Peer, load: Load): Promise<Result> {
  const scheme = load.secure ? 'https' : 'http';
  const url = `${scheme}://localhost:${load.secure ? peer.httpsPort : peer.httpPort}${load.path}`;
  const parameters = ['-t1', `-c${load.connections}`, `-d${load.seconds}s`, '--latency', ...(load.more ?? []), url];
  const before = cpuMsOf(peer.pid);
  const { stdout } = await run('wrk', parameters);
  const used = cpuMsOf(peer.pid) - before;
  const requests = Number(/(\d+) requests in/.exec(stdout)?.[1] ?? 0);
  const broken = /Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/.exec(stdout)?.slice(1) ?? [];
  const bad = Number(/Non-2xx or 3xx responses: (\d+)/.exec(stdout)?.[1] ?? 0);
  return {
    requestsPerSecond: Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)?.[1] ?? 0),
    cpuUs: (used * 1000) / Math.max(1, requests),
    p50Ms: latency(stdout, '50%'),
    p99Ms: latency(stdout, '99%'),
    errors: bad + broken.reduce((sum, text) => sum + Number(text), 0),
  };
}

function latency(text: string, percentile: string): number {
  const [, value = '0', unit = 'ms'] = new RegExp(`${percentile}\\s+([\\d.]+)(us|ms|s)`).exec(text) ?? [];
  return Number(value) * (unit === 'us' ? 0.001 : unit === 's' ? 1000 : 1);
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
