import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

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

/** How many files a process of this user may open at most. Source: proc(5), /proc/self/limits. */
export function openFilesLimit(): number {
  const [, hard] = /^Max open files +\d+ +(\d+)/m.exec(read('/proc/self/limits')) ?? [];
  return Number(hard ?? 1024);
}

/** A process and all below it. */
export function treeOf(pid: number): number[] {
  const below = tasksOf(pid).flatMap((task) => read(`/proc/${pid}/task/${task}/children`).split(' ').filter(Boolean));
  return [pid, ...below.flatMap((child) => treeOf(Number(child)))];
}

/**
 * Established connections to a local IPv4 port that each process below this one holds, without those that hold none.
 * Source: proc(5), /proc/net/tcp (state 01), /proc/pid/fd.
 */
export function connectionsByProcess(pid: number, port: number): number[] {
  const local = new RegExp(String.raw`^ *\d+: [0-9A-F]{8}:${port.toString(16).toUpperCase().padStart(4, '0')} \S+ 01 `);
  const sockets = read('/proc/net/tcp')
    .split('\n')
    .filter((line) => local.test(line))
    .map((line) => `socket:[${line.trim().split(/\s+/)[9]}]`);
  const known = new Set(sockets);
  return treeOf(pid)
    .map((one) => descriptorsOf(one).filter((one) => known.has(one)).length)
    .filter((count) => count > 0);
}

function descriptorsOf(pid: number): string[] {
  const folder = `/proc/${pid}/fd`;
  try {
    return readdirSync(folder).map((fd) => target(`${folder}/${fd}`));
  } catch {
    return [];
  }
}

/** What a link says, or nothing when it is gone by now. */
function target(link: string): string {
  try {
    return readlinkSync(link);
  } catch {
    return '';
  }
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
