import { currentTurn } from '../../../lib/event-clock.ts';
import type { UpstreamTimeouts } from '../../../model/policy.ts';
import type { Exchange } from '../../exchange/exchange.ts';
import { appended } from '../../exchange/exchange.ts';
import type { FailureName } from '../../exchange/failure.ts';
import { failures } from '../../exchange/failure.ts';
import { chunkHead, lastChunk } from '../../protocols/http1/chunked.ts';
import type { ClientExchange, ClientListener } from '../../protocols/http1/client-exchange.ts';
import type { WrittenFraming } from '../../protocols/http1/heads.ts';
import { chunked, empty, requestHead } from '../../protocols/http1/heads.ts';
import type { RequestBody, RequestBodySink } from '../../protocols/http1/request-body.ts';
import type { ParsedResponse } from '../../protocols/http1/response-parser.ts';
import type { UpstreamConnection, UpstreamListener } from '../../protocols/http1/upstream-connection.ts';
import type { OnHead, TryOptions, TryOutcome } from '../../runtime/transport.ts';
import type { EndpointState } from '../../upstreams/endpoint-state.ts';
import type { TransportParts } from './native-transport.ts';
import { openTunnel } from './tunnel.ts';

/** Informational answers before the real one; more is an attack or a bug (faults F-48). */
const informationalLimit = 10;
/** A body up to this size is copied behind the head: one write costs more than the copy. */
const copyLimit = 8192;

/**
 * One request to one endpoint, and the answer on its way back.
 *
 * ```
 * connecting ──connected──▶ sending ──head──▶ relaying ──▶ settled
 *     └──────────error, timeout, client gone──────┴──────────▲
 * ```
 *
 * Whatever happens first settles it, once; what comes later finds it settled.
 */
export class Relay implements UpstreamListener, ClientListener, RequestBodySink {
  readonly #client: ClientExchange;
  readonly #exchange: Exchange;
  readonly #parts: TransportParts;
  readonly #onHead: OnHead;
  readonly #resolve: (outcome: TryOutcome) => void;
  readonly #startedAt: number;
  #endpoint: EndpointState | undefined = undefined;
  #timeouts: UpstreamTimeouts | undefined = undefined;
  #connection: UpstreamConnection | undefined = undefined;
  #stage: 'connecting' | 'sending' | 'relaying' | 'settled' = 'connecting';
  #informational = 0;
  /** The request, body included, is handed to the upstream's socket. */
  #sent = false;
  /** The upstream takes no more of the body for now. */
  #blocked = false;
  /** The client takes no more of the answer for now. */
  #waiting = false;

  constructor(
    client: ClientExchange,
    exchange: Exchange,
    parts: TransportParts,
    onHead: OnHead,
    resolve: (outcome: TryOutcome) => void,
  ) {
    this.#client = client;
    this.#exchange = exchange;
    this.#parts = parts;
    this.#onHead = onHead;
    this.#resolve = resolve;
    this.#startedAt = parts.clock.now();
  }

