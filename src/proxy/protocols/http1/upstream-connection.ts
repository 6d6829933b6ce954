import type { ByteSocket, SocketOwner } from '../../../lib/byte-socket.ts';
import { nobody } from '../../../lib/byte-socket.ts';
import type { CoarseTimers, Deadline } from '../../../lib/coarse-timers.ts';
import { currentTurn, eventBegins } from '../../../lib/event-clock.ts';
import { connectFailure } from '../../exchange/connect-failure.ts';
import type { FailureName } from '../../exchange/failure.ts';
import { BodyReader } from './body-reader.ts';
import type { ParsedResponse } from './response-parser.ts';
import { ResponseParser } from './response-parser.ts';

/** Whoever uses a connection now. Nothing is called after `onFailure`, `onComplete`, or after it let go. */
export interface UpstreamListener {
  onConnect(): void;
  /** Every head, informational ones included. @returns false to be left alone: the connection was given away or closed */
  onHead(response: ParsedResponse): boolean;
  /**
   * Part of the body: bytes [from, to) of `chunk`.
   * @param shared  they are valid during the call only
   * @param text  the same in latin1 when that is known, else empty
   */
  onBytes(chunk: Buffer, from: number, to: number, shared: boolean, text: string): void;
  /** All of the answer has come. */
  onComplete(): void;
  /** All bytes of one read were handed on: the moment to write. */
  onReadEnd(): void;
  /** The upstream has read what was too much. */
  onDrain(): void;
  /** The connection is of no use any more; it is closed already. */
  onFailure(failure: FailureName): void;
  onDue(): void;
}

/** Hears what becomes of a socket that is on its way to an endpoint: one of the two, or `onClose` of the socket. */
export interface DialOwner extends SocketOwner {
  /** @param socket  the one to use from now on */
  onConnected(socket: ByteSocket): void;
  /** @param code  of the system, such as ECONNREFUSED, or empty */
  onConnectFailed(code: string): void;
}

/** Where a connection goes when it is clean, and what it shares with others. */
export interface UpstreamHome {
  readonly timers: CoarseTimers;
  /** @returns false when it is not wanted */
  keep(connection: UpstreamConnection, hintMs: number): boolean;
  onClosed(connection: UpstreamConnection): void;
}

/**
 * One connection to an endpoint: one request at a time, and only clean ones are used again (threats R-27).
 *
 * ```
 * connecting ──▶ busy ⇄ idle
 *      └──────────┴──────┴──▶ closed
 * ```
 */
export class UpstreamConnection implements DialOwner {
  /** Another one once it is connected. */
  socket: ByteSocket;
  readonly deadline: Deadline;
  /** Requests that were sent on it before this one. */
  served = 0;
  /** The turn of the event loop in which the request was written. */
  writtenIn = -1;
  /** What came behind the head of a 101. */
  tunnelBytes: Buffer | undefined = undefined;
  readonly #home: UpstreamHome;
  readonly #parser: ResponseParser = new ResponseParser();
  readonly #reader: BodyReader = new BodyReader();
  #state: 'connecting' | 'busy' | 'idle' | 'closed' = 'connecting';
  #listener: UpstreamListener | undefined;
  #method = '';
  #response: ParsedResponse | undefined = undefined;
  #dirty = false;
  #bytesSeen = false;
  /** The bytes that are read now are valid during the call only. */
  #shared = false;
  /** Bytes of this read, from `#textAt` on, that are text already. */
  #text = '';
  #textAt = 0;

