import type { Load } from './load.ts';

/** One line of the table. */
export interface Scenario {
  readonly name: string;
  readonly load: Omit<Load, 'seconds'>;
  readonly accessLog: boolean;
  /** Proxies that are measured, the one that the others are compared with first. */
  readonly peers: readonly PeerName[];
  /** CPU per request, as a share of that of nginx, that we want to reach. */
  readonly goal: number;
}

export type PeerName = 'nginx' | 'haproxy' | 'native' | 'http-proxy';

const all: readonly PeerName[] = ['nginx', 'haproxy', 'native', 'http-proxy'];
const small = { path: '/', secure: false, connections: 64 };
const upload = ['-s', new URL('upload.lua', import.meta.url).pathname];

export const scenarios: readonly Scenario[] = [
  { name: 'keep-alive, 100 bytes, access log', load: small, accessLog: true, peers: all, goal: 1.15 },
  { name: 'keep-alive, 100 bytes, no log', load: small, accessLog: false, peers: all, goal: 1.1 },
  {
    name: 'TLS 1.3, keep-alive, 100 bytes, access log',
    load: { ...small, secure: true },
    accessLog: true,
    peers: all,
    goal: 1.15,
  },
  {
    name: 'new connection per request, access log',
    load: { ...small, more: ['-H', 'Connection: close'] },
    accessLog: true,
    peers: all,
    goal: 1.4,
  },
  {
    name: '16 KB answers, access log',
    load: { ...small, path: '/16k' },
    accessLog: true,
    peers: ['nginx', 'haproxy', 'native'],
    goal: 1.3,
  },
  {
    name: '1 MB answers, access log',
    load: { ...small, path: '/1m', connections: 16 },
    accessLog: true,
    peers: ['nginx', 'haproxy', 'native'],
    goal: 1,
  },
  {
    name: '1 MB uploads, access log',
    load: { ...small, path: '/upload', connections: 16, more: upload },
    accessLog: true,
    peers: ['nginx', 'haproxy', 'native'],
    goal: 1.2,
  },
];
