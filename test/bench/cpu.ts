import { readdirSync, readFileSync } from 'node:fs';

/**
 * CPU time that a process and all processes below it have used so far, in milliseconds: the operating system's own
 * accounting, in nanoseconds. Threads and processes that have ended in between are not counted.
 * Source: proc(5), /proc/pid/task/tid/schedstat, /proc/pid/task/tid/children.
 */
export function cpuMsOf(pid: number): number {
  return treeOf(pid).reduce((sum, one) => sum + cpuMsOfOne(one), 0);
}

/** Resident memory of a process and all below it, in bytes. Shared pages count in each. */
export function residentBytesOf(pid: number): number {
  return treeOf(pid).reduce((sum, one) => {
    const pages = /^\d+ (\d+)/.exec(read(`/proc/${one}/statm`))?.[1];
    return sum + Number(pages ?? 0) * 4096;
  }, 0);
}

/** A process and all below it. */
export function treeOf(pid: number): number[] {
  const below = tasksOf(pid).flatMap((task) => read(`/proc/${pid}/task/${task}/children`).split(' ').filter(Boolean));
  return [pid, ...below.flatMap((child) => treeOf(Number(child)))];
}

function cpuMsOfOne(pid: number): number {
  return tasksOf(pid).reduce((sum, task) => {
    const [nanoseconds = '0'] = read(`/proc/${pid}/task/${task}/schedstat`).split(' ');
    return sum + Number(nanoseconds) / 1e6;
  }, 0);
}

function tasksOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    return [];
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
