import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Server as NetServer, Socket } from 'node:net';

import type { Clock } from '../../lib/clock.ts';
import type { Logger } from '../../lib/logger.ts';
import { Answers } from './answers.ts';
import { Collector } from './collector.ts';
import type { CollectedSamples } from './collector.ts';
import type { InFlight } from './in-flight.ts';
import { inFlightOf } from './in-flight.ts';
import { metricsText } from './metrics-text.ts';
import type { AdminAnswer, PageContext } from './page.ts';
import { textAnswer } from './page.ts';
import { Shared } from './shared.ts';
import { adminPages } from './table.ts';
import type { AdminView } from './view.ts';

/** Handle of the admin listener as `process.on('message')` delivers it, or where to listen (tests). */
export type AdminListenTarget = Parameters<NetServer['listen']>[0];

/** The admin listener: probes, metrics, admin page. Reads only. */
export interface Admin {
  /** @returns the port, or 0 when the socket has none */
  listen(target: AdminListenTarget): Promise<number>;
  /** Takes what a data worker counted: `ToControl` of kind `collected`. */
  collected(samples: CollectedSamples): void;
  /** Ends all connections. */
  close(): Promise<void>;
}

export interface AdminOptions {
  readonly view: AdminView;
  readonly clock: Clock;
  readonly log: Pick<Logger, 'info' | 'warn'>;
}

const mostConnections = 64;
/** An answer that nobody reads is dropped after this time. */
const answerMs = 30_000;
/** The admin page asks the data workers no more often (fault F-78). */
const shareMs = 1_000;

/** @param options  the view is asked anew for every request */
export function createAdmin(options: AdminOptions): Admin {
  const { view, clock } = options;
  const collector = new Collector({
    ask: (request) => view.askWorkers(request),
    alive: () => (view.state()?.workers ?? []).map((worker) => worker.pid).filter((pid) => pid !== 0),
    deadlineMs: 1_000,
  });
  const answers = new Answers(adminPages, clock);
  const shared = new Shared<InFlight>(shareMs, clock);
  const context: Omit<PageContext, 'query'> = {
    view,
    clock,
    pages: adminPages,
    metricsText: () => metricsText(view, collector),
    inFlight: () => shared.get(async () => inFlightOf(await collector.living())),
  };
  const server = boundedServer((request, response) => {
    void respond(request, response, answers, context).catch((error: unknown) => {
      options.log.warn({ error, path: request.url }, 'an admin page failed');
      send(response, textAnswer(500, 'this page failed: see the log'), request.method !== 'HEAD');
    });
  });
  return {
    listen: async (target) => {
      server.listen(target);
      await once(server, 'listening');
      const address = server.address();
      return typeof address === 'object' && address !== null ? address.port : 0;
    },
    collected: (samples) => collector.received(samples),
    close: async () => {
      if (!server.listening) return;
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function respond(
  request: IncomingMessage,
  response: ServerResponse,
  answers: Answers,
  context: Omit<PageContext, 'query'>,
): Promise<void> {
  // The host is not looked at: probes come by address, people by name or through a tunnel.
  const url = URL.parse(request.url ?? '/', 'http://admin.invalid');
  const path = url?.pathname ?? '';
  const query = url?.searchParams ?? new URLSearchParams();
  const answer = await answers.answer(request.method ?? 'GET', path, { ...context, query });
  send(response, answer, request.method !== 'HEAD');
}

function send(response: ServerResponse, answer: AdminAnswer, withBody: boolean): void {
  if (response.headersSent || response.destroyed) return;
  const pieces = piecesOf(answer.body);
  response.writeHead(answer.status, {
    'content-type': answer.contentType,
    'content-length': pieces.reduce((length, piece) => length + piece.length, 0),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cross-origin-resource-policy': 'same-origin',
    ...answer.headers,
  });
  // Not copied: many that ask at once share the same bytes.
  if (withBody) for (const piece of pieces) response.write(piece);
  response.end();
}

function piecesOf(body: AdminAnswer['body']): readonly Buffer[] {
  if (typeof body === 'string') return [Buffer.from(body)];
  return Buffer.isBuffer(body) ? [body] : body;
}

/** Server that slow, idle or many clients cannot hold up: a probe always gets in. */
function boundedServer(handle: (request: IncomingMessage, response: ServerResponse) => void): Server {
  const open = new Map<Socket, 'idle' | 'busy'>();
  const server = createServer(
    {
      headersTimeout: 5_000,
      requestTimeout: 10_000,
      keepAliveTimeout: 15_000,
      connectionsCheckingInterval: 1_000,
      maxHeaderSize: 16 * 1024,
      noDelay: true,
    },
    (request, response) => {
      const { socket } = request;
      open.set(socket, 'busy');
      const tooSlow = setTimeout(() => socket.destroy(), answerMs);
      response.once('close', () => {
        clearTimeout(tooSlow);
        if (open.has(socket)) open.set(socket, 'idle');
      });
      // Nothing here takes a body: what comes is dropped.
      request.resume();
      handle(request, response);
    },
  );
  server.on('connection', (socket: Socket) => {
    open.set(socket, 'idle');
    socket.once('close', () => open.delete(socket));
    if (open.size > mostConnections) makeRoom(open);
  });
  return server;
}

/** Ends the oldest connection without a request, else the oldest of all. */
function makeRoom(open: ReadonlyMap<Socket, 'idle' | 'busy'>): void {
  const [oldest] = open.keys();
  let victim = oldest;
  for (const [socket, state] of open) {
    if (state === 'busy') continue;
    victim = socket;
    break;
  }
  victim?.destroy();
}
