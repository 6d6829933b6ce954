import { once } from 'node:events';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { TestContext } from 'node:test';

/** A backend that answers with its name, like a pod, and can be made to fail. */
export interface NamedBackend {
  readonly name: string;
  readonly port: number;
  /** Request heads it has seen, without health checks. */
  readonly seen: IncomingMessage[];
  /** Health checks it has seen. */
  checks: number;
  /** What `/healthz` answers. */
  healthStatus: number;
  /** Connections that are open now. */
  readonly connections: () => number;
  /** What everything else answers. */
  status: number;
  /** Answers nothing any more, not even health checks, but accepts. */
  hang(): void;
  /** Listens no more, and drops its connections. */
  close(): Promise<void>;
  /** Listens again on the same port. */
  open(): Promise<void>;
}

/** JSON of what a backend got, for tests of headers. */
export interface Echo {
  readonly name: string;
  readonly method: string;
  readonly url: string;
  readonly rawHeaders: readonly string[];
  readonly body: string;
}

export async function startBackend(t: TestContext, name: string): Promise<NamedBackend> {
  let hangs = false;
  const sockets = new Set<Socket>();
  const backend = { name, port: 0, seen: [] as IncomingMessage[], checks: 0, healthStatus: 200, status: 200 };
  const server: Server = createServer((request, response) => {
    if (hangs) return;
    if (request.url === '/healthz') {
      backend.checks += 1;
      response.writeHead(backend.healthStatus).end();
      return;
    }
    backend.seen.push(request);
    void answer(backend, request, response);
  });
  server.keepAliveTimeout = 60_000;
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  const listen = async (): Promise<void> => {
    server.listen(backend.port, '127.0.0.1');
    await once(server, 'listening');
    backend.port = (server.address() as AddressInfo).port;
  };
  const close = async (): Promise<void> => {
    if (!server.listening) return;
    server.close();
    for (const socket of sockets) socket.destroy();
    await once(server, 'close');
  };
  await listen();
  t.after(close);
  return Object.assign(backend, {
    connections: () => sockets.size,
    close,
    open: listen,
    hang: () => void (hangs = true),
  });
}

async function answer(
  backend: Pick<NamedBackend, 'name' | 'status'>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const echo: Echo = {
    name: backend.name,
    method: request.method ?? '',
    url: request.url ?? '',
    rawHeaders: request.rawHeaders,
    body: Buffer.concat(chunks).toString(),
  };
  const wait = Number(new URL(request.url ?? '/', 'http://backend').searchParams.get('wait') ?? 0);
  setTimeout(() => {
    const fields = { 'Content-Type': 'application/json', 'X-Backend': backend.name, Server: 'backend' };
    response.writeHead(backend.status, fields);
    response.end(JSON.stringify(echo));
  }, wait);
}
