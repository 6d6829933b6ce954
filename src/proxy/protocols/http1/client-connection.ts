import type { ByteSocket, SocketOwner } from '../../../lib/byte-socket.ts';
import type { CoarseTimers, Deadline } from '../../../lib/coarse-timers.ts';
import { currentTurn, eventBegins } from '../../../lib/event-clock.ts';
import { BodyReader } from './body-reader.ts';
import { ClientExchange } from './client-exchange.ts';
import { clientLimits as limits, watchMs } from './client-limits.ts';
import { ClientProgress } from './client-progress.ts';
import type { BodyOrigin } from './request-body.ts';
import { RequestBody } from './request-body.ts';
import type { ParsedRequest } from './request-parser.ts';
import { RequestParser } from './request-parser.ts';

/** A connection that was accepted, as far as this side needs to know it. */
export interface ClientSocket {
  readonly socket: ByteSocket;
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

/** Bytes behind an upgrade that wait for its 101 (threats R-25). */
const heldLimit = 16 * 1024;
/**
 * One connection of a client: its requests one after the other, in the order in which they came.
 *
 * ```
 * first ──▶ head ──▶ exchange ──▶ idle ──▶ head ...
 *   │         │          ├──▶ linger ──▶ closed
 *   └─────────┴──────────┴──▶ tunnel
 * ```
 */
export class ClientConnection implements BodyOrigin, SocketOwner {
  readonly socket: ByteSocket;
  readonly localPort: number;
  readonly secure: boolean;
  readonly serverName: string;
  readonly plainOnTls: boolean;
  readonly peerAddress: string;
  readonly peerPort: number;
  /** Its neighbours among the open connections; for `OpenConnections` alone. */
  older: ClientConnection | undefined = undefined;
  newer: ClientConnection | undefined = undefined;
  requests = 0;
  current: ClientExchange | undefined = undefined;
  readonly #parts: ClientParts;
  readonly #parser: RequestParser = new RequestParser();
  readonly #reader: BodyReader = new BodyReader();
  readonly #deadline: Deadline;
  readonly #progress: ClientProgress;
  readonly #oldAt: number;
  #phase: 'first' | 'head' | 'exchange' | 'idle' | 'linger' | 'tunnel' | 'closed' = 'first';
  /** What came behind the request that is being answered. */
  #held: Buffer | undefined = undefined;
  #taking = false;
  /** The bytes that are taken now are valid during the call only. */
  #shared = false;
  #halfClosed = false;
  #reading = true;
  /** From then on bytes may be delivered outside of the turn in which they came. */
  #wasPaused = false;
  #lingered = 0;

  constructor(accepted: ClientSocket, parts: ClientParts) {
    const { socket } = accepted;
    this.socket = socket;
    this.localPort = accepted.localPort;
    this.secure = accepted.secure;
    this.serverName = accepted.serverName;
    this.plainOnTls = accepted.plainOnTls;
    this.peerAddress = socket.remoteAddress;
    this.peerPort = socket.remotePort;
    this.#parts = parts;
    // Spread over a tenth, so that what was opened together is not closed together.
    this.#oldAt = parts.now() + limits.oldestMs * (0.95 + 0.1 * ((this.peerPort % 100) / 100));
    this.#deadline = parts.timers.deadline(() => this.#onDue());
    this.#deadline.set(limits.firstByteMs);
    this.#progress = new ClientProgress(socket);
    socket.owner = this;
  }

  get idle(): boolean {
    return this.#phase === 'idle' || this.#phase === 'first';
  }

  /** How long it has been waiting for another request, in milliseconds; 0 while it does anything else. */
  get idleMs(): number {
    return this.#phase === 'idle' ? this.#parts.now() - this.#deadline.dueAt + this.#parts.options().keepAliveMs : 0;
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
    if (last && this.#nothingFollows(exchange)) return this.#closeAtOnce();
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
    this.#deadline.set(limits.lingerMs);
    if (this.socket.destroyed) return;
    this.socket.expectHead();
    this.socket.end();
    this.socket.resume();
    if (this.#halfClosed) this.socket.destroySoon();
  }

  /** The client said that this request is its last one, and all that it sent is read: no reset can come of closing. */
  #nothingFollows({ body, request }: ClientExchange): boolean {
    return !request.keepAlive && body === undefined && this.#held === undefined && this.#reading;
  }

  /** Source: RFC 9112 section 9.6; nginx does the same when nothing is left to read (`lingering_close on`). */
  #closeAtOnce(): void {
    this.#phase = 'linger';
    this.#deadline.set(limits.lingerMs);
    this.socket.destroySoon();
  }

  /** Gives the socket away; its next owner passes `onClose` on. @returns what came behind the request */
  detach(): Buffer | undefined {
    this.#phase = 'tunnel';
    this.#deadline.stop();
    const held = this.#held;
    this.#held = undefined;
    return held;
  }