  /** @param dial  opens a socket, and tells its owner later */
  constructor(dial: (owner: DialOwner) => ByteSocket, home: UpstreamHome, listener: UpstreamListener) {
    this.#home = home;
    this.#listener = listener;
    this.deadline = home.timers.deadline(() => this.#onDue());
    this.socket = dial(this);
  }

  get idle(): boolean {
    return this.#state === 'idle';
  }

  /** Takes an idle connection into use. */
  take(listener: UpstreamListener): void {
    this.#state = 'busy';
    this.#listener = listener;
  }

  /** A request is about to be written. @param turn  of the event loop, or -1 when that says nothing */
  begin(method: string, turn: number): void {
    this.#method = method;
    this.#parser.reset();
    this.#response = undefined;
    this.#bytesSeen = false;
    this.writtenIn = turn;
  }

  /** The answer is complete and the request all sent: kept, or closed when something is not clean. */
  release(): void {
    const response = this.#response;
    this.#listener = undefined;
    this.served += 1;
    const clean = response !== undefined && response.keepAlive && !this.#dirty && this.#reader.complete;
    if (!clean || this.#state !== 'busy' || this.socket.unsent > 0 || this.socket.writableEnded) {
      return this.close();
    }
    this.#state = 'idle';
    this.socket.expectHead();
    if (!this.#home.keep(this, response.keepAliveHintMs)) this.close();
    else this.socket.resume();
  }

  close(): void {
    this.#listener = undefined;
    this.#state = 'closed';
    this.deadline.stop();
    this.socket.destroy();
  }

  /** Gives the socket away, for a tunnel, which passes `onClose` on. It is never kept (threats R-26). */
  detach(): void {
    this.#listener = undefined;
    this.#state = 'closed';
    this.deadline.stop();
    this.socket.owner = nobody;
  }

  onInput(chunk: Buffer, from: number, to: number, shared: boolean): void {
    eventBegins();
    if (this.#state !== 'busy' || this.#listener === undefined) {
      // Bytes that nobody asked for: whoever reads them next would take them for an answer.
      if (this.#state === 'idle') this.close();
      return;
    }
    if (!this.#bytesSeen) {
      this.#bytesSeen = true;
      // What comes in the turn in which the request was written came before the request: the kernel said so before we
      // wrote. It is the rest of somebody else's answer, or poison (threats R-27).
      if (this.writtenIn !== -1 && this.writtenIn === currentTurn()) return this.#fail('upstream-reset');
    }
    this.#shared = shared;
    this.#read(this.#listener, chunk, from, to);
  }

  #read(listener: UpstreamListener, chunk: Buffer, from: number, to: number): void {
    let at = from;
    this.#text = '';
    while (at < to) {
      if (this.#response === undefined) {
        at = this.#parser.feed(chunk, at, to, this.#method);
        if (this.#parser.problem !== '') return this.#fail('upstream-invalid');
        if (this.#parser.response === undefined) break;
        const head = this.#parser.response;
        this.#text = this.#parser.takeRest();
        this.#textAt = at;
        if (head.status === 101 && at < to) this.tunnelBytes = Buffer.from(chunk.subarray(at, to));
        if (!this.#onHead(listener, head)) return;
      } else if (this.#reader.complete) {
        this.#dirty = true;
        break;
      } else {
        at = this.#reader.feed(chunk, at, to, this.#onBytes);
        if (this.#reader.problem !== '') return this.#fail('upstream-invalid');
      }
    }
    this.#text = '';
    if (this.#response !== undefined && this.#reader.complete) return listener.onComplete();
    // More than fits into one read is to come: no copies of it.
    if (this.#response !== undefined) this.socket.expectMore(to - from);
    return listener.onReadEnd();
  }

  /** Returns false when reading must stop. */
  #onHead(listener: UpstreamListener, response: ParsedResponse): boolean {
    this.#parser.reset();
    if (response.status < 200) return listener.onHead(response);
    this.#response = response;
    this.#reader.begin(response.body, response.bodyLength);
    return listener.onHead(response);
  }

  readonly #onBytes = (chunk: Buffer, from: number, to: number): void => {
    const end = to - this.#textAt;
    const text = end <= this.#text.length ? this.#text.slice(from - this.#textAt, end) : '';
    this.#listener?.onBytes(chunk, from, to, this.#shared, text);
  };

  onConnected(socket: ByteSocket): void {
    if (this.#state !== 'connecting') return socket.destroy();
    eventBegins();
    this.socket = socket;
    socket.owner = this;
    this.#state = 'busy';
    this.#listener?.onConnect();
  }

  onEnd(): void {
    const listener = this.#listener;
    if (listener !== undefined && this.#response !== undefined && this.#reader.endsWithConnection) {
      this.#dirty = true;
      return listener.onComplete();
    }
    return this.#fail(this.#state === 'connecting' ? 'connect-failed' : 'upstream-reset');
  }

  onDrain(): void {
    this.#listener?.onDrain();
  }

  onConnectFailed(code: string): void {
    this.#fail(this.#state === 'connecting' ? connectFailure(code) : 'upstream-reset');
  }

  onClose(): void {
    this.#fail(this.#state === 'connecting' ? 'connect-failed' : 'upstream-reset');
    this.#home.onClosed(this);
  }

  #fail(failure: FailureName): void {
    const listener = this.#listener;
    this.close();
    listener?.onFailure(failure);
  }

  #onDue(): void {
    if (this.#state === 'idle') this.close();
    else this.#listener?.onDue();
  }
}
