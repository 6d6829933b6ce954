import { readFileSync } from 'node:fs';

/** How long a child may be silent. */
export interface WatchLimits {
  /** Silence that is worth a warning. */
  readonly warnMs: number;
  /** Silence of a child that could have spoken: it is killed. */
  readonly killMs: number;
  /** Silence before the first heartbeat: loading the program takes its time on a busy machine. */
  readonly startMs: number;
}

/** What the kernel knows of a process. */
export interface ProcessTimes {
  /** Letter of proc(5): R runs or wants to, S sleeps, T is stopped, D waits for a disk. */
  readonly state: string;
  /** CPU time in user and kernel mode since the process began. */
  readonly cpuMs: number;
}

export type Verdict = 'fine' | 'silent' | 'stuck';

/** Share of `killMs` that a busy child must have computed without a word to be stuck and not only starved. */
const busyShare = 0.4;
/** Beyond this multiple of `killMs` nothing excuses silence. */
const noExcuse = 6;

/**
 * Judges a silent child by wall time and by CPU time (faults F-03, F-73): on a machine that gives it no CPU a good
 * child is silent too, and killing it would make things worse.
 * @param silentMs  since its last message
 * @param times     what the kernel says of it, `cpuMs` since the silence began; undefined where there is no /proc
 */
export function judgeSilence(silentMs: number, times: ProcessTimes | undefined, limits: WatchLimits): Verdict {
  if (silentMs <= limits.warnMs) return 'fine';
  if (silentMs <= limits.killMs) return 'silent';
  if (times === undefined || silentMs > limits.killMs * noExcuse) return 'stuck';
  const wantsCpu = times.state === 'R' || times.state === 'D';
  const starved = wantsCpu && times.cpuMs < limits.killMs * busyShare;
  return starved ? 'silent' : 'stuck';
}

/** Ticks of `utime` and `stime` per second; Linux has fixed it at 100 for every program. Source: proc(5), USER_HZ. */
const msPerTick = 10;

/** @returns undefined when the process is gone or the machine has no /proc */
export function readProcessTimes(pid: number): ProcessTimes | undefined {
  try {
    return parseProcessStat(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return undefined;
  }
}

/** Reads a line of `/proc/PID/stat`. The name in brackets may hold anything, also brackets and spaces. */
export function parseProcessStat(line: string): ProcessTimes | undefined {
  const fields = line.slice(line.lastIndexOf(')') + 2).split(' ');
  const [state] = fields;
  // Fields 14 and 15 of the line; `state` is the third.
  const ticks = Number(fields[11]) + Number(fields[12]);
  return state === undefined || Number.isNaN(ticks) ? undefined : { state, cpuMs: ticks * msPerTick };
}
