import type { ChildProcess, SpawnOptions } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import type { AddressInfo } from 'node:net';

import { atExit } from '../at-exit.ts';
import type { CertificateFiles } from './certificate.ts';

/** One proxy in front of the backends, or a backend itself. */
export interface Peer {
  readonly name: string;
  readonly pid: number;
  readonly httpPort: number;
  readonly httpsPort: number;
  /** Of Fairway only. */
  readonly adminPort?: number;
  stop(): Promise<void>;
}

export interface PeerOptions {
  /** Folder for configurations and logs, of this peer alone. */
  readonly folder: string;
  readonly endpoints: readonly PeerEndpoint[];
  readonly sites: readonly Site[];
  readonly accessLog: boolean;
  readonly certificate: CertificateFiles;
  /** Worker processes or threads. */
  readonly workers: number;
  /** Algorithm in the words of the peer; absent: its own default. */
  readonly balancing?: string;
  /** Short timeouts, tries on other endpoints and, where the peer has them, active health checks. */
  readonly faultTolerance?: FaultTolerance;
}

/** Where the proxy sends requests. */
export interface PeerEndpoint {
  /** Answers to health checks come from a port of their own, so that requests can be counted apart. */
  readonly healthPort?: number;
  readonly name: string;
  readonly port: number;
  /** 1 if absent. */
  readonly weight?: number;
}

/** A host and the paths (prefixes) below it that are routes of their own. */
export interface Site {
  readonly host: string;
  readonly paths: readonly string[];
}

/** The same for all proxies, in whole seconds. */
export interface FaultTolerance {
  readonly connectSeconds: number;
  readonly readSeconds: number;
  readonly tries: number;
  readonly checkEverySeconds: number;
  readonly checksToFail: number;
}

export const oneSite: readonly Site[] = [{ host: 'localhost', paths: ['/'] }];

/** Starts a program that may open 65,536 files, or as many as this user may. */
export function spawnWithFiles(command: readonly string[], options: SpawnOptions): ChildProcess {
  const raise = 'ulimit -n 65536 2>/dev/null || ulimit -n "$(ulimit -Hn)"; exec "$@"';
  const child = spawn('bash', ['-c', raise, 'bash', ...command], options);
  child.once(
    'exit',
    atExit(() => child.kill('SIGTERM')),
  );
  return child;
}

/**
 * @param logPath  file whose end says why it does not start
 * @returns when it listens
 */
export async function started(
  name: string,
  child: ChildProcess,
  ports: { readonly httpPort: number; readonly httpsPort: number },
  logPath?: string,
): Promise<Peer> {
  const ended = once(child, 'exit');
  try {
    await untilOpen(ports.httpPort, name, child);
  } catch (cause) {
    child.kill('SIGKILL');
    const log = logPath === undefined ? '' : `:\n${readFileSync(logPath, 'utf8').slice(-2000)}`;
    throw new Error(`${name} does not start${log}`, { cause });
  }
  return {
    name,
    pid: child.pid ?? 0,
    ...ports,
    stop: async () => {
      child.kill('SIGTERM');
      const killer = setTimeout(() => child.kill('SIGKILL'), 15_000);
      await ended;
      clearTimeout(killer);
    },
  };
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

async function untilOpen(port: number, name: string, child: ChildProcess): Promise<void> {
  for (let left = 1200; left > 0; left -= 1) {
    if (child.exitCode !== null) throw new Error(`${name} ended with ${child.exitCode} before it listened`);
    const socket = connect(port, '127.0.0.1');
    const open = await new Promise((resolve) => {
      socket.once('connect', () => resolve(true));
      socket.once('error', () => resolve(false));
    });
    socket.destroy();
    if (open === true) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`${name} does not listen on ${port}`);
}
