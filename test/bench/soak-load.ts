import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { connect } from 'node:net';

import { WebSocket, WebSocketServer } from 'ws';

/** One thing that a client does, with what must come of it; throws when it does not. */
export interface Action {
  readonly name: string;
  /** How often, relative to the others. */
  readonly share: number;
  run(port: number): Promise<void>;
}

const host = 'localhost';
const kilobyte = Buffer.alloc(1024, 'k');
const megabyte = Buffer.alloc(1024 * 1024, 'm');
const keepAlive = new http.Agent({ keepAlive: true, maxSockets: 32 });
const withinMs = 30_000;

export const actions: readonly Action[] = [
  { name: 'get', share: 60, run: (port) => request(port, '/', keepAlive) },
  { name: 'new-connection', share: 15, run: (port) => request(port, '/', false) },
  { name: 'post-1k', share: 10, run: (port) => request(port, '/', keepAlive, kilobyte) },
  { name: 'post-1m', share: 1, run: (port) => request(port, '/', keepAlive, megabyte) },
  { name: 'get-1m', share: 1, run: (port) => request(port, '/1m', keepAlive) },
  { name: 'upload-abort', share: 2, run: (port) => abort(port, uploadHead, kilobyte) },
  { name: 'download-abort', share: 2, run: (port) => abort(port, `GET /1m HTTP/1.1\r\nHost: ${host}\r\n\r\n`) },
  { name: 'reset', share: 3, run: reset },
  { name: 'websocket', share: 2, run: webSocket },
  { name: 'slow-client', share: 1, run: slowClient },
];

const uploadHead = `POST / HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 1000000\r\n\r\n`;

/** Answers 100 bytes, 1 MB on `/1m`, takes bodies, and echoes on WebSockets. Ends with the process. */
export async function startSoakBackend(): Promise<number> {
  const server = http.createServer((incoming, response) => {
    incoming.on('error', () => undefined);
    incoming.resume();
    if (incoming.url === '/1m') response.end(megabyte);
    else incoming.on('end', () => response.end('x'.repeat(100)));
  });
  const sockets = new WebSocketServer({ server });
  sockets.on('connection', (socket) => {
    socket.on('error', () => undefined);
    socket.on('message', (data) => socket.send(data));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  server.unref();
  return (server.address() as AddressInfo).port;
}

function request(port: number, path: string, agent: http.Agent | false, body?: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    const method = body === undefined ? 'GET' : 'POST';
    const options = { host: '127.0.0.1', port, path, method, agent, headers: { host }, timeout: withinMs };
    const outgoing = http.request(options, (response) => {
      response.resume();
      response.on('error', reject);
      response.on('end', () =>
        response.statusCode === 200 ? resolve() : reject(new Error(`status ${response.statusCode}`)),
      );
    });
    outgoing.on('timeout', () => outgoing.destroy(new Error('timeout')));
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

/** Sends a head and some of a body, waits for what comes, if anything, and goes away. */
async function abort(port: number, head: string, body?: Buffer): Promise<void> {
  const socket = await open(port);
  socket.write(head);
  if (body === undefined) await once(socket, 'data');
  else socket.write(body);
  await new Promise(setImmediate);
  socket.destroy();
}

async function reset(port: number): Promise<void> {
  const socket = await open(port);
  const text = `GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`;
  socket.write(text.slice(0, 1 + Math.floor(Math.random() * text.length)));
  await new Promise(setImmediate);
  socket.resetAndDestroy();
}

async function webSocket(port: number): Promise<void> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/echo`, { headers: { host }, handshakeTimeout: withinMs });
  await once(socket, 'open');
  for (const text of ['one', 'two', 'x'.repeat(10_000)]) {
    socket.send(text);
    const [data] = (await once(socket, 'message')) as [Buffer];
    if (data.toString() !== text) throw new Error('echo is not what was sent');
  }
  socket.close();
  await once(socket, 'close');
}

/** Sends its head in pieces over a second, and reads a large answer slowly. */
async function slowClient(port: number): Promise<void> {
  const socket = await open(port);
  for (const piece of ['GET /1m HT', 'TP/1.1\r\nHost: ', `${host}\r\nConnection: close\r\n\r\n`]) {
    socket.write(piece);
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
  let bytes = 0;
  socket.on('data', (chunk) => {
    bytes += chunk.length;
    socket.pause();
    setTimeout(() => socket.resume(), 50);
  });
  await once(socket, 'end');
  socket.destroy();
  if (bytes < megabyte.length) throw new Error(`${bytes} bytes only`);
}

async function open(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return socket;
}
