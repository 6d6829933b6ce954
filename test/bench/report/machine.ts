import { readFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';

import type { PeerName } from '../peers/table.ts';
import { peerTable } from '../peers/table.ts';

/** What a reader must know to judge the numbers, as a Markdown list. */
export function machineOf(peers: readonly PeerName[]): string {
  const model = cpus()[0]?.model ?? 'unknown';
  const load = readFileSync('/proc/loadavg', 'latin1').split(' ').slice(0, 3).join(' ');
  const versions = new Set(peers.map((name) => peerTable[name].version()).filter((one) => one !== undefined));
  const missing = peers.filter((name) => peerTable[name].version() === undefined);
  return [
    `- Machine: ${cpus().length} × ${model}, ${Math.round(totalmem() / 2 ** 30)} GiB, Linux ${release()}, load average at the end ${load}`,
    `- ${[`Node ${process.version}`, ...versions].join(', ')}`,
    ...missing.map((name) => `- ${peerTable[name].title} is not installed here and left out`),
  ].join('\n');
}
