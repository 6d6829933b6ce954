import type { IncomingMessage, ServerResponse } from 'node:http';
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';

import type { Exchange } from '../../exchange/exchange.ts';
import type { HeaderList } from '../../exchange/headers.ts';
import { headerValue } from '../../exchange/headers.ts';
import type { ClientConnection } from './client-connections.ts';
import { endGently } from './client-connections.ts';
import { framedAnswer } from './framing.ts';
import { expectsContinue, hasBody } from './request-head.ts';

/**
 * A client that shut its sending side may still read, or be gone: nobody can tell before bytes are sent to it. It gets
 * this long for the answer to begin (faults F-63), then it counts as gone, as nginx does at once.
 */
const halfCloseGraceMs = 1_000;
/** Longest time in which a client takes not a byte of its answer (threats R-50). */
const writeStallMs = 60_000;

const nothing = Buffer.alloc(0);

/** One request of a client, and the way back to it. */
export class ClientSide {
  readonly request: IncomingMessage;
  readonly connection: ClientConnection;
  readonly expectsContinue: boolean;
  readonly hasBody: boolean;
  /** Bytes of the body have been taken from the client. */
  bodyConsumed = false;
  /** The client's connection ended before the answer was complete. */
  gone = false;
  readonly #response: ServerResponse;
  readonly #mayClose: () => boolean;
  /** Bytes that went out on the connection before this answer. */
  #writtenBefore = 0;
  #headWritten = false;
  /** The end of the body is the end of the connection: HTTP/1.0 without a length. */
  #closeDelimited = false;
  #onGone: (() => void) | undefined = undefined;
  #graceTimer: NodeJS.Timeout | undefined = undefined;

