import { join } from 'node:path';

import type { Load } from '../load.ts';
import { measure } from '../load.ts';
import { seconds } from '../options.ts';
import { caddy, everybody, everybodyWithoutLog, fairway, httpProxy, nginx, servers } from './contestants.ts';
import type { Goal, Line, Row, Sampler } from './row.ts';

const small = { path: '/', secure: false, connections: 64 };
const upload = join(import.meta.dirname, '../lua/upload.lua');

/** Rows that are one run of wrk each turn. */
export const wrkRows: readonly Row[] = [
  {
    id: 'keep-alive',
    title: 'keep-alive, 100 bytes, 64 connections, access log',
    measured: 'cpuUs',
    contestants: everybody,
    goals: [
      ...cpuGoal(1.15),
      { of: fairway, against: caddy, bound: 'at most', limit: 0.35 },
      { of: fairway, against: httpProxy, bound: 'at most', limit: 0.2 },
    ],
    begin: withWrk(small),
  },
  {
    id: 'tls',
    title: 'TLS 1.3, keep-alive, 100 bytes, access log',
    measured: 'cpuUs',
    contestants: everybody,
    goals: cpuGoal(1.15),
    begin: withWrk({ ...small, secure: true }),
  },
  {
    id: 'new-connections',
    title: 'new connection for each request, access log',
    measured: 'requestsPerSecond',
    contestants: everybody,
    goals: [{ of: fairway, against: nginx, bound: 'at least', limit: 0.7 }],
    begin: withWrk({ ...small, more: ['-H', 'Connection: close'] }, whatLimits),
  },
  {
    id: '16k',
    title: '16 KB answers, access log',
    measured: 'cpuUs',
    contestants: servers,
    goals: cpuGoal(1.3),
    begin: withWrk({ ...small, path: '/16k' }),
  },
  {
    id: '1m',
    title: '1 MB answers, 16 connections, access log',
    measured: 'cpuUs',
    contestants: servers,
    goals: cpuGoal(1),
    begin: withWrk({ ...small, path: '/1m', connections: 16 }),
  },
  {
    id: 'uploads',
    title: '1 MB uploads, 16 connections, access log',
    measured: 'cpuUs',
    contestants: servers,
    goals: cpuGoal(1.2),
    begin: withWrk({ ...small, path: '/upload', connections: 16, script: [upload] }),
  },
];

/** As `keep-alive`, apart because it needs proxies that were started without a log. */
export const withoutLogRow: Row = {
  id: 'no-log',
  title: 'keep-alive, 100 bytes, 64 connections, no log',
  measured: 'cpuUs',
  contestants: everybodyWithoutLog,
  goals: cpuGoal(1.1),
  begin: withWrk(small),
};

function withWrk(load: Omit<Load, 'seconds'>, notes?: Sampler['notes']): Row['begin'] {
  const sample: Sampler['sample'] = (peer) => measure(peer, { ...load, seconds });
  return () => Promise.resolve(notes === undefined ? { sample } : { sample, notes });
}

function cpuGoal(limit: number): readonly Goal[] {
  return [{ of: fairway, against: nginx, bound: 'at most', limit }];
}

/** Says for each proxy whether its rate is its own or that of the client. */
export function whatLimits(lines: readonly Line[]): readonly string[] {
  const used = lines.map(({ contestant, values }) => {
    const { clientCores = 0, proxyCores = 0 } = values;
    return `${contestant.label} ${proxyCores.toFixed(2)} (client ${clientCores.toFixed(2)})`;
  });
  const limited = lines.filter(({ values }) => (values.clientCores ?? 0) > 0.9 * Math.max(values.proxyCores ?? 0, 0.5));
  const verdict =
    limited.length === 0
      ? 'The client was never the busiest.'
      : `Where the client used about as much as the proxy or more (${limited.map((one) => one.contestant.label).join(', ')}), ` +
        'the proxy could do more than the rate says: compare CPU per request there.';
  return [`Cores used: ${used.join(', ')}. ${verdict}`];
}
