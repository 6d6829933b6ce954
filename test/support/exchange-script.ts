import type { Server, Socket } from 'node:net';
import { connect, createServer } from 'node:net';
import type { TestContext } from 'node:test';

import { BodyReader } from '../../src/proxy/protocols/http1/body-reader.ts';
import { ResponseParser } from '../../src/proxy/protocols/http1/response-parser.ts';
import { listenOn } from './raw-server.ts';

export type RequestKind = 'get' | 'head' | 'old' | 'length' | 'long' | 'chunked' | 'broken' | 'expect' | 'upgrade';

/** What a client asks, in the pieces in which it sends it. Each ends with a second request on the same connection. */
export const requestKinds: Readonly<Record<RequestKind, readonly string[]>> = {
  get: ['GET /1 HT', 'TP/1.1\r\nHost: h.test\r\n\r\n'],
  head: ['HEAD /1 HTTP/1.1\r\nHost: h.test\r\n\r\n'],
  old: ['GET /1 HTTP/1.0\r\nHost: h.test\r\nConnection: keep-alive\r\n\r\n'],
  length: ['POST /1 HTTP/1.1\r\nHost: h.test\r\nContent-Length: 8\r\n\r\n', 'abcd', 'efgh'],
  long: ['PUT /1 HTTP/1.1\r\nHost: h.test\r\nContent-Length: 300000\r\n\r\n', 'x'.repeat(200_000), 'x'.repeat(100_000)],
  chunked: [
    'POST /1 HTTP/1.1\r\nHost: h.test\r\nTransfer-Encoding: chunked\r\n\r\n',
    '4\r\nabcd\r\n',
    '0\r\nX-T: 1\r\n\r\n',
  ],
  broken: ['POST /1 HTTP/1.1\r\nHost: h.test\r\nTransfer-Encoding: chunked\r\n\r\n', '4\r\nabcd\r\n', 'ZZ\r\n'],
  expect: ['POST /1 HTTP/1.1\r\nHost: h.test\r\nContent-Length: 8\r\nExpect: 100-continue\r\n\r\n', 'abcdefgh'],
  upgrade: ['GET /1 HTTP/1.1\r\nHost: h.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n', 'early', 'later'],
};

const second = 'GET /2 HTTP/1.1\r\nHost: h.test\r\n\r\n';

/** Not after `end`: the kernel's handle refuses then, and the socket stays open for ever (Node 26.10). */
export function reset(socket: Socket | undefined): void {
  if (socket?.writableEnded === true) socket.destroy();
  else socket?.resetAndDestroy();
}

/** A client on a raw socket that does one step after the other. */
export class ScriptedClient {
  readonly socket: Socket;
  readonly #pieces: string[];
  readonly #received: Buffer[] = [];
  /** The server said that nothing more comes. */
  ended = false;