  /** The exchange waits for an endpoint, and its client is looked at more often. */
  watchClosely(): void {
    if (this.#phase === 'exchange' && !this.#halfClosed) this.#deadline.set(limits.waitingWatchMs);
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

  onInput(chunk: Buffer, from: number, to: number, shared: boolean): void {
    eventBegins();
    if (this.#phase === 'linger') return this.#lingerOn(to - from);
    const { current } = this;
    this.#shared = shared;
    if (this.#held !== undefined || (current !== undefined && !current.bodyPending)) return this.#hold(chunk, from, to);
    return this.#take(chunk, from, to);
  }

  /** Heads and bodies, one after the other, until something has to be waited for. */
  #take(chunk: Buffer, from: number, to: number): void {
    let at = from;
    this.#taking = true;
    while (at < to) {
      if (this.current === undefined) {
        // A client that does not read its answers gets no more of them.
        if (this.#phase === 'linger' || this.#phase === 'closed' || this.socket.writableNeedDrain) break;
        at = this.#takeHead(chunk, at, to);
      } else if (this.current.bodyPending) at = this.#takeBody(this.current, chunk, at, to);
      else break;
    }
    this.#taking = false;
    if (at < to && this.#phase !== 'linger' && this.#phase !== 'closed') this.#hold(chunk, at, to);
  }

  /** Returns the index of the first byte that was not taken. */
  #takeHead(chunk: Buffer, from: number, to: number): number {
    const parser = this.#parser;
    const at = parser.feed(chunk, from, to);
    if (parser.problem !== undefined || (parser.request !== undefined && this.plainOnTls)) {
      this.#refuse(parser.problem?.status ?? 400);
      return to;
    }
    if (parser.request === undefined) {
      if (this.#phase === 'head') return at;
      this.#phase = 'head';
      this.#deadline.set(limits.headMs);
      return at;
    }
    return this.#begin(parser.request, chunk, at, to);
  }

  /** What is already there of the body is taken first: most bodies are then complete. */
  #begin(request: ParsedRequest, chunk: Buffer, from: number, to: number): number {
    this.requests += 1;
    const body =
      request.body === 'none' ? undefined : new RequestBody(this, request.body === 'chunked', request.bodyLength);
    const exchange = new ClientExchange(this, request, body, this.#wasPaused ? -1 : currentTurn());
    this.current = exchange;
    this.#phase = 'exchange';
    this.#progress.begin();
    this.#deadline.set(watchMs(this.#halfClosed, false));
    let at = from;
    if (body !== undefined) {
      this.#reader.begin(request.body, request.bodyLength);
      if (at < to) at = this.#takeBody(exchange, chunk, at, to);
      if (exchange.failure !== undefined) {
        this.current = undefined;
        this.#refuse(400);
        return to;
      }
    }
    this.#parts.serve(exchange);
    return at;
  }

  #takeBody({ body }: ClientExchange, chunk: Buffer, from: number, to: number): number {
    const at = this.#reader.feed(chunk, from, to, this.#onBodyBytes);
    if (this.#reader.problem !== '') {
      // Nothing behind a broken body is ever read as a request.
      this.current?.leave('bad-request');
      this.#held = undefined;
      return to;
    }
    if (this.#reader.complete) {
      this.socket.expectHead();
      body?.end();
    } else this.socket.expectMore(to - from);
    return at;
  }

  readonly #onBodyBytes = (chunk: Buffer, from: number, to: number): void => {
    const bytes = chunk.subarray(from, to);
    this.current?.bodyBytes(this.#shared ? Buffer.from(bytes) : bytes);
  };

  #hold(chunk: Buffer, from: number, to: number): void {
    const bytes = chunk.subarray(from, to);
    const kept = this.#shared ? Buffer.from(bytes) : bytes;
    this.#held = this.#held === undefined ? kept : Buffer.concat([this.#held, kept]);
    this.pauseReading();
    if (this.current?.request.upgrade === true && this.#held.length > heldLimit) this.current.leave('bad-request');
  }

  #takeHeld(): void {
    if (this.socket.writableNeedDrain) return;
    const held = this.#held;
    this.#held = undefined;
    this.resumeReading();
    this.#shared = false;
    if (held !== undefined) this.#take(held, 0, held.length);
    if (this.#halfClosed && this.current === undefined && this.#held === undefined) this.closeGently();
  }

  onDrain(): void {
    if (this.current !== undefined) this.current.drained();
    else if (this.#phase === 'idle') this.#takeHeld();
  }

  /** The client has shut its sending side. */
  onEnd(): void {
    this.#halfClosed = true;
    const { current } = this;
    if (this.#phase === 'linger') return this.socket.destroySoon();
    if (current === undefined) return this.closeGently();
    if (current.bodyPending) {
      current.leave('client-closed');
      return this.socket.destroy();
    }
    return this.#deadline.set(current.committed ? limits.halfClosedWatchMs : limits.halfCloseMs);
  }

  onClose(): void {
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
    if (!this.socket.destroyed) this.socket.writeText(answer);
    this.closeGently();
  }

  #lingerOn(bytes: number): void {
    this.#lingered += bytes;
    if (this.#lingered > limits.lingerBytes) this.socket.destroy();
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
        return this.socket.destroy();
      case 'tunnel':
      case 'closed':
    }
  }

  /** Whether the client reads its answer and sends its body fast enough. */
  #look(): void {
    const { current, socket } = this;
    if (current === undefined) return;
    if (this.#halfClosed && !current.committed) return socket.destroy();
    if (this.#progress.isStuck()) return this.#cut();
    const slow = this.#progress.isSlow();
    this.#deadline.set(watchMs(this.#halfClosed, current.waits));
    if (current.waits) this.#progress.begin();
    else if (slow && current.bodyPending && current.body?.paused !== true) current.leave('client-timeout');
  }

  /** Without a reset the kernel would go on offering what nobody reads. Never after `end`: it would not close (Node 26.10). */
  #cut(): void {
    if (this.secure) this.socket.destroy();
    else this.socket.resetAndDestroy();
  }

  /** Our last words may take as long as the client reads them; then it has a while to hear them. */
  #lookAtLinger(): void {
    if (this.socket.unsent === 0 || this.#progress.isStuck()) return this.socket.destroy();
    return this.#deadline.set(watchMs(this.#halfClosed, false));
  }
}
