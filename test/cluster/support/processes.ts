import { readFile, readdir } from 'node:fs/promises';

import type { Replica } from './fairway.ts';
import type { BackendPod } from './pods.ts';

/** The three kinds of process in Fairway's pods. */
export type ProcessKind = 'supervisor' | 'control' | 'worker';

/** A process inside a container, as the node sees it: the tests run on the node, so they need no shell in the pod. */
export interface NodeProcess {
  readonly pid: number;
  readonly command: string;
}

export interface FairwayProcess extends NodeProcess {
  readonly kind: ProcessKind;
}

export interface ProcessMemory {
  /** Resident memory in MiB, pages that are shared with other processes included. */
  readonly residentMiB: number;
  /** The same, each shared page divided by the number of processes that have it. */
  readonly proportionalMiB: number;
}

const BYTES_OF_KIBIBYTE = 1_024;
/** Ticks of `/proc/PID/stat`: USER_HZ, which is 100 on x86_64. */
const TICKS_PER_SECOND = 100;

/** All processes of a container, its first one first. */
export async function processesOf(container: string): Promise<readonly NodeProcess[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const found = await Promise.all(pids.map(async (pid) => await processIn(container, pid)));
  return found.filter((one) => one !== undefined).toSorted((one, other) => one.pid - other.pid);
}

/** @returns undefined for a process of somebody else, and for one that has just ended */
async function processIn(container: string, pid: number): Promise<NodeProcess | undefined> {
  try {
    const groups = await readFile(`/proc/${pid}/cgroup`, 'utf8');
    const command = (await readFile(`/proc/${pid}/cmdline`, 'utf8')).replaceAll('\0', ' ').trim();
    return container !== '' && groups.includes(container) && command !== '' ? { pid, command } : undefined;
  } catch {
    return undefined;
  }
}

/** Supervisor, control process and data workers of a replica. */
export async function fairwayProcesses(replica: Replica): Promise<readonly FairwayProcess[]> {
  return (await processesOf(replica.container)).map((one) => ({ ...one, kind: kindOf(one.command) }));
}

function kindOf(command: string): ProcessKind {
  if (command.includes('control/control.ts')) {
    return 'control';
  }
  return command.includes('proxy/worker.ts') ? 'worker' : 'supervisor';
}

/** One process of a kind. @throws when there is none */
export async function fairwayProcess(replica: Replica, kind: ProcessKind): Promise<FairwayProcess> {
  const found = (await fairwayProcesses(replica)).find((one) => one.kind === kind);
  if (found === undefined) {
    throw new Error(`${replica.name} has no ${kind} process`);
  }
  return found;
}

/** Sends a signal to every process of a demo application: SIGSTOP makes it hang with its port open, SIGCONT wakes it. */
export async function signalBackend(pod: BackendPod, signal: NodeJS.Signals): Promise<void> {
  const processes = await processesOf(pod.container);
  if (processes.length === 0) {
    throw new Error(`${pod.name} has no process`);
  }
  for (const { pid } of processes) {
    process.kill(pid, signal);
  }
}

export async function memoryOf({ pid }: NodeProcess): Promise<ProcessMemory> {
  const text = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8');
  const mebibytes = (name: string): number => {
    const [, kibibytes = '0'] = new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text) ?? [];
    return Math.round(Number(kibibytes) / BYTES_OF_KIBIBYTE);
  };
  return { residentMiB: mebibytes('Rss'), proportionalMiB: mebibytes('Pss') };
}

/** When a process started, in milliseconds since 1970; the kernel keeps it to 10 ms. */
export async function startedMs({ pid }: NodeProcess): Promise<number> {
  const [uptime = '0'] = (await readFile('/proc/uptime', 'utf8')).split(' ');
  const now = Date.now();
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  // Field 22; the name in field 2 may hold spaces, so counting begins behind it.
  const ticks = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '0');
  return Math.round(now - (Number(uptime) - ticks / TICKS_PER_SECOND) * 1_000);
}