  constructor(port: number, kind: RequestKind) {
    this.#pieces = [...requestKinds[kind], second];
    this.socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    this.socket.on('error', () => undefined);
    this.socket.on('end', () => (this.ended = true));
    this.socket.on('data', (chunk: Buffer) => this.#received.push(chunk));
  }

  send(): void {
    const piece = this.#pieces.shift();
    if (piece !== undefined && !this.socket.destroyed && !this.socket.writableEnded) this.socket.write(piece, 'latin1');
  }

  /** All answers that are complete, informational ones left out; throws for what is none. @param method  of the first */
  answers(method: string): { readonly status: number; readonly body: string }[] {
    const bytes = Buffer.concat(this.#received);
    const found: { status: number; body: string }[] = [];
    const parser = new ResponseParser();
    const reader = new BodyReader();
    for (let at = 0; at < bytes.length;) {
      parser.reset();
      at = parser.feed(bytes, at, bytes.length, found.length === 0 ? method : 'GET');
      if (parser.problem !== '') throw new Error(`${parser.problem}: ${bytes.toString('latin1', at, at + 80)}`);
      const { response } = parser;
      if (response === undefined || response.status === 101) break;
      if (response.status < 200) continue;
      let body = '';
      reader.begin(response.body, response.bodyLength);
      at = reader.feed(bytes, at, bytes.length, (chunk, from, to) => (body += chunk.toString('latin1', from, to)));
      if (reader.problem !== '') throw new Error(reader.problem);
      if (!reader.complete && !(reader.endsWithConnection && this.ended)) break;
      found.push({ status: response.status, body });
    }
    return found;
  }
}

/** What the upstream may do next. */
export const upstreamSteps = {
  interim: 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n',
  continue: 'HTTP/1.1 100 Continue\r\n\r\n',
  switch: 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
  garbage: 'garbage\r\n\r\n',
} as const;

/** An upstream that does one step after the other, on the connection that got a request last. */
export class ScriptedUpstream {
  readonly open: Set<Socket> = new Set();
  /** Bodies of answers that were sent to their end. */
  readonly finished: Set<string> = new Set();
  #current: Socket | undefined = undefined;
  #answers = 0;
  #framing: 'none' | 'length' | 'chunked' | 'close' = 'none';
  #body = '';
  #sent = '';

  listen(t: TestContext): Promise<number> {
    const server: Server = createServer({ allowHalfOpen: true }, (socket) => {
      this.open.add(socket);
      socket.on('close', () => this.open.delete(socket));
      let text = '';
      socket.on('data', (chunk: Buffer) => {
        text = `${text}${chunk.toString('latin1')}`.slice(-300_000);
        const end = text.indexOf('\r\n\r\n');
        if (end === -1 || !/^[A-Z]+ \/\d HTTP/.test(text)) return;
        text = text.slice(end + 4);
        this.#current = socket;
        this.#framing = 'none';
      });
    });
    return listenOn(t, server);
  }

  /** Something that is no part of an answer; not where it would be one, as in a body with a length. */
  say(text: string): void {
    if (this.#framing === 'none' || this.#framing === 'chunked') this.#write(text);
  }

  /** Without a length this is the end of the answer. */
  halfClose(): void {
    if (this.#framing === 'close') this.finished.add(this.#sent);
    this.#current?.end();
  }

  #write(text: string): void {
    const socket = this.#current;
    if (socket !== undefined && !socket.destroyed && !socket.writableEnded) socket.write(text, 'latin1');
  }

  /** The head of an answer, once for each request. */
  begin(framing: 'length' | 'chunked' | 'close', size: number): void {
    if (this.#current === undefined || this.#framing !== 'none') return;
    this.#framing = framing;
    this.#answers += 1;
    this.#sent = '';
    this.#body = `${this.#answers}:`.padEnd(size, 'y');
    const field = { length: `Content-Length: ${size}\r\n`, chunked: 'Transfer-Encoding: chunked\r\n', close: '' }[
      framing
    ];
    this.#write(`HTTP/1.1 200 OK\r\n${field}\r\n`);
  }

  /** The body, and the end of the answer. */
  finish(): void {
    const body = this.#body;
    if (body === '' || this.#current?.writable !== true) return;
    this.#body = '';
    this.#sent += body;
    this.finished.add(body);
    if (this.#framing === 'chunked') this.#write(`${body.length.toString(16)}\r\n${body}\r\n0\r\nX-T: 1\r\n\r\n`);
    else this.#write(body);
    if (this.#framing === 'close') this.#current.end();
  }

  /** Half of the body and nothing more. */
  part(): void {
    const body = this.#body;
    if (this.#framing === 'chunked') this.#write(`${body.length.toString(16)}\r\n${body.slice(0, body.length / 2)}`);
    else this.#write(body.slice(0, body.length / 2));
    this.#sent = body.slice(0, body.length / 2);
    this.#body = '';
  }

  get socket(): Socket | undefined {
    return this.#current;
  }
}
