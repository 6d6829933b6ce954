import type { Socket } from 'node:net';

import type { CoarseTimers, Deadline } from '../../../lib/coarse-timers.ts';
import { BodyReader } from './body-reader.ts';
import { ClientExchange } from './client-exchange.ts';
import type { BodyOrigin } from './request-body.ts';
import { RequestBody } from './request-body.ts';
import type { ParsedRequest } from './request-parser.ts';
import { RequestParser } from './request-parser.ts';
import { currentTurn } from './upstream-connection.ts';

/** A connection that was accepted, as far as this side needs to know it. */
export interface ClientSocket {
  readonly socket: Socket;
  readonly localPort: number;
  readonly secure: boolean;
  readonly serverName: string;
  /** Plain bytes came to a TLS port: nothing is served but the error that says so. */
  readonly plainOnTls: boolean;
}

export interface ClientOptions {
  readonly keepAliveMs: number;
  readonly keepAliveRequests: number;
}

/** What a connection hands on. */
export interface ClientParts {
  readonly timers: CoarseTimers;
  readonly now: () => number;
  readonly options: () => ClientOptions;
  /** Serves a request: sooner or later an answer begins and ends, or is cut off. */
  readonly serve: (exchange: ClientExchange) => void;
  /** The connection holds what is no request. @returns the whole answer, which is the last thing on it */
  readonly refuse: (connection: ClientConnection, status: number, bytesReceived: number) => string;
  /** Whether an answer that begins now must be the last one on its connection: a drain. */
  readonly closesNow: () => boolean;
  readonly onClosed: (connection: ClientConnection) => void;
}

/** Source of all: threats R-50. */
const firstByteMs = 10_000;
const headMs = 10_000;
/** A client that shut its sending side gets this long for the answer to begin (faults F-63). */
const halfCloseMs = 1_000;
/** While an exchange runs, its client is looked at this often: three times without any progress are too much. */
const watchMs = 20_000;
const stallsLimit = 3;
/** 240 bytes per second, over one look. */
const leastBodyBytes = (240 * watchMs) / 1000;
const oldestMs = 3_600_000;
/** Bytes behind an upgrade that wait for its 101 (threats R-25). */
const heldLimit = 16 * 1024;
/** How long and how much a client may go on sending after our last answer (faults F-68). */
const lingerMs = 5_000;
const lingerBytes = 1024 * 1024;

/**
 * One connection of a client: its requests one after the other, in the order in which they came.
 *
 * ```
 * first ──▶ head ──▶ exchange ──▶ idle ──▶ head ...
 *   │         │          ├──▶ linger ──▶ closed
 *   └─────────┴──────────┴──▶ tunnel
 * ```
 */
export class ClientConnection implements BodyOrigin {
  readonly socket: Socket;
  readonly localPort: number;
  readonly secure: boolean;
  readonly serverName: string;
  readonly plainOnTls: boolean;
  readonly peerAddress: string;
  readonly peerPort: number;
  requests = 0;
  current: ClientExchange | undefined = undefined;
  readonly #parts: ClientParts;
  readonly #parser: RequestParser = new RequestParser();
  readonly #reader: BodyReader = new BodyReader();
  readonly #deadline: Deadline;
  readonly #oldAt: number;
  #phase: 'first' | 'head' | 'exchange' | 'idle' | 'linger' | 'tunnel' | 'closed' = 'first';
  /** What came behind the request that is being answered. */
  #held: Buffer | undefined = undefined;
  #taking = false;
  #halfClosed = false;
  #reading = true;
  /** From then on bytes may be delivered outside of the turn in which they came. */
  #wasPaused = false;
  #lingered = 0;
  /** Of the last look: bytes that came and went, and how often they stood still. */
  #seenIn = 0;
  #seenOut = 0;
  #stalls = 0;

