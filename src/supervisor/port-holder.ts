import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/**
 * Names the process that listens on a TCP port: `process 4711 (nginx)`.
 * @returns undefined when the port is free, another user's, or the machine has no /proc
 */
export function holderOfPort(port: number): string | undefined {
  const inodes = new Set(listeningInodes(port));
  if (inodes.size === 0) return undefined;
  for (const pid of entriesOf('/proc')) {
    if (!/^\d+$/.test(pid)) continue;
    const holds = entriesOf(`/proc/${pid}/fd`).some((fd) => inodes.has(linkOf(`/proc/${pid}/fd/${fd}`)));
    if (holds) return `process ${pid} (${textOf(`/proc/${pid}/comm`).trim()})`;
  }
  return undefined;
}

/** `socket:[123]` for every socket in state LISTEN (0A) on the port. Source: proc(5), /proc/net/tcp. */
function listeningInodes(port: number): string[] {
  const hexadecimal = port.toString(16).toUpperCase().padStart(4, '0');
  const lines = [textOf('/proc/net/tcp'), textOf('/proc/net/tcp6')].join('\n').split('\n');
  return lines
    .map((line) => line.trim().split(/\s+/))
    .filter(([, local, , state]) => state === '0A' && local?.endsWith(`:${hexadecimal}`) === true)
    .map((fields) => `socket:[${fields[9]}]`);
}

function entriesOf(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
