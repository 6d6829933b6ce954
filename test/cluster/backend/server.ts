// The demo application of the cluster tests: says which pod answered what and what came, and misbehaves when asked to.
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { hostname } from 'node:os';
import { setTimeout as wait } from 'node:timers/promises';

/** How long the application goes on serving after SIGTERM; 0 is an application that stops listening at once. */
const drainMs = Number(process.env['DRAIN_MS'] ?? '3000');
const version = process.env['VERSION'] ?? '1';

let ready = true;
let draining = false;
let atOnce = 0;
/** What reached this pod besides probes and `/admin`: requests by path and query, and the most that it held at a time. */
const seen = { paths: new Map<string, number>(), mostAtOnce: 0 };

const server = createServer((request, response) => {
  // A client that goes away in the middle of its request is no reason to end.
  answer(request, response).catch(() => response.destroy());
});
// Longer than the idle limit of any proxy, so that the application is never the one who closes an idle connection.
server.keepAliveTimeout = 75_000;
server.listen(8080);

process.on('SIGTERM', () => {
  void stop();
});

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://backend');
  if (draining) {
    response.setHeader('connection', 'close');
  }
  switch (url.pathname) {
    case '/healthz':
      return send(response, ready ? 200 : 503, { ready });
    case '/admin/ready':
    case '/admin/not-ready':
      ready = url.pathname === '/admin/ready';
      return send(response, 200, { ready });
    case '/admin/seen':
      return send(response, 200, { paths: Object.fromEntries(seen.paths), mostAtOnce: seen.mostAtOnce });
  }
  atOnce += 1;
  try {
    await serve(request, url, response);
  } finally {
    atOnce -= 1;
  }
}

async function serve(request: IncomingMessage, url: URL, response: ServerResponse): Promise<void> {
  const { method, headers, url: path = '/' } = request;
  seen.mostAtOnce = Math.max(seen.mostAtOnce, atOnce);
  seen.paths.set(path, (seen.paths.get(path) ?? 0) + 1);
  if (url.pathname === '/slow') {
    await wait(Number(url.searchParams.get('ms') ?? '1000'));
  }
  const body = await bodyOf(request);
  send(response, 200, { pod: hostname(), version, method, path, headers, bodyBytes: body.length });
}

function send(response: ServerResponse, status: number, body: unknown): void {
  const text = JSON.stringify(body);
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) });
  response.end(text);
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) {
    chunks.push(Buffer.from(chunk));
  }
  return Buffer.concat(chunks);
}

/** Serves on for the drain time, then takes no new connections and ends with the last exchange. */
async function stop(): Promise<void> {
  draining = true;
  await wait(drainMs);
  server.close(() => process.exit(0));
  server.closeIdleConnections();
}
