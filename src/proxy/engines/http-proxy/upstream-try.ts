import type { ClientRequest, IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';

import type { Clock } from '../../../lib/clock.ts';
import type { CoarseTimers } from '../../../lib/coarse-timers.ts';
import type { Exchange } from '../../exchange/exchange.ts';
import { appended } from '../../exchange/exchange.ts';
import type { FailureName } from '../../exchange/failure.ts';
import { failures } from '../../exchange/failure.ts';
import type { OnHead, TryOptions, TryOutcome } from '../../runtime/transport.ts';
import type { EndpointState } from '../../upstreams/endpoint-state.ts';
import type { ClientSide } from './client-side.ts';
import { failureOf } from './failures.ts';
import { startRequest } from './forwarding.ts';
import { framedRequest } from './framing.ts';
import { relayAnswer } from './relay-answer.ts';
import { sendBody } from './send-body.ts';
import { SilenceTimer } from './silence-timer.ts';
import { openTunnel } from './tunnel.ts';
import type { UpstreamAgents } from './upstream-agents.ts';

/** What one try needs. */
export interface TryParts {
  readonly exchange: Exchange;
  readonly endpoint: EndpointState;
  readonly client: ClientSide;
  readonly options: TryOptions;
  readonly onHead: OnHead;
  readonly agents: UpstreamAgents;
  readonly clock: Clock;
  readonly timers: CoarseTimers;
  /** A tunnel opened (+1) or closed (-1). */
  readonly onTunnel: (difference: number) => void;
}

/** Informational answers before the real one; more is an attack or a bug (faults F-48). */
const informationalLimit = 10;
/** Body of an answer that nobody wants: up to this size it is read, so that the connection can be kept. */
const discardLimit = 64 * 1024;

/**
 * One request to one endpoint.
 *
 * ```
 * connecting ──connected──▶ sending ──head──▶ relaying ──▶ settled
 *     └──────────error, timeout, client gone──────┴──────────▲
 * ```
 *
 * Whatever happens first settles it, once; what comes later finds it settled.
 */
export class UpstreamTry {
  readonly #parts: TryParts;
  readonly #startedAt: number;
  readonly #resolve: (outcome: TryOutcome) => void;
  readonly #connectTimer: SilenceTimer;
  readonly #readTimer: SilenceTimer;
  #request: ClientRequest | undefined = undefined;
  #stage: 'connecting' | 'sending' | 'relaying' | 'settled' = 'connecting';
  #informational = 0;

  private constructor(parts: TryParts, resolve: (outcome: TryOutcome) => void) {
    this.#parts = parts;
    this.#resolve = resolve;
    this.#startedAt = parts.clock.now();
    const { connectMs, readMs } = parts.options.timeouts;
    this.#connectTimer = new SilenceTimer(connectMs, () => this.#fail('connect-timeout'));
    this.#readTimer = new SilenceTimer(readMs, () => this.#fail('read-timeout'));
  }

  /** Resolves when the try is over; never rejects. */
  static run(parts: TryParts): Promise<TryOutcome> {
    return new Promise((resolve) => new UpstreamTry(parts, resolve).#start());
  }

  #start(): void {
    const { agents, client, endpoint, exchange, options } = this.#parts;
    client.onGone(() => this.#fail('client-closed'));
    if (this.#stage === 'settled') return;
    this.#connectTimer.touch();
    try {
      this.#request = startRequest(
        {
          endpoint: endpoint.endpoint,
          protocol: options.protocol,
          agent: agents.agentFor(endpoint, options.protocol),
          method: exchange.request.method,
          target: exchange.forwardTarget,
          headers: framedRequest(exchange, client),
        },
        (error) => this.#onError(error),
      );
    } catch {
      // node:http refuses a byte that must not be on the wire (threats R-28).
      return this.#fail('bad-request');
    }
    if (this.#request === undefined) return this.#fail('internal');
    return this.#listen(this.#request);
  }

  #listen(request: ClientRequest): void {
    // What is beyond a limit of Node's own would be hidden; the size of the head bounds the fields.
    request.maxHeadersCount = 0;
    request.on('error', (error) => this.#onError(error));
    request.once('socket', (socket) => this.#onSocket(request, socket));
    request.once('response', (answer) => this.#onAnswer(request, answer));
    request.once('upgrade', (answer, socket, head) => this.#onUpgrade(answer, socket, head));
    request.on('information', () => this.#onInformational());
    request.once('finish', () => {
      // nginx counts the silence of the upstream from the last byte of the request.
      if (this.#stage === 'sending') this.#readTimer.touch();
    });
  }

  #onSocket(request: ClientRequest, socket: Socket): void {
    if (this.#stage === 'settled') return;
    if (request.reusedSocket) return this.#onConnected(request, 0);
    const event = this.#parts.options.protocol === 'https' ? 'secureConnect' : 'connect';
    socket.once(event, () => this.#onConnected(request, this.#parts.clock.now() - this.#startedAt));
  }

  /** From here bytes of the request are sent; before, any method could go to another endpoint. */
  #onConnected(request: ClientRequest, connectMs: number): void {
    if (this.#stage !== 'connecting') return;
    const { client, exchange, options, timers } = this.#parts;
    this.#stage = 'sending';
    this.#connectTimer.stop();
    exchange.connectMs = connectMs;
    if (!client.hasBody) return void request.end();
    return sendBody({
      client,
      exchange,
      request,
      sendMs: options.timeouts.sendMs,
      timers,
      onTimeout: () => this.#fail('send-timeout'),
      onClientSlow: () => this.#fail('client-timeout'),
      limitBytes: options.body.limitBytes,
      onTooLarge: () => this.#fail('body-too-large'),
    });
  }

  #onInformational(): void {
    this.#informational += 1;
    if (this.#informational > informationalLimit) return this.#fail('upstream-invalid');
    return this.#stage === 'sending' ? this.#readTimer.touch() : undefined;
  }

  #onAnswer(request: ClientRequest, answer: IncomingMessage): void {
    answer.on('error', () => undefined);
    if (this.#stage !== 'sending') return void answer.resume();
    const { client, exchange, onHead } = this.#parts;
    this.#stage = 'relaying';
    this.#fillHead(answer);
    if (exchange.upstreamStatus < 200) return this.#fail('upstream-invalid');
    if (onHead(exchange, client.bodyConsumed) === 'discard') return this.#discard(request, answer);
    const reason = exchange.status === answer.statusCode ? (answer.statusMessage ?? '') : '';
    if (!client.writeHead(exchange, reason)) return this.#fail('upstream-invalid');
    this.#readTimer.touch();
    return relayAnswer({
      answer,
      client,
      exchange,
      onRead: () => this.#readTimer.touch(),
      onPause: () => this.#readTimer.stop(),
      onTruncated: () => this.#fail('upstream-reset'),
      onReceived: () => this.#onReceived(request),
      onComplete: () => this.#onComplete(),
    });
  }

  #fillHead(answer: IncomingMessage): void {
    const { clock, exchange } = this.#parts;
    exchange.headerMs = clock.now() - this.#startedAt;
    exchange.upstreamStatus = answer.statusCode ?? 0;
    exchange.status = exchange.upstreamStatus;
    exchange.responseHeaders = [...answer.rawHeaders];
  }

  /** From here the connection may already serve another request: this try must not touch it any more. */
  #onReceived(request: ClientRequest): void {
    this.#readTimer.stop();
    // An answer that came before the end of the request: the connection is not clean (threats R-24).
    if (!request.writableFinished) request.destroy();
    this.#request = undefined;
  }

  /** All of the answer is with the client. */
  #onComplete(): void {
    const { client } = this.#parts;
    this.#settle(undefined);
    if (client.bodyPending) client.close();
  }

  #discard(request: ClientRequest, answer: IncomingMessage): void {
    const length = Number(answer.headers['content-length'] ?? Number.POSITIVE_INFINITY);
    const small = length <= discardLimit && request.writableFinished;
    this.#settle(undefined);
    if (!small) return void request.destroy();
    request.setTimeout(this.#parts.options.timeouts.readMs, () => request.destroy());
    return void answer.resume();
  }

  #onUpgrade(answer: IncomingMessage, socket: Socket, head: Buffer): void {
    socket.on('error', () => undefined);
    const { client, exchange, onHead, onTunnel, options } = this.#parts;
    const asked = client.request.headers.upgrade?.trim().toLowerCase();
    const granted = answer.headers.upgrade?.trim().toLowerCase();
    // Only 101 with the protocol that was asked for opens a tunnel (threats R-25).
    if (this.#stage !== 'sending' || !exchange.request.upgrade || asked === undefined || asked !== granted) {
      socket.destroy();
      return this.#fail('upstream-invalid');
    }
    this.#stage = 'relaying';
    this.#fillHead(answer);
    if (onHead(exchange, client.bodyConsumed) === 'discard') {
      socket.destroy();
      return this.#settle(undefined);
    }
    this.#readTimer.stop();
    onTunnel(1);
    return openTunnel({ client, exchange, upstream: socket, head, idleMs: options.timeouts.readMs }, (failure) => {
      onTunnel(-1);
      this.#settle(failure);
    });
  }

  #onError(error: unknown): void {
    if (this.#stage === 'settled') return;
    this.#fail(failureOf(error, this.#stage === 'connecting' ? 'connecting' : 'sending'));
  }

  #fail(failure: FailureName): void {
    if (this.#stage === 'settled') return;
    const { client } = this.#parts;
    this.#settle(failure);
    this.#request?.destroy();
    // A head without the rest: the client must see that the answer is not complete.
    if (client.committed) client.truncate();
  }

  #settle(failure: FailureName | undefined): void {
    if (this.#stage === 'settled') return;
    this.#stage = 'settled';
    this.#connectTimer.stop();
    this.#readTimer.stop();
    const { client, clock, endpoint, exchange } = this.#parts;
    client.onGone(undefined);
    exchange.upstreamMs = clock.now() - this.#startedAt;
    exchange.bytesSent = client.bytesWritten;
    const noAnswer = failure === undefined || failure === 'client-closed' ? 0 : failures[failure].status;
    exchange.tries = appended(exchange.tries, {
      endpoint: endpoint.endpoint.id,
      status: exchange.upstreamStatus === 0 ? noAnswer : exchange.upstreamStatus,
      bytes: exchange.upstreamBytes,
      durationMs: exchange.upstreamMs,
    });
    const reached = { committed: client.committed, bodyConsumed: client.bodyConsumed };
    this.#resolve(failure === undefined ? reached : { ...reached, failure });
  }
}
