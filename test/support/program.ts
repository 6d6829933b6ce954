import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import type { TestContext } from 'node:test';

import type { LogLine } from './log-lines.ts';
import { LogLines } from './log-lines.ts';
import { until } from './until.ts';

/**
 * The whole program on ports of the kernel's choice, reading YAML files from a folder of its own: what every feature
 * test starts. It ends with the test.
 */
export interface Program {
  readonly pid: number;
  /** 0 until the program listens there. */
  readonly httpPort: number;
  readonly httpsPort: number;
  readonly adminPort: number;
  /** Folder that the program watches. */
  readonly manifests: string;
  /** Program log: JSON lines of all processes on standard error. */
  readonly log: LogLines;
  /** Access log: JSON lines on standard output. */
  readonly accessLog: LogLines;
  /** Process id of `control` or `worker-N` as it is now. */
  childPid(name: string): number;
  /** Writes a file of the folder at once, as `kubectl` or an editor does it: never half. @param yaml  one or more documents */
  write(name: string, yaml: string): void;
  remove(name: string): void;
  /** Answer of the admin listener. */
  admin(path: string): Promise<{ readonly status: number; readonly text: string }>;
  /** Resolves when the answer of `/readyz` is 200. */
  ready(withinMs?: number): Promise<void>;
  kill(signal: NodeJS.Signals): void;
  /** Resolves with the exit code, or the name of the signal it died of. */
  readonly ended: Promise<number | NodeJS.Signals>;
  /** SIGTERM, and what `ended` says. */
  stop(): Promise<number | NodeJS.Signals>;
}

export interface ProgramOptions {
  /** Files of the folder at the start: name to text. */
  readonly manifests?: Readonly<Record<string, string>>;
  /** More flags; they stand last and win. */
  readonly args?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** Limit of open files of every process. */
  readonly openFiles?: number;
  /** `none`: returns as soon as the process is there. */
  readonly waitFor?: 'ready' | 'none';
}

const main = join(import.meta.dirname, '../../src/main.ts');
const flags: readonly string[] = [
  '--listen-address=127.0.0.1',
  '--http-port=0',
  '--https-port=0',
  '--healthz-port=0',
  '--workers=2',
  '--watch-ingress-without-class',
  '--shutdown-lameduck=0',
  '--shutdown-drain=5s',
];

/**
 * @returns when the program serves, unless `waitFor` says otherwise
 * @throws an error with the end of the log when it does not become ready within 60 seconds, or ends before
 */
export async function startProgram(t: TestContext, options: ProgramOptions = {}): Promise<Program> {
  const manifests = mkdtempSync(join(tmpdir(), 'fairway-manifests-'));
  for (const [name, text] of Object.entries(options.manifests ?? {})) writeWhole(join(manifests, name), text);
  const args = [main, '--manifests', manifests, ...flags, ...engineFlags(), ...(options.args ?? [])];
  const limited = ['-c', 'ulimit -n "$0" && exec "$@"', `${options.openFiles}`, process.execPath];
  const [file, before] = options.openFiles === undefined ? [process.execPath, []] : ['bash', limited];
  const child = spawn(file, [...before, ...args], {
    env: { ...process.env, ...options.environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const program = programOf(child, manifests);
  t.after(() => end(child, program));
  if (options.waitFor !== 'none') await program.ready();
  return program;
}

/** `scripts/test.sh` runs the feature tests of the data plane once more with each engine that is not the default. */
function engineFlags(): readonly string[] {
  const engine = process.env['TEST_ENGINE'] ?? '';
  return engine === '' ? [] : [`--engine=${engine}`];
}

/** Runs the command line to its end, within 10 seconds. */
export async function runProgram(
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<{ readonly exitCode: number | null; readonly stdout: string; readonly stderr: string }> {
  const child = spawn(process.execPath, [main, ...args], {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 10_000,
  });
  const [stdout, stderr] = await Promise.all([textOf(child.stdout), textOf(child.stderr), once(child, 'close')]);
  return { exitCode: child.exitCode, stdout, stderr };
}

function programOf(child: ChildProcess & { stdout: Readable; stderr: Readable }, manifests: string): Program {
  const log = collect(child.stderr);
  const accessLog = collect(child.stdout);
  const ended = once(child, 'close').then(() => child.exitCode ?? child.signalCode ?? 0);
  const port = (listener: string): number => Number(last(log.with({ event: 'listening', listener }))['port'] ?? 0);
  const admin = async (path: string): Promise<{ status: number; text: string }> => {
    const response = await fetch(`http://127.0.0.1:${port('admin')}${path}`, { signal: AbortSignal.timeout(5_000) });
    return { status: response.status, text: await response.text() };
  };
  return {
    pid: child.pid ?? 0,
    get httpPort() {
      return port('http');
    },
    get httpsPort() {
      return port('https');
    },
    get adminPort() {
      return port('admin');
    },
    manifests,
    log,
    accessLog,
    childPid: (name) => Number(last(log.with({ event: 'child-started', child: name }))['childPid'] ?? 0),
    write: (name, yaml) => writeWhole(join(manifests, name), yaml),
    remove: (name) => rmSync(join(manifests, name)),
    admin,
    ready: (withinMs = 60_000) => ready(admin, ended, log, withinMs),
    kill: (signal) => void child.kill(signal),
    ended,
    stop: async () => {
      child.kill('SIGTERM');
      return await ended;
    },
  };
}

async function ready(admin: Program['admin'], ended: Program['ended'], log: LogLines, withinMs: number): Promise<void> {
  let exit: number | string | undefined;
  void ended.then((code) => (exit = code));
  let answer = 'no answer';
  try {
    await until(async () => {
      if (exit !== undefined) return true;
      if (log.with({ event: 'listening', listener: 'admin' }).length === 0) return undefined;
      const { status, text } = await admin('/readyz');
      answer = `${status} ${text}`;
      // The answer may overtake the log lines that say the ports.
      const knowsPorts = ['http', 'https'].every((listener) => log.with({ event: 'listening', listener }).length > 0);
      return status === 200 && knowsPorts ? true : undefined;
    }, withinMs);
  } catch (cause) {
    throw new Error(`not ready within ${withinMs} ms: ${answer}\n${tail(log)}`, { cause });
  }
  if (exit !== undefined) throw new Error(`ended with ${exit} before it was ready\n${tail(log)}`);
}

/** Ends what the test left, and its folder. A program that does not end by itself within 10 seconds is killed. */
async function end(child: ChildProcess, program: Program): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    child.kill('SIGCONT');
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), 10_000);
    await program.ended;
    clearTimeout(timer);
  }
  rmSync(program.manifests, { recursive: true, force: true });
}

function collect(stream: Readable): LogLines {
  const lines = new LogLines();
  createInterface({ input: stream }).on('line', (line) => lines.write(line));
  return lines;
}

async function textOf(stream: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

function writeWhole(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  // A name without .yaml: the program must not see the file before it is complete.
  const unfinished = `${path}.unfinished`;
  writeFileSync(unfinished, text);
  renameSync(unfinished, path);
}

function last(lines: readonly LogLine[]): LogLine {
  return lines.at(-1) ?? {};
}

function tail(log: LogLines): string {
  return log.all
    .slice(-30)
    .map((line) => JSON.stringify(line))
    .join('\n');
}
