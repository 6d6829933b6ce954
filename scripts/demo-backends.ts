import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import { isIPv4 } from 'node:net';

import { WebSocketServer } from 'ws';

import type { EndpointSlice } from '../src/control/objects/kinds.ts';
import { readManifest } from '../src/control/sources/directory/manifests.ts';
import { holderOfPort } from '../src/supervisor/port-holder.ts';
import type { Files } from './follow-folder.ts';
import { followFolder } from './follow-folder.ts';

/**
 * Plays the pods of a folder of manifests: a small HTTP server for every loopback address of every EndpointSlice, also
 * of those that are added later. Ends with the process that forked it.
 *
 *     node scripts/demo-backends.ts DIR
 *
 * Each answers with its name, `/headers` with the request as it came, `?delay=MS` later, WebSockets with what they say.
 * `POST /healthz/fail` makes its readiness probe fail, `POST /healthz/pass` mends it.
 */

/** What the parent hears: each problem as a line, and once that all of the first reading are there. */
export type FromBackends =
  | { readonly kind: 'problem'; readonly text: string }
  | { readonly kind: 'serving'; readonly count: number };

interface Backend {
  readonly name: string;
  readonly address: string;
  readonly port: number;
}

const [folder = ''] = process.argv.slice(2);
const started = new Set<string>();

process.on('disconnect', () => process.exit(0));
// Ctrl-C reaches the whole group of processes; the parent ends this one last.
process.on('SIGINT', () => undefined);
let isFirst = true;
await followFolder(folder, new AbortController().signal, async (files) => {
  await startMissing(files);
  if (isFirst) say({ kind: 'serving', count: started.size });
  isFirst = false;
});

function say(message: FromBackends): void {
  process.send?.(message);
}

async function startMissing(files: Files): Promise<void> {
  const missing = backendsOf(files).filter(({ address, port }) => !started.has(`${address}:${port}`));
  await Promise.all(missing.map(start));
}

function backendsOf(files: Files): Backend[] {
  return [...files.values()].flatMap(({ path, absolute }) => {
    const manifest = readManifest(path, textOf(absolute));
    if (manifest.kind === 'unreadable') return [];
    return manifest.objects.flatMap((object) => (object.kind === 'EndpointSlice' ? endpointsOf(object) : []));
  });
}

function endpointsOf(slice: EndpointSlice): Backend[] {
  return slice.ports.flatMap(({ port }) =>
    slice.endpoints.flatMap(({ addresses, pod }) =>
      addresses
        .filter((address) => isIPv4(address) && address.startsWith('127.') && port !== undefined)
        .map((address) => ({ name: pod ?? slice.service, address, port: port ?? 0 })),
    ),
  );
}

/** A file may go between the list and the reading. */
function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function start(backend: Backend): Promise<void> {
  started.add(`${backend.address}:${backend.port}`);
  let isHealthy = true;
  const server = createServer((request, response) => {
    if (request.url === '/healthz') return void response.writeHead(isHealthy ? 200 : 503).end(`${isHealthy}\n`);
    if (request.method === 'POST' && request.url === '/healthz/fail') isHealthy = false;
    if (request.method === 'POST' && request.url === '/healthz/pass') isHealthy = true;
    answer(backend, request, response);
  });
  const sockets = new WebSocketServer({ server });
  sockets.on('connection', (socket) => {
    socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
    // A client that goes away is no reason to end.
    socket.on('error', () => undefined);
  });
  return new Promise((resolve) => {
    const failed = ({ code, message }: NodeJS.ErrnoException): void => {
      const why =
        code === 'EADDRINUSE' ? `the port is in use by ${holderOfPort(backend.port) ?? 'a process'}` : message;
      say({ kind: 'problem', text: `No demo pod ${backend.name} on ${backend.address}:${backend.port}: ${why}.` });
      resolve();
    };
    server.once('error', failed);
    sockets.on('error', () => undefined);
    server.listen(backend.port, backend.address, resolve);
  });
}

function answer(backend: Backend, request: IncomingMessage, response: ServerResponse): void {
  const { method = '', url = '/' } = request;
  const delayMs = Number(/[?&]delay=(\d{1,5})(&|$)/.exec(url)?.[1] ?? 0);
  const lines = [`${backend.name} (${backend.address}:${backend.port}) got ${method} ${url}`];
  if (url.startsWith('/headers')) {
    for (let at = 0; at < request.rawHeaders.length; at += 2) {
      lines.push(`${request.rawHeaders[at]}: ${request.rawHeaders[at + 1]}`);
    }
  }
  request.resume();
  setTimeout(() => response.writeHead(200, { 'content-type': 'text/plain' }).end(`${lines.join('\n')}\n`), delayMs);
}
