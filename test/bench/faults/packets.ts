import { execFileSync } from 'node:child_process';

import { atExit } from '../at-exit.ts';

/** What is asked of the kernel here needs root, and the program iptables. */
export function canFilterPackets(): boolean {
  try {
    iptables('-w', '-nL', 'OUTPUT');
    return true;
  } catch {
    return false;
  }
}

/** Watches what goes to a port of this machine. */
export interface PacketWatch {
  /** When the last packet was seen that opens a connection or carries data; on the clock of `performance.now`. */
  readonly lastMs: number | undefined;
  stop(): void;
}

/** The shortest IPv4 packet that is more than an acknowledgement: 20 bytes of IP, 32 of TCP with its time stamps. */
const longerThanAck = ['-m', 'length', '--length', '53:65535'];
const everyMs = 100;

/** Counts by a rule of the kernel, so that also what a dead or stopped process never sees is counted. */
export function watchPackets(port: number): PacketWatch {
  const rule = ['OUTPUT', '-o', 'lo', '-p', 'tcp', '--dport', `${port}`, ...longerThanAck];
  const remove = inserted(rule);
  let before = 0;
  const watch = { lastMs: undefined as number | undefined, stop };
  const look = (): void => {
    const count = countOf(port);
    if (count > before) watch.lastMs = performance.now();
    before = count;
  };
  const timer = setInterval(look, everyMs);
  function stop(): void {
    clearInterval(timer);
    remove();
  }
  return watch;
}

/** Everything that is sent to these ports vanishes. @returns what ends it */
export function dropPackets(ports: readonly number[]): () => void {
  const rule = ['INPUT', '-i', 'lo', '-p', 'tcp', '-m', 'multiport', '--dports', ports.join(','), '-j', 'DROP'];
  return inserted(rule);
}

/** @returns what removes the rule, which also happens when this program is ended */
function inserted(rule: readonly string[]): () => void {
  iptables('-w', '-I', ...rule);
  const remove = (): void => void iptables('-w', '-D', ...rule);
  const isDone = atExit(remove);
  return () => {
    isDone();
    remove();
  };
}

function countOf(port: number): number {
  const line = iptables('-w', '-nvxL', 'OUTPUT')
    .split('\n')
    .find((one) => one.includes(`dpt:${port} length`));
  return Number(line?.trim().split(/\s+/)[0] ?? 0);
}

function iptables(...parameters: readonly string[]): string {
  return execFileSync('iptables', parameters, { stdio: ['ignore', 'pipe', 'pipe'] }).toString();
}
