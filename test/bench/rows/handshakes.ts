import { timed } from '../load.ts';
import { seconds } from '../options.ts';
import type { Peer } from '../peers/peer.ts';
import { fairway, nginx, servers } from './contestants.ts';
import type { Line, Row, Sample } from './row.ts';

/** Clients of `openssl s_time`; each makes one connection after the other. */
const clients = 8;

/**
 * Full handshakes: wrk resumes its sessions, so this is openssl, which asks for a new one with `-new`. It needs more CPU
 * time for each than the proxies do, so that the rate would be its own: compared is what the proxies do in a second of theirs.
 */
export const handshakesRow: Row = {
  id: 'handshakes',
  title: 'TLS 1.3 handshakes, full, ECDSA P-256, one request each, access log',
  measured: 'perCpuSecond',
  contestants: servers,
  goals: [{ of: fairway, against: nginx, bound: 'at least', limit: 0.9 }],
  begin: () => Promise.resolve({ sample, notes }),
};

function notes(lines: readonly Line[]): readonly string[] {
  const used = lines.map(({ contestant, values }) => {
    const { clientCores = 0, proxyCores = 0 } = values;
    return `${contestant.label} ${proxyCores.toFixed(2)} beside ${clientCores.toFixed(2)} of the client`;
  });
  return [
    'The client, openssl s_time, limits the rate; so what is compared is handshakes per second of the CPU time of the ' +
      `proxy. Cores used: ${used.join(', ')}.`,
  ];
}

async function sample(peer: Peer): Promise<Sample> {
  // s_time sends HTTP/1.0 without Host, so the path brings one along.
  const path = '/ HTTP/1.0\r\nHost: localhost\r\nX-Rest:';
  const flags = ['-connect', `127.0.0.1:${peer.httpsPort}`, '-new', '-tls1_3', '-time', `${seconds}`, '-www', path];
  const loop = `for i in $(seq ${clients}); do openssl s_time "$@" 2>&1 & done; wait`;
  const { clientMs, milliseconds, proxyMs, stdout } = await timed(peer, ['bash', '-c', loop, 'bash', ...flags]);
  // Each client ends by itself after a whole number of seconds by its clock, within one second of the others.
  const done = [...stdout.matchAll(/(\d+) connections in [\d.]+s;.*?bytes read (\d+)/g)];
  const requests = done.reduce((sum, [, count]) => sum + Number(count), 0);
  const answered = done.filter(([, , bytes]) => Number(bytes) > 0).length;
  return {
    requestsPerSecond: (requests * 1000) / milliseconds,
    cpuUs: (proxyMs * 1000) / Math.max(1, requests),
    perCpuSecond: (requests * 1000) / Math.max(1, proxyMs),
    proxyCores: proxyMs / milliseconds,
    clientCores: clientMs / milliseconds,
    errors: clients - answered,
  };
}
