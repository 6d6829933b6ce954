import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';

import { BodyReader } from '../../src/proxy/protocols/http1/body-reader.ts';
import { ResponseParser } from '../../src/proxy/protocols/http1/response-parser.ts';
import { freePort, started } from '../bench/peers/peer.ts';
import type { ReadRequest } from '../support/http1-reading.ts';
import { readRequests } from '../support/http1-reading.ts';

/** Another proxy that says how it reads requests. */
export interface Reader {
  readonly name: string;
  /** @returns what it reads otherwise; undefined when it agrees, or refuses */
  disagrees(bytes: Buffer, requests: readonly ReadRequest[]): Promise<string | undefined>;
  stop(): Promise<void>;
}

/** Requests that a reader refused, for which it has said nothing about their number. */
export const refusals: Map<string, number> = new Map();

/** nginx and haproxy, those of them that are installed. @param folder  for their files */
export async function startReaders(folder: string): Promise<Reader[]> {
  const backendPort = await startRecorder();
  const found: Reader[] = [];
  if (isInstalled('nginx', '-v')) found.push(await startNginx(join(folder, 'nginx'), backendPort));
  if (isInstalled('haproxy', '-v')) found.push(await startHaproxy(join(folder, 'haproxy'), backendPort));
  return found;
}

function isInstalled(command: string, flag: string): boolean {
  try {
    execFileSync(command, [flag], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** Answers each request with its method and the length of its body. Ends with the process. */
async function startRecorder(): Promise<number> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    let seen = Buffer.alloc(0);
    socket.on('data', (chunk: Buffer) => {
      seen = Buffer.concat([seen, chunk]);
      const { refusal, requests } = readRequests([seen]);
      seen = seen.subarray(requests.at(-1)?.end ?? 0);
      for (const { body, request } of requests) {
        socket.write(`HTTP/1.1 200 OK\r\nX-Read: ${request.method} ${body.length}\r\nContent-Length: 0\r\n\r\n`);
      }
      if (refusal !== 0) socket.end(`HTTP/1.1 ${refusal} Refused\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  server.unref();
  return (server.address() as AddressInfo).port;
}

async function startNginx(folder: string, backendPort: number): Promise<Reader> {
  mkdirSync(folder, { recursive: true });
  const port = await freePort();
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((one) => `${one}_temp_path ${folder}/${one};`);
  const path = join(folder, 'nginx.conf');
  writeFileSync(
    path,
    `worker_processes 1; ${process.getuid?.() === 0 ? 'user root;' : ''} pid ${folder}/nginx.pid; error_log /dev/null;
events { worker_connections 1024; }
http {
  access_log off; ${paths.join(' ')} client_max_body_size 0; keepalive_requests 1000000;
  upstream recorder { server 127.0.0.1:${backendPort}; keepalive 16; }
  server {
    listen 127.0.0.1:${port};
    location / { proxy_pass http://recorder; proxy_http_version 1.1; proxy_set_header Connection ""; }
  }
}`,
  );
  const child = spawn('nginx', ['-c', path, '-p', folder, '-g', 'daemon off;'], { stdio: 'ignore' });
  return readerOf('nginx', await started('nginx', child, { httpPort: port, httpsPort: 0 }));
}

async function startHaproxy(folder: string, backendPort: number): Promise<Reader> {
  mkdirSync(folder, { recursive: true });
  const port = await freePort();
  const path = join(folder, 'haproxy.cfg');
  writeFileSync(
    path,
    `global
  maxconn 1000
defaults
  mode http
  timeout connect 5s
  timeout client 5s
  timeout server 5s
frontend all
  bind 127.0.0.1:${port}
  default_backend recorder
backend recorder
  server one 127.0.0.1:${backendPort}
`,
  );
  const child = spawn('haproxy', ['-f', path, '-db'], { stdio: 'ignore' });
  return readerOf('haproxy', await started('haproxy', child, { httpPort: port, httpsPort: 0 }));
}

function readerOf(name: string, peer: { readonly httpPort: number; stop(): Promise<void> }): Reader {
  return {
    name,
    stop: () => peer.stop(),
    disagrees: async (bytes, requests) => {
      const expected = [...requests.map(({ body, request }) => `${request.method} ${body.length}`), 'OPTIONS 0'];
      const seen = await ask(peer.httpPort, Buffer.concat([bytes, last]), expected);
      const different = seen.find((one, at) => one !== expected[at] && !isRefusal(one));
      const refused = seen.some(isRefusal);
      if (refused) refusals.set(name, (refusals.get(name) ?? 0) + 1);
      if (different === undefined && (refused || seen.length === expected.length)) return undefined;
      return `${name} reads ${JSON.stringify(seen)}, we read ${JSON.stringify(expected)}`;
    },
  };
}

/** Stands behind what is asked: whoever takes it for part of a body never answers it. */
const last = Buffer.from('OPTIONS /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');

function isRefusal(seen: string): boolean {
  return seen.startsWith('refused');
}

/** Method and length of each request as the other side of the proxy got it, or its refusal. */
async function ask(port: number, bytes: Buffer, expected: readonly string[]): Promise<string[]> {
  const socket = connect(port, '127.0.0.1');
  const chunks: Buffer[] = [];
  socket.on('error', () => undefined);
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  socket.setTimeout(3_000, () => socket.destroy());
  socket.write(bytes);
  await new Promise((resolve) => socket.once('close', resolve));
  return readAnswers(Buffer.concat(chunks), expected);
}

function readAnswers(bytes: Buffer, expected: readonly string[]): string[] {
  const parser = new ResponseParser();
  const reader = new BodyReader();
  const seen: string[] = [];
  for (let at = 0; at < bytes.length;) {
    parser.reset();
    at = parser.feed(bytes, at, bytes.length, expected[seen.length]?.split(' ')[0] ?? 'GET');
    const { response } = parser;
    if (response === undefined) return [...seen, `refused ${parser.problem}`];
    if (response.status < 200) continue;
    reader.begin(response.body, response.bodyLength);
    at = reader.feed(bytes, at, bytes.length, () => undefined);
    const read = response.headers.findIndex((name, index) => index % 2 === 0 && name.toLowerCase() === 'x-read');
    seen.push(read === -1 ? `refused ${response.status}` : (response.headers[read + 1] ?? ''));
  }
  return seen;
}
