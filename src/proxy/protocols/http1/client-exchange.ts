import type { Exchange } from '../../exchange/exchange.ts';
import type { FailureName } from '../../exchange/failure.ts';
import type { BodyKind } from './body-reader.ts';
import { chunkHead, lastChunk } from './chunked.ts';
import type { ClientConnection } from './client-connection.ts';
import type { WrittenFraming } from './heads.ts';
import { asListed, chunked, close, forbidden, responseHead } from './heads.ts';
import type { RequestBody } from './request-body.ts';
import type { ParsedRequest } from './request-parser.ts';

/** What happens on the client's side while an answer is on its way to it. */
export interface ClientListener {
  /** The client left, was too slow, or broke its body. */
  onClientGone(failure: FailureName): void;
  /** It has read what was too much. */
  onClientDrain(): void;
}

/** Bytes of a body up to this size are copied behind the head: one write costs more than the copy. */
const copyLimit = 8192;
const textLimit = 32 * 1024;

/** One request of a client, and the way back to it. */
export class ClientExchange {
  readonly connection: ClientConnection;
  readonly request: ParsedRequest;
  readonly body: RequestBody | undefined;
  /** Turn of the event loop in which the request came, for `UpstreamConnection.begin`; -1 when that says nothing. */
  readonly turn: number;
  /** The head of an answer is written. */
  committed = false;
  /** The client gets nothing any more. */
  gone = false;
  /** Why `gone`; what is wrong with the body, which can still be answered. */
  failure: FailureName | undefined = undefined;
  listener: ClientListener | undefined = undefined;
  /** It waits for an endpoint. Nobody takes the body: a client that does not send it is not slow. */
  waits = false;
  /** Bytes that went out, heads and framing included. */
  bytesSent = 0;
  #chunked = false;
  #closeDelimited = false;
  #withoutBody = false;
  #last = false;
  #ended = false;
  /** What is written next, in latin1. */
  #text = '';
  #corked = false;
  #flowing = true;

  constructor(connection: ClientConnection, request: ParsedRequest, body: RequestBody | undefined, turn: number) {
    this.connection = connection;
    this.request = request;
    this.body = body;
    this.turn = turn;
  }

  /** Bytes of the request's body are still to come. */
  get bodyPending(): boolean {
    return this.body !== undefined && !this.body.complete;
  }

  /** More of the body has come. */
  bodyBytes(bytes: Buffer): void {
    this.body?.push(bytes);
    if (this.body?.tooLarge === true) this.leave('body-too-large');
  }

  /** Asks the client to send the body it holds back. Source: RFC 9110 section 10.1.1. */
  sendContinue(): void {
    if (!this.gone && !this.committed) this.connection.socket.writeText('HTTP/1.1 100 Continue\r\n\r\n');
  }

  /**
   * Begins the answer with `exchange.status` and `exchange.responseHeaders`. Nothing is written before `flush`.
   * @param reason  of the upstream's status line, or empty for the usual one
   * @param length  bytes of a body with a length
   * @returns false when the head holds what may not be written (threats R-28)
   */
  begin(exchange: Exchange, reason: string, body: BodyKind, length: number): boolean {
    const framing = this.#framingOf(exchange.status, body, length);
    this.#closeDelimited = framing.kind === 'close';
    this.#last =
      this.#closeDelimited || !this.request.keepAlive || this.bodyPending || this.request.upgrade || this.#mustClose();
    const word = this.#last ? 'close' : 'keep-alive';
    const head = responseHead(exchange.status, reason, exchange.responseHeaders, framing, word);
    if (head === undefined) return false;
    this.committed = true;
    this.#text += head;
    return true;
  }

  /** More of the body: bytes [from, to) of `chunk`. @param shared  they are valid during the call only */
  bytes(chunk: Buffer, from: number, to: number, shared: boolean): void {
    const size = to - from;
    if (size === 0 || this.#withoutBody || this.gone) return;
    if (this.#chunked) this.#text += chunkHead(size);
    if (size <= copyLimit && this.#text.length <= textLimit) this.#text += chunk.toString('latin1', from, to);
    else this.#write(shared ? Buffer.from(chunk.subarray(from, to)) : chunk.subarray(from, to));
    if (this.#chunked) this.#text += '\r\n';
  }

  /** Ends the answer; the connection goes on with the next request, or closes. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    if (this.#chunked) this.#text += lastChunk;
    this.flush();
    if (!this.gone) this.connection.answered(this, this.#last);
  }

  /** Writes what has gathered. @returns false when the client should get time to read: wait for `onClientDrain` */
  flush(): boolean {
    const { socket } = this.connection;
    if (this.#text !== '') {
      const text = this.#text;
      this.#text = '';
      this.bytesSent += text.length;
      if (!this.gone) this.#flowing = socket.writeText(text);
    }
    if (this.#corked) {
      this.#corked = false;
      socket.uncork();
      this.#flowing = !socket.writableNeedDrain;
    }
    return this.#flowing || this.gone;
  }

  /** Ends the connection so that the client sees an answer that is not complete (faults F-43). */
  truncate(): void {
    const { socket } = this.connection;
    if (this.#corked) socket.uncork();
    // Without a length, an orderly end would look like a complete answer.
    if (this.#closeDelimited && !this.connection.secure) socket.resetAndDestroy();
    else socket.destroy();
  }

  /** Writes the head of a 101: from here the connection belongs to a tunnel. */
  beginTunnel(exchange: Exchange): boolean {
    const head = responseHead(exchange.status, '', exchange.responseHeaders, forbidden, undefined);
    if (head === undefined || this.gone) return false;
    this.committed = true;
    this.listener = undefined;
    this.bytesSent += head.length;
    this.connection.socket.writeText(head);
    return true;
  }

  /** It waits for an endpoint as long as there is a listener, which hears when the client leaves, also when it has. */
  wait(listener: ClientListener | undefined): void {
    this.waits = listener !== undefined;
    this.listener = listener;
    if (listener === undefined) return;
    if (this.failure === undefined) this.connection.watchClosely();
    else listener.onClientGone(this.failure);
  }

  /** The connection ended, or its client is not worth waiting for. */
  leave(failure: FailureName): void {
    if (this.gone) return;
    this.gone = failure === 'client-closed';
    this.failure = failure;
    this.listener?.onClientGone(failure);
  }

  drained(): void {
    this.#flowing = true;
    this.listener?.onClientDrain();
  }

  #write(bytes: Buffer): void {
    const { socket } = this.connection;
    if (!this.#corked) {
      this.#corked = true;
      socket.cork();
    }
    if (this.#text !== '') {
      this.bytesSent += this.#text.length;
      socket.writeText(this.#text);
      this.#text = '';
    }
    this.bytesSent += bytes.length;
    socket.write(bytes);
  }

  /** Source: RFC 9112 section 6.3. */
  #framingOf(status: number, body: BodyKind, length: number): WrittenFraming {
    if (status < 200 || status === 204) {
      this.#withoutBody = true;
      return forbidden;
    }
    if (status === 304 || this.request.method === 'HEAD') {
      this.#withoutBody = true;
      return asListed;
    }
    if (body === 'none') return { kind: 'length', length: 0 };
    if (body === 'length') return { kind: 'length', length };
    this.#chunked = this.request.httpVersion === '1.1';
    return this.#chunked ? chunked : close;
  }

  #mustClose(): boolean {
    return this.failure !== undefined || this.connection.mustClose();
  }
}
