import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { TestContext } from 'node:test';

import { listenOn } from './raw-server.ts';

/** A backend that answers when the test says so, with the target and the body of the request. */
export interface GatedBackend {
  readonly port: number;
  /** Targets in the order in which they came. */
  readonly seen: string[];
  /** Requests that it has not answered. */
  readonly held: number;
  /** The most that it has held at the same time. */
  readonly most: number;
  /** The most connections to it that were open at the same time. */
  readonly mostConnections: number;
  /** Answers the oldest one. */
  answer(): void;
  /** Answers all, and from now on each one after this time. */
  open(afterMs?: number): void;
}

interface Held {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly body: () => string;
}

export async function gatedBackend(t: TestContext, name = 'gated'): Promise<GatedBackend> {
  const held: Held[] = [];
  const seen: string[] = [];
  let most = 0;
  let connections = 0;
  let mostConnections = 0;
  let openMs: number | undefined;
  const answer = (): void => {
    const one = held.shift();
    if (one === undefined) return;
    one.response.writeHead(200, { 'X-Backend': name });
    one.response.end(`${one.request.url} ${one.body()}`);
  };
  const server = createServer((request, response) => {
    seen.push(request.url ?? '');
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('error', () => undefined);
    request.on('end', () => {
      held.push({ request, response, body: () => Buffer.concat(chunks).toString('latin1') });
      most = Math.max(most, held.length);
      if (openMs !== undefined) setTimeout(answer, openMs);
    });
  });
  server.keepAliveTimeout = 60_000;
  server.on('connection', (socket) => {
    connections += 1;
    mostConnections = Math.max(mostConnections, connections);
    socket.on('close', () => (connections -= 1));
  });
  const port = await listenOn(t, server);
  return {
    port,
    seen,
    get held() {
      return held.length;
    },
    get most() {
      return most;
    },
    get mostConnections() {
      return mostConnections;
    },
    answer,
    open: (afterMs = 0) => {
      openMs = afterMs;
      while (held.length > 0) answer();
    },
  };
}