  start(options: TryOptions): void {
    const { endpoint } = this.#exchange;
    const client = this.#client;
    this.#endpoint = endpoint;
    this.#timeouts = options.timeouts;
    if (endpoint === undefined) return this.#settle('no-endpoint');
    client.body?.limit(options.body.limitBytes, options.body.replayBytes);
    if (client.body?.tooLarge === true) client.leave('body-too-large');
    if (client.failure !== undefined) return this.#settle(client.failure);
    if (this.#exchange.bodyCopy !== undefined) client.body?.copyTo(this.#exchange.bodyCopy);
    client.listener = this;
    const { pools } = this.#parts;
    const kept = pools.take(endpoint, options.protocol, this);
    if (kept !== undefined) {
      this.#connection = kept;
      return this.#send(kept, 0);
    }
    this.#connection = pools.open(endpoint, options.protocol, this);
    return this.#connection.deadline.set(options.timeouts.connectMs);
  }

  onConnect(): void {
    if (this.#connection !== undefined) this.#send(this.#connection, this.#parts.clock.now() - this.#startedAt);
  }

  onHead(response: ParsedResponse): boolean {
    if (response.status < 200) return this.#onInformational(response);
    const exchange = this.#exchange;
    const client = this.#client;
    this.#stage = 'relaying';
    this.#fillHead(response);
    const verdict = this.#onHead(exchange, client.body?.consumed ?? false);
    if (verdict === 'discard') {
      this.#discard();
      return false;
    }
    client.body?.stopKeeping();
    const reason = exchange.status === response.status ? response.reason : '';
    if (!client.begin(exchange, reason, response.body, response.bodyLength)) {
      this.#fail('upstream-invalid');
      return false;
    }
    // The deadline is set when all of this read is handed on.
    return true;
  }

  onBytes(chunk: Buffer, from: number, to: number, shared: boolean, text: string): void {
    const exchange = this.#exchange;
    exchange.upstreamBytes += to - from;
    exchange.bodyBytesSent += to - from;
    this.#client.bytes(chunk, from, to, shared, text);
  }

  onReadEnd(): void {
    if (this.#stage !== 'relaying') return;
    if (this.#timeouts !== undefined) this.#connection?.deadline.set(this.#timeouts.readMs);
    const flowing = this.#client.flush();
    if (this.#client.allWritten) this.#connection?.socket.reuse();
    if (flowing) return;
    this.#waiting = true;
    this.#connection?.socket.pause();
  }

  onComplete(): void {
    const client = this.#client;
    const connection = this.#connection;
    this.#connection = undefined;
    client.listener = undefined;
    client.writeEnd();
    if (client.allWritten) connection?.socket.reuse();
    if (this.#sent) connection?.release();
    // An answer that came before the end of the request: the connection is not clean (threats R-24).
    else connection?.close();
    if (client.bodyPending) client.body?.discard();
    client.end();
    this.#settle(undefined);
  }

  onDrain(): void {
    this.#blocked = false;
    if (this.#stage === 'settled') return;
    this.#setDeadline();
    this.#client.body?.resume();
  }

  onFailure(failure: FailureName): void {
    this.#connection = undefined;
    this.#fail(failure);
  }

  onDue(): void {
    const timeouts = this.#timeouts;
    if (this.#stage === 'settled' || timeouts === undefined) return;
    if (this.#stage === 'connecting') return this.#fail('connect-timeout');
    // The client is slow, not the upstream; its own connection watches it.
    if (this.#waiting || (!this.#sent && !this.#blocked)) return this.#setDeadline();
    const stuck = this.#blocked || (this.#connection?.socket.unsent ?? 0) > 0;
    return this.#fail(this.#stage === 'sending' && stuck ? 'send-timeout' : 'read-timeout');
  }

  onClientGone(failure: FailureName): void {
    this.#fail(failure);
  }

  onClientDrain(): void {
    if (!this.#waiting) return;
    this.#waiting = false;
    this.#setDeadline();
    this.#connection?.socket.resume();
  }

  bodyBytes(bytes: Buffer): boolean {
    const socket = this.#connection?.socket;
    if (socket === undefined) return true;
    if (this.#client.body?.chunked === true) {
      socket.cork();
      socket.writeText(chunkHead(bytes.length));
      socket.write(bytes);
      socket.writeText('\r\n');
      socket.uncork();
    } else socket.write(bytes);
    if (!socket.writableNeedDrain) return true;
    if (!this.#blocked) {
      this.#blocked = true;
      this.#setDeadline();
    }
    return false;
  }

  bodyEnd(): void {
    const socket = this.#connection?.socket;
    if (this.#client.body?.chunked === true) socket?.writeText(lastChunk);
    this.#sent = true;
    this.#blocked = socket?.writableNeedDrain === true;
    this.#setDeadline();
  }

  /** From here bytes of the request are sent; before, any method could go to another endpoint. */
  #send(connection: UpstreamConnection, connectMs: number): void {
    const exchange = this.#exchange;
    const client = this.#client;
    const { body } = client;
    this.#stage = 'sending';
    exchange.connectMs = connectMs;
    const { method } = exchange.request;
    const head = requestHead(method, exchange.forwardTarget, exchange.forwardHeaders, framingOf(body));
    if (head === undefined) return this.#fail('bad-request');
    connection.begin(method, client.turn === currentTurn() ? client.turn : -1);
    if (body === undefined) {
      this.#sent = true;
      connection.socket.writeText(head);
      return this.#setDeadline();
    }
    const { whole } = body;
    if (whole !== undefined && whole.length <= copyLimit && !body.chunked) {
      this.#sent = true;
      connection.socket.writeText(head + whole.toString('latin1'));
      body.handedOn();
      return this.#setDeadline();
    }
    if (client.request.expectsContinue && body.received === 0) client.sendContinue();
    connection.socket.cork();
    connection.socket.writeText(head);
    body.attach(this);
    connection.socket.uncork();
    return this.#setDeadline();
  }

  #setDeadline(): void {
    const timeouts = this.#timeouts;
    if (timeouts === undefined) return;
    this.#connection?.deadline.set(this.#blocked ? timeouts.sendMs : timeouts.readMs);
  }

  #onInformational(response: ParsedResponse): boolean {
    if (response.status === 101) return this.#onSwitch(response);
    this.#informational += 1;
    if (this.#informational > informationalLimit) {
      this.#fail('upstream-invalid');
      return false;
    }
    return true;
  }

  /** Only 101 with the protocol that was asked for opens a tunnel (threats R-25). */
  #onSwitch(response: ParsedResponse): boolean {
    const connection = this.#connection;
    const client = this.#client;
    const exchange = this.#exchange;
    if (!client.request.upgrade || response.upgrade !== 'websocket' || connection === undefined) {
      this.#fail('upstream-invalid');
      return false;
    }
    this.#stage = 'relaying';
    this.#fillHead(response);
    if (this.#onHead(exchange, false) === 'discard') {
      this.#discard();
      return false;
    }
    client.listener = undefined;
    this.#connection = undefined;
    connection.detach();
    if (!client.beginTunnel(exchange)) {
      connection.close();
      client.truncate();
      this.#settle('upstream-invalid');
      return false;
    }
    const { onTunnel, timers } = this.#parts;
    const idleMs = this.#timeouts?.readMs ?? 0;
    onTunnel(1);
    openTunnel({ client, connection, exchange, timers, idleMs }, (failure) => {
      onTunnel(-1);
      this.#settle(failure);
    });
    return false;
  }

  #fillHead(response: ParsedResponse): void {
    const exchange = this.#exchange;
    exchange.headerMs = this.#parts.clock.now() - this.#startedAt;
    exchange.upstreamStatus = response.status;
    exchange.status = response.status;
    exchange.responseHeaders = response.headers;
  }

  /** Another try follows: the rest of this answer is not worth waiting for. */
  #discard(): void {
    const connection = this.#connection;
    this.#connection = undefined;
    this.#client.body?.detach();
    connection?.close();
    this.#settle(undefined);
  }

  #fail(failure: FailureName): void {
    if (this.#stage === 'settled') return;
    const client = this.#client;
    const connection = this.#connection;
    this.#connection = undefined;
    client.listener = undefined;
    client.body?.detach();
    connection?.close();
    this.#settle(failure);
    // A head without the rest: the client must see that the answer is not complete.
    if (client.committed) client.truncate();
  }

  #settle(failure: FailureName | undefined): void {
    if (this.#stage === 'settled') return;
    this.#stage = 'settled';
    const client = this.#client;
    const exchange = this.#exchange;
    client.listener = undefined;
    exchange.upstreamMs = this.#parts.clock.now() - this.#startedAt;
    exchange.bytesSent = client.bytesSent;
    exchange.bytesReceived = client.request.headBytes + (client.body?.received ?? 0);
    const noAnswer = failure === undefined ? 0 : failures[failure].status;
    exchange.tries = appended(exchange.tries, {
      endpoint: this.#endpoint?.endpoint.id ?? '',
      status: exchange.upstreamStatus === 0 ? noAnswer : exchange.upstreamStatus,
      bytes: exchange.upstreamBytes,
      durationMs: exchange.upstreamMs,
    });
    const { committed } = client;
    const bodyConsumed = client.body?.consumed ?? false;
    this.#resolve(failure === undefined ? { committed, bodyConsumed } : { failure, committed, bodyConsumed });
  }
}

function framingOf(body: RequestBody | undefined): WrittenFraming {
  if (body === undefined) return empty;
  return body.chunked ? chunked : { kind: 'length', length: body.length };
}
