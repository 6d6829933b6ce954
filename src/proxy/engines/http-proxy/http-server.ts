import type { IncomingMessage, Server } from 'node:http';
import { createServer, ServerResponse } from 'node:http';
import { Socket } from 'node:net';

import { Exchange } from '../../exchange/exchange.ts';
import type { AcceptedConnection } from '../../listeners/accepted-connection.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import { serveExchange } from '../../runtime/serve-exchange.ts';
import type { ClientConnection, ClientConnections } from './client-connections.ts';
import { endGently } from './client-connections.ts';
import { onClientError } from './client-error.ts';
import { ClientSide } from './client-side.ts';
import type { TransportParts } from './http-proxy-transport.ts';
import { HttpProxyTransport } from './http-proxy-transport.ts';
import { refuse } from './refuse.ts';
import { asksForUpgrade, headBytes, refusalOf, requestHeadOf } from './request-head.ts';

/** Largest head of a request. Source: ingress-nginx `large-client-header-buffers`, 4 times 8 KiB. */
const requestHeadLimit = 32 * 1024;
/** From the first byte of a head to its end, absolute (threats R-50). */
const headTimeoutMs = 10_000;
const headCheckMs = 500;

export interface HttpServerParts {
  readonly runtime: Runtime;
  readonly connections: ClientConnections;
  readonly transport: TransportParts;
  readonly onRequest: () => void;
}

/**
 * The client's side: node:http parses, one exchange per request. It does not listen itself; connections come from the
 * listeners, after TLS.
 */
export class HttpServer {
  readonly #parts: HttpServerParts;
  readonly #server: Server;
  readonly #bySocket = new WeakMap<Socket, ClientConnection>();

  constructor(parts: HttpServerParts) {
    this.#parts = parts;
    this.#server = createServer({
      maxHeaderSize: requestHeadLimit,
      headersTimeout: headTimeoutMs,
      connectionsCheckingInterval: headCheckMs,
      // A body may take as long as it flows; each side has its own timers.
      requestTimeout: 0,
      insecureHTTPParser: false,
      // Judged with the rest of the head, and answered with our page.
      requireHostHeader: false,
      keepAliveTimeoutBuffer: 0,
      shouldUpgradeCallback: asksForUpgrade,
    });
    const server = this.#server;
    // node:http would hide what is beyond its limit (threats R-21); ours is `refusalOf`.
    server.maxHeadersCount = 0;
    // A client may shut its sending side and still wait for the answer (faults F-63).
    Reflect.set(server, 'httpAllowHalfOpen', true);
    const onRequest = (request: IncomingMessage, response: ServerResponse): void => this.#serve(request, response);
    server.on('request', onRequest);
    // The body is asked for when an upstream is connected.
    server.on('checkContinue', onRequest);
    // RFC 9110 section 10.1.1 allows to ignore what we do not know; nginx does.
    server.on('checkExpectation', onRequest);
    server.on('upgrade', (request: IncomingMessage, socket, head) => this.#serveUpgrade(request, socket, head));
    server.on('connect', (request: IncomingMessage, socket, head) => this.#serveUpgrade(request, socket, head));
    server.on('clientError', (error, socket) => this.#onClientError(error, socket));
    // node:http watches the time of heads from this event on.
    server.emit('listening');
  }

  set keepAliveMs(ms: number) {
    this.#server.keepAliveTimeout = ms;
  }

  accept(accepted: AcceptedConnection): void {
    const connection = this.#parts.connections.add(accepted);
    this.#bySocket.set(accepted.socket, connection);
    this.#server.emit('connection', accepted.socket);
  }

  /** Stops the timer that watches heads. */
  close(): void {
    // It never listened, so there is nothing else to close, which the callback would report as an error.
    this.#server.close(() => undefined);
  }

  #serve(request: IncomingMessage, response: ServerResponse): void {
    const connection = this.#bySocket.get(request.socket);
    if (connection === undefined) return void request.socket.destroy();
    const { connections, onRequest, runtime, transport } = this.#parts;
    onRequest();
    connection.requests += 1;
    connection.inFlight += 1;
    const exchange = new Exchange(requestHeadOf(request, connection), runtime.parts.clock.now());
    exchange.bytesReceived = headBytes(request);
    const refusal = refusalOf(request, connection);
    const mustClose = (): boolean =>
      refusal !== undefined ||
      connection.requests >= runtime.snapshot.options.keepAliveRequests ||
      connections.closesNow();
    const way = new HttpProxyTransport(new ClientSide(request, response, connection, mustClose), transport);
    const served =
      refusal === undefined ? serveExchange(exchange, way, runtime) : refuse(exchange, way, runtime, refusal);
    void served.finally(() => {
      connection.inFlight -= 1;
      // Whatever happened, nobody waits for an answer that will never come.
      if (!response.writableEnded) connection.socket.destroy();
    });
  }

  /** The socket has left node:http: an answer that is not a tunnel is the last thing on it. */
  #serveUpgrade(request: IncomingMessage, stream: unknown, head: Buffer): void {
    const socket = request.socket;
    const connection = this.#bySocket.get(socket);
    if (connection === undefined || stream !== socket) return void socket.destroy();
    connection.upgraded = true;
    // Held until the upstream says 101 (threats R-25).
    if (head.length > 0) socket.unshift(head);
    const response = new ServerResponse(request);
    response.assignSocket(socket);
    const onDrain = (): boolean => response.emit('drain');
    socket.on('drain', onDrain);
    response.once('finish', () => {
      socket.removeListener('drain', onDrain);
      response.detachSocket(socket);
      endGently(connection);
    });
    this.#serve(request, response);
  }

  #onClientError(error: unknown, stream: { destroy(): unknown }): void {
    const connection = stream instanceof Socket ? this.#bySocket.get(stream) : undefined;
    if (connection === undefined) return void stream.destroy();
    onClientError(error, connection, this.#parts.runtime);
  }
}