  constructor(accepted: ClientSocket, parts: ClientParts) {
    const { socket } = accepted;
    this.socket = socket;
    this.localPort = accepted.localPort;
    this.secure = accepted.secure;
    this.serverName = accepted.serverName;
    this.plainOnTls = accepted.plainOnTls;
    this.peerAddress = socket.remoteAddress ?? '';
    this.peerPort = socket.remotePort ?? 0;
    this.#parts = parts;
    // Spread over a tenth, so that what was opened together is not closed together.
    this.#oldAt = parts.now() + oldestMs * (0.95 + 0.1 * ((this.peerPort % 100) / 100));
    this.#deadline = parts.timers.deadline(() => this.#onDue());
    this.#deadline.set(firstByteMs);
    socket.on('data', this.#onData);
    socket.on('end', this.#onEnd);
    socket.on('drain', this.#onDrain);
    socket.once('close', () => this.#onClose());
  }

  get idle(): boolean {
    return this.#phase === 'idle' || this.#phase === 'first';
  }

  get phase(): 'first' | 'head' | 'exchange' | 'idle' | 'linger' | 'tunnel' | 'closed' {
    return this.#phase;
  }

  /** Whether an answer that begins now is the last one. */
  mustClose(): boolean {
    const { options, closesNow, now } = this.#parts;
    return (
      this.requests >= options().keepAliveRequests ||
      (this.#halfClosed && this.#held === undefined) ||
      closesNow() ||
      now() > this.#oldAt
    );
  }

  /** The answer is written. @param last  nothing follows it */
  answered(exchange: ClientExchange, last: boolean): void {
    if (this.current !== exchange || this.#phase !== 'exchange') return;
    this.current = undefined;
    if (last || exchange.bodyPending || (this.#halfClosed && this.#held === undefined)) return this.closeGently();
    this.#parser.reset();
    this.#phase = 'idle';
    this.#deadline.set(this.#parts.options().keepAliveMs);
    // Inside of the loop that takes bytes, the loop goes on by itself.
    if (!this.#taking) this.#takeHeld();
  }

  /**
   * Says that nothing more will come, and reads on for a while: closing a socket with unread bytes makes the kernel send
   * a reset, which destroys the answer on its way.
   */
  closeGently(): void {
    if (this.#phase === 'linger' || this.#phase === 'closed') return;
    this.#phase = 'linger';
    this.#held = undefined;
    this.#deadline.set(lingerMs);
    if (this.socket.destroyed) return;
    this.socket.end();
    this.socket.resume();
    if (this.#halfClosed) this.socket.destroySoon();
  }

  /** Gives the socket away. @returns what came behind the request */
  detach(): Buffer | undefined {
    this.#phase = 'tunnel';
    this.socket.off('data', this.#onData);
    this.socket.off('end', this.#onEnd);
    this.socket.off('drain', this.#onDrain);
    this.#deadline.stop();
    const held = this.#held;
    this.#held = undefined;
    return held;
  }

  pauseReading(): void {
    this.#reading = false;
    this.#wasPaused = true;
    this.socket.pause();
  }

  resumeReading(): void {
    if (this.#reading || this.#phase === 'tunnel') return;
    this.#reading = true;
    this.socket.resume();
  }

  readonly #onData = (chunk: Buffer): void => {
    if (this.#phase === 'linger') return this.#lingerOn(chunk.length);
    const { current } = this;
    if (this.#held !== undefined || (current !== undefined && !current.bodyPending)) return this.#hold(chunk);
    return this.#take(chunk);
  };

  /** Heads and bodies, one after the other, until something has to be waited for. */
  #take(chunk: Buffer): void {
    let at = 0;
    this.#taking = true;
    while (at < chunk.length) {
      if (this.current === undefined) {
        // A client that does not read its answers gets no more of them.
        if (this.#phase === 'linger' || this.#phase === 'closed' || this.socket.writableNeedDrain) break;
        at = this.#takeHead(chunk, at);
      } else if (this.current.bodyPending) at = this.#takeBody(this.current, chunk, at);
      else break;
    }
    this.#taking = false;
    if (at < chunk.length && this.#phase !== 'linger' && this.#phase !== 'closed') this.#hold(chunk.subarray(at));
  }

  #takeHead(chunk: Buffer, from: number): number {
    const parser = this.#parser;
    const at = parser.feed(chunk, from, chunk.length);
    if (parser.problem !== undefined) {
      this.#refuse(parser.problem.status);
      return chunk.length;
    }
    if (parser.request === undefined) {
      if (this.#phase === 'head') return at;
      this.#phase = 'head';
      this.#deadline.set(headMs);
      return at;
    }
    if (this.plainOnTls) {
      this.#refuse(400);
      return chunk.length;
    }
    return this.#begin(parser.request, chunk, at);
  }

  /** What is already there of the body is taken first: most bodies are then complete. */
  #begin(request: ParsedRequest, chunk: Buffer, from: number): number {
    this.requests += 1;
    const body =
      request.body === 'none' ? undefined : new RequestBody(this, request.body === 'chunked', request.bodyLength);
    const exchange = new ClientExchange(this, request, body, this.#wasPaused ? -1 : currentTurn());
    this.current = exchange;
    this.#phase = 'exchange';
    this.#watch();
    let at = from;
    if (body !== undefined) {
      this.#reader.begin(request.body, request.bodyLength);
      if (at < chunk.length) at = this.#takeBody(exchange, chunk, at);
      if (exchange.failure !== undefined) {
        this.current = undefined;
        this.#refuse(400);
        return chunk.length;
      }
    }
    this.#parts.serve(exchange);
    return at;
  }

  #takeBody({ body }: ClientExchange, chunk: Buffer, from: number): number {
    const at = this.#reader.feed(chunk, from, chunk.length, this.#onBodyBytes);
    if (this.#reader.problem !== '') {
      // Nothing behind a broken body is ever read as a request.
      this.current?.leave('bad-request');
      this.#held = undefined;
      return chunk.length;
    }
    if (this.#reader.complete) body?.end();
    return at;
  }

  readonly #onBodyBytes = (chunk: Buffer, from: number, to: number): void => {
    this.current?.body?.push(chunk.subarray(from, to));
  };

  #hold(chunk: Buffer): void {
    this.#held = this.#held === undefined ? chunk : Buffer.concat([this.#held, chunk]);
    this.pauseReading();
    if (this.current?.request.upgrade === true && this.#held.length > heldLimit) this.current.leave('bad-request');
  }

  #takeHeld(): void {
    if (this.socket.writableNeedDrain) return;
    const held = this.#held;
    this.#held = undefined;
    this.resumeReading();
    if (held !== undefined) this.#take(held);
    if (this.#halfClosed && this.current === undefined && this.#held === undefined) this.closeGently();
  }

  readonly #onDrain = (): void => {
    if (this.current !== undefined) this.current.drained();
    else if (this.#phase === 'idle') this.#takeHeld();
  };

  /** The client has shut its sending side. */
  readonly #onEnd = (): void => {
    this.#halfClosed = true;
    const { current } = this;
    if (this.#phase === 'linger') return this.socket.destroySoon();
    if (current === undefined) return this.closeGently();
    if (current.bodyPending) {
      current.leave('client-closed');
      return void this.socket.destroy();
    }
    if (!current.committed) this.#deadline.set(halfCloseMs);
    return undefined;
  };

  #onClose(): void {
    const { current } = this;
    this.#phase = 'closed';
    this.#held = undefined;
    this.current = undefined;
    this.#deadline.stop();
    current?.leave('client-closed');
    this.#parts.onClosed(this);
  }

  #refuse(status: number): void {
    const answer = this.#parts.refuse(this, status, this.#parser.size);
    if (!this.socket.destroyed) this.socket.write(answer, 'latin1');
    this.closeGently();
  }

  #lingerOn(bytes: number): void {
    this.#lingered += bytes;
    if (this.#lingered > lingerBytes) this.socket.destroy();
  }

  #onDue(): void {
    switch (this.#phase) {
      case 'head':
        return this.#refuse(408);
      case 'idle':
        return this.closeGently();
      case 'exchange':
        return this.#look();
      case 'linger':
        return this.#lookAtLinger();
      case 'first':
        return void this.socket.destroy();
      case 'tunnel':
      case 'closed':
    }
  }

  #watch(): void {
    this.#stalls = 0;
    // Asking the socket costs a system library call: the first look does it.
    this.#seenIn = -1;
    this.#deadline.set(watchMs);
  }

  /** Whether the client reads its answer and sends its body fast enough. */
  #look(): void {
    const { current, socket } = this;
    if (current === undefined) return;
    if (this.#halfClosed && !current.committed) return void socket.destroy();
    if (this.#isStuck()) return void socket.destroy();
    const before = this.#seenIn;
    this.#seenIn = socket.bytesRead;
    this.#deadline.set(watchMs);
    if (before === -1 || !current.bodyPending || current.body?.paused === true) return;
    if (this.#seenIn - before < leastBodyBytes) current.leave('client-timeout');
  }

  /** Our last words may take as long as the client reads them; then it has a while to hear them. */
  #lookAtLinger(): void {
    const { socket } = this;
    if (socket.writableLength === 0 || this.#isStuck()) return void socket.destroy();
    this.#deadline.set(socket.writableLength > 0 ? watchMs : lingerMs);
  }

  #isStuck(): boolean {
    const { socket } = this;
    const out = socket.bytesWritten - socket.writableLength;
    this.#stalls = socket.writableLength > 0 && out === this.#seenOut ? this.#stalls + 1 : 0;
    this.#seenOut = out;
    return this.#stalls >= stallsLimit;
  }
}