  /** @param mayClose  whether the connection must close after an answer that begins now */
  constructor(
    request: IncomingMessage,
    response: ServerResponse,
    connection: ClientConnection,
    mayClose: () => boolean,
  ) {
    this.request = request;
    this.connection = connection;
    this.#response = response;
    this.#mayClose = mayClose;
    this.hasBody = hasBody(request);
    this.expectsContinue = expectsContinue(request);
    connection.hasUnread = () => this.bodyPending;
    response.sendDate = false;
    const onEnd = (): void => this.#onHalfClose();
    connection.socket.once('end', onEnd);
    response.once('close', () => {
      connection.socket.removeListener('end', onEnd);
      clearTimeout(this.#graceTimer);
      if (!response.writableFinished) this.#leave();
    });
    // A write after the end of the connection is an error event on the response; `close` says the same.
    response.on('error', () => undefined);
    request.on('error', () => undefined);
  }

  get socket(): Socket {
    return this.connection.socket;
  }

  /** The head of an answer is on its way. */
  get committed(): boolean {
    return this.#headWritten;
  }

  /** Bytes of the request's body are still to come. */
  get bodyPending(): boolean {
    return this.hasBody && !this.request.complete;
  }

  /** Bytes that this answer has put on the connection. */
  get bytesWritten(): number {
    return this.#headWritten ? this.socket.bytesWritten - this.#writtenBefore : 0;
  }

  /** One listener at a time; called at once when the client has gone already. */
  onGone(listener: (() => void) | undefined): void {
    this.#onGone = listener;
    if (this.gone) listener?.();
  }

  /** Asks the client to send the body it holds back. */
  sendContinue(): void {
    if (!this.gone && !this.#headWritten) this.#response.writeContinue();
  }

  /**
   * Writes the head with `exchange.status` and `exchange.responseHeaders` in their order and spelling; what belongs to
   * the connection is added here.
   * @param reason  of the upstream's status line, or empty for the usual one
   * @returns false when it cannot be written: a field holds bytes that no field may hold (threats R-28)
   */
  writeHead(exchange: Exchange, reason: string): boolean {
    this.#writtenBefore = this.socket.bytesWritten;
    const headers = this.#framed(exchange);
    try {
      this.#response.writeHead(
        exchange.status,
        reason === '' ? (STATUS_CODES[exchange.status] ?? '') : reason,
        headers,
      );
    } catch {
      return false;
    }
    this.#headWritten = true;
    clearTimeout(this.#graceTimer);
    // An empty Buffer sends the head as it is; Node's flushHeaders would write it as UTF-8.
    if (this.#carriesBody(exchange)) this.#response.write(nothing);
    return true;
  }

  /** @returns false when the client should get time to read: wait for `onDrain` */
  write(chunk: Buffer): boolean {
    const flowing = this.#response.write(chunk);
    // Node measures progress of the pending write, and closes a connection that makes none.
    if (!flowing) this.socket.setTimeout(writeStallMs);
    return flowing;
  }

  onDrain(listener: () => void): void {
    this.#response.on('drain', () => {
      this.socket.setTimeout(0);
      listener();
    });
  }

  /** Ends the answer. @param done  called once when the kernel has all of it, or the client is gone */
  end(body: Buffer | undefined, done: () => void): void {
    let called = false;
    const once = (): void => {
      if (called) return;
      called = true;
      done();
    };
    this.#response.once('finish', once);
    this.#response.once('close', once);
    this.socket.setTimeout(writeStallMs);
    if (body === undefined) this.#response.end();
    else this.#response.end(body);
    if (this.#response.writableFinished || this.gone) once();
  }

  /** Ends the connection so that the client sees an answer that is not complete (faults F-43). */
  truncate(): void {
    const { socket } = this;
    // Without a length, an orderly end would look like a complete answer.
    if (this.#closeDelimited && !this.connection.secure) socket.resetAndDestroy();
    else socket.destroy();
  }

  /**
   * Writes the head of a 101 and leaves HTTP: from here the socket belongs to the tunnel.
   * @param head  undefined when there is none that may be written
   */
  startTunnel(head: string | undefined): boolean {
    if (head === undefined || this.gone || this.socket.destroyed) return false;
    this.#writtenBefore = this.socket.bytesWritten;
    this.#headWritten = true;
    clearTimeout(this.#graceTimer);
    this.#onGone = undefined;
    this.#response.detachSocket(this.socket);
    this.socket.write(head, 'latin1');
    return true;
  }

  /** The connection after an answer that was not the last thing the client wanted: it stops, and unread bytes go. */
  close(): void {
    endGently(this.connection);
  }

  #leave(): void {
    this.gone = true;
    this.#onGone?.();
  }

  #onHalfClose(): void {
    if (this.#headWritten || this.gone) return;
    this.#graceTimer = setTimeout(() => {
      if (!this.#headWritten) this.socket.destroy();
    }, halfCloseGraceMs);
  }

  #carriesBody(exchange: Exchange): boolean {
    return this.request.method !== 'HEAD' && exchange.status !== 204 && exchange.status !== 304;
  }

  /** Source: RFC 9112 section 6.3. */
  #framed(exchange: Exchange): HeaderList {
    const noLength =
      this.#carriesBody(exchange) && headerValue(exchange.responseHeaders, 'content-length') === undefined;
    const chunked = noLength && this.request.httpVersion === '1.1';
    this.#closeDelimited = noLength && !chunked;
    const last = this.#isLast(exchange);
    this.#response.shouldKeepAlive = !last;
    return framedAnswer(exchange, { last, chunked });
  }

  #isLast(exchange: Exchange): boolean {
    // Where the request ended is not certain, so nothing behind it can be read (threats R-20; nginx does the same).
    if (exchange.failure === 'bad-request' || exchange.failure === 'internal') return true;
    if (this.#closeDelimited || this.bodyPending || this.connection.upgraded) return true;
    const wish = this.request.headers.connection?.toLowerCase() ?? '';
    const wantsClose = /(?:^|,)\s*close\s*(?:,|$)/.test(wish);
    const wantsKeep = this.request.httpVersion === '1.1' || /(?:^|,)\s*keep-alive\s*(?:,|$)/.test(wish);
    return wantsClose || !wantsKeep || this.#mayClose();
  }
}
