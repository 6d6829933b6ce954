import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import http from 'node:http';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import type { TestContext } from 'node:test';

import { WebSocketServer } from 'ws';

import { bindSocket } from '../../src/supervisor/sockets.ts';
import { listenOn, rawServer } from './raw-server.ts';

/** A server on a raw socket that does what it is told, and remembers every byte it saw. */
export interface Backend {
  readonly port: number;
  /** Requests that have arrived so far: heads, as text in latin1. */
  readonly heads: string[];
  /** Connections that are open now. */
  readonly open: Set<Socket>;
  /** Connections since the start. */
  readonly accepted: number;
  /** `head` for each complete request head, `close` for each connection that ended. */
  readonly events: EventEmitter;
}

/**
 * @param serve  gets each request head as soon as it is complete, and the connection; what follows the head is its own
 */
export async function backend(
  t: TestContext,
  serve: (socket: Socket, head: string, rest: Buffer) => void,
): Promise<Backend> {
  const heads: string[] = [];
  const open = new Set<Socket>();
  const events = new EventEmitter();
  let accepted = 0;
  const port = await rawServer(t, (socket) => {
    accepted += 1;
    open.add(socket);
    socket.on('close', () => {
      open.delete(socket);
      events.emit('close', socket);
    });
    let seen = Buffer.alloc(0);
    const onData = (chunk: Buffer): void => {
      seen = Buffer.concat([seen, chunk]);
      const end = seen.indexOf('\r\n\r\n');
      if (end < 0) return;
      const head = seen.subarray(0, end + 4).toString('latin1');
      const rest = seen.subarray(end + 4);
      seen = Buffer.alloc(0);
      heads.push(head);
      events.emit('head', head);
      serve(socket, head, rest);
    };
    socket.on('data', onData);
  });
  return {
    port,
    heads,
    open,
    events,
    get accepted() {
      return accepted;
    },
  };
}

/** Answers every request, which must have no body, with these bytes. */
export function answering(t: TestContext, answer: string): Promise<Backend> {
  return backend(t, (socket) => void socket.write(answer, 'latin1'));
}

/** A short, complete answer. */
export function okAnswer(body: string, headers: readonly string[] = []): string {
  const fields = headers.map((line) => `${line}\r\n`).join('');
  return `HTTP/1.1 200 OK\r\n${fields}Content-Length: ${body.length}\r\n\r\n${body}`;
}

/** Ends the connection with a reset as soon as a request head is there. */
export function resetting(t: TestContext): Promise<Backend> {
  return backend(t, (socket) => void socket.resetAndDestroy());
}

/**
 * A port that refuses connections as long as the test runs. It is bound, so that the kernel gives it to nobody else, and
 * nobody listens.
 */
export function refusing(t: TestContext): number {
  const socket = bindSocket({ address: '127.0.0.1', port: 0, what: 'test', flag: 'test' });
  t.after(() => socket.close());
  return socket.port;
}

/** Accepts, reads, and never says anything. */
export function hanging(t: TestContext): Promise<Backend> {
  return backend(t, () => undefined);
}

const stuckListener = `
  const server = require('node:net').createServer();
  server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => process.send(server.address().port));
`;

/** A port whose queue is full and whose owner stands still: the kernel drops what asks for a connection. */
export async function blackHole(t: TestContext): Promise<number> {
  const child = spawn(process.execPath, ['-e', stuckListener], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  t.after(() => child.kill('SIGKILL'));
  const [port] = (await once(child, 'message')) as [number];
  child.kill('SIGSTOP');
  // Two fit into a queue for one; the rest wait for an answer to their SYN.
  const fillers = Array.from({ length: 4 }, () => connect(port, '127.0.0.1'));
  for (const socket of fillers) socket.on('error', () => undefined);
  t.after(() => {
    for (const socket of fillers) socket.destroy();
  });
  await Promise.all(fillers.slice(0, 2).map((socket) => once(socket, 'connect')));
  return port;
}

/** node:http server that answers with the hash of the request's body, after it has all of it. */
export async function hashing(t: TestContext): Promise<{ readonly port: number; readonly sockets: Set<Socket> }> {
  const sockets = new Set<Socket>();
  const server = http.createServer((request, response) => {
    const hash = createHash('sha256');
    request.on('data', (chunk: Buffer) => hash.update(chunk));
    request.on('end', () => response.end(hash.digest('hex')));
    request.on('error', () => undefined);
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  return { port: await listenOn(t, server), sockets };
}

/** WebSocket server that sends back what it gets. */
export async function webSocketEcho(t: TestContext): Promise<{ readonly port: number; readonly heads: string[] }> {
  const heads: string[] = [];
  const server = http.createServer((_request, response) => response.end('not a web socket'));
  const sockets = new WebSocketServer({ server });
  sockets.on('connection', (socket, request) => {
    heads.push(request.rawHeaders.join('\n'));
    socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
    socket.on('error', () => undefined);
  });
  t.after(() => {
    for (const socket of sockets.clients) socket.terminate();
  });
  return { port: await listenOn(t, server), heads };
}

/** What a client on a raw socket got until the connection ended. */
export async function untilEnd(socket: Socket): Promise<{ readonly text: string; readonly reset: boolean }> {
  const chunks: Buffer[] = [];
  let reset = false;
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  socket.on('error', () => {
    reset = true;
  });
  if (!socket.closed) await new Promise((resolve) => socket.once('close', resolve));
  return { text: Buffer.concat(chunks).toString('latin1'), reset };
}
