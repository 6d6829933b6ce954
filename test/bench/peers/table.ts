import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { startCaddy } from './caddy.ts';
import { startFairway } from './fairway.ts';
import { startHaproxy } from './haproxy.ts';
import { startNginx } from './nginx.ts';
import { startNodeProxy } from './node-proxies.ts';
import type { Peer, PeerOptions } from './peer.ts';

export type PeerName = 'nginx' | 'haproxy' | 'caddy' | 'native' | 'reference' | 'undici' | 'http-proxy';

export interface PeerDefinition {
  readonly title: string;
  start(options: PeerOptions): Promise<Peer>;
  /** Name and version, or undefined when it is not installed. */
  version(): string | undefined;
}

/** To add a proxy, write a file beside the others and a line here. */
export const peerTable: Readonly<Record<PeerName, PeerDefinition>> = {
  nginx: { title: 'nginx', start: startNginx, version: () => printed('nginx', '-v') },
  haproxy: { title: 'haproxy', start: startHaproxy, version: () => printed('haproxy', '-v') },
  caddy: { title: 'Caddy', start: startCaddy, version: () => prefixed('Caddy', printed('caddy', 'version')) },
  native: { title: 'Fairway', start: (options) => startFairway('native', options), version: ownVersion },
  reference: {
    title: 'Fairway, engine http-proxy',
    start: (options) => startFairway('http-proxy', options),
    version: ownVersion,
  },
  undici: {
    title: 'undici behind node:http',
    start: (options) => startNodeProxy('undici', options),
    version: () => packaged('undici'),
  },
  'http-proxy': {
    title: 'http-proxy behind node:http',
    start: (options) => startNodeProxy('http-proxy', options),
    version: () => packaged('http-proxy'),
  },
};

const root = join(import.meta.dirname, '../../..');

/** First line of what a program says of itself; nginx says it on standard error. */
function printed(command: string, flag: string): string | undefined {
  try {
    const text = execFileSync('bash', ['-c', '"$0" "$1" 2>&1', command, flag]).toString();
    return text
      .split('\n', 1)[0]
      ?.replace(/^nginx version: | \d+\/.*$/g, '')
      .trim();
  } catch {
    return undefined;
  }
}

function prefixed(name: string, version: string | undefined): string | undefined {
  return version === undefined ? undefined : `${name} ${version}`;
}

/** The commit, or nothing more than the name outside of a checkout. */
function ownVersion(): string {
  const git = 'git -C "$0" "$1" --always --dirty 2>/dev/null || true';
  return `Fairway ${execFileSync('bash', ['-c', git, root, 'describe']).toString().trim()}`.trim();
}

function packaged(name: string): string | undefined {
  try {
    const text = readFileSync(join(root, 'node_modules', name, 'package.json'), 'utf8');
    return `${name} ${/"version": "([^"]+)"/.exec(text)?.[1]}`;
  } catch {
    return undefined;
  }
}
