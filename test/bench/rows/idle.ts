import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

import { openFilesLimit, residentBytesOf } from '../cpu.ts';
import { measure } from '../load.ts';
import type { Peer } from '../peers/peer.ts';
import { fairway, fastest } from './contestants.ts';
import type { Row, Sample } from './row.ts';

/** Half of the open files go to clients, and from 85 % of that on Fairway closes idle ones: 8,000 with a limit of 20,000. */
const connections = Math.min(10_000, Math.floor(openFilesLimit() * 0.4));

/** Resident memory of idle connections after one request on each. */
export const idleRows: readonly Row[] = [
  idleRow('idle', 'http', 'TCP', 6),
  idleRow('idle-tls', 'https', 'TLS 1.3', 60),
];

function idleRow(id: string, scheme: 'http' | 'https', over: string, limit: number): Row {
  return {
    id,
    title: `${connections.toLocaleString('en')} idle keep-alive connections over ${over}: memory of each`,
    measured: 'kilobytes',
    contestants: fastest,
    goals: [{ of: fairway, bound: 'at most', limit }],
    fresh: true,
    begin: () => Promise.resolve({ sample: (peer) => sample(peer, scheme) }),
  };
}

async function sample(peer: Peer, scheme: 'http' | 'https'): Promise<Sample> {
  // Code is compiled and pools are filled before.
  await measure(peer, { path: '/', secure: scheme === 'https', connections: 64, seconds: 1 });
  await settled(peer);
  const before = residentBytesOf(peer.pid);
  const port = scheme === 'https' ? peer.httpsPort : peer.httpPort;
  const client = spawn(
    process.execPath,
    [join(import.meta.dirname, 'idle-client.ts'), scheme, `${port}`, `${connections}`],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  );
  const [said] = (await Promise.race([once(client.stdout, 'data'), once(client, 'exit')])) as [unknown];
  if (!Buffer.isBuffer(said)) throw new Error(`${peer.name} did not take ${connections} connections`);
  await settled(peer);
  const kilobytes = (residentBytesOf(peer.pid) - before) / 1024 / connections;
  client.stdin.end();
  await once(client, 'exit');
  return { kilobytes };
}

/** @returns when memory has not changed by more than 1 % within a second, or after 10 seconds */
async function settled(peer: Peer): Promise<void> {
  let before = 0;
  for (let left = 10; left > 0; left -= 1) {
    const now = residentBytesOf(peer.pid);
    if (Math.abs(now - before) < now / 100) return;
    before = now;
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
}
