/** What the programs http-proxy-alone.ts and undici-alone.ts share: listening, the headers, the access log. */
import { randomBytes } from 'node:crypto';
import { createWriteStream, readFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';

export type Forward = (
  request: http.IncomingMessage,
  response: http.ServerResponse,
  headers: Readonly<Record<string, string>>,
) => void;

export const backend: string = `http://127.0.0.1:${process.env['BACKEND_PORT']}`;

/** Serves on both ports until SIGTERM. */
export function serve(forward: Forward): void {
  const path = process.env['LOG'] ?? '';
  const log = path === '' ? undefined : createWriteStream(path);
  const handler = (request: http.IncomingMessage, response: http.ServerResponse): void => {
    const headers = forwardedHeadersOf(request);
    const startedAt = performance.now();
    if (log !== undefined) {
      response.on('close', () => log.write(logLine(request, response, headers['X-Request-ID'] ?? '', startedAt)));
    }
    forward(request, response, headers);
  };
  const options = { keepAliveTimeout: 300_000 };
  const pair = { key: readFileSync(process.env['KEY'] ?? ''), cert: readFileSync(process.env['CERT'] ?? '') };
  http.createServer(options, handler).listen(Number(process.env['HTTP_PORT']), '127.0.0.1', 4096);
  https.createServer({ ...options, ...pair }, handler).listen(Number(process.env['HTTPS_PORT']), '127.0.0.1', 4096);
  process.once('SIGTERM', () => process.exit(0));
}

function forwardedHeadersOf({ headers, socket }: http.IncomingMessage): Record<string, string> {
  const scheme = 'encrypted' in socket ? 'https' : 'http';
  const address = socket.remoteAddress ?? '';
  return {
    'X-Request-ID': randomBytes(16).toString('hex'),
    'X-Real-IP': address,
    'X-Forwarded-For': address,
    'X-Forwarded-Host': headers.host ?? '',
    'X-Forwarded-Port': `${socket.localPort}`,
    'X-Forwarded-Proto': scheme,
    'X-Forwarded-Scheme': scheme,
    'X-Scheme': scheme,
  };
}

function logLine(request: http.IncomingMessage, response: http.ServerResponse, id: string, startedAt: number): string {
  const { headers, httpVersion, method, socket, url } = request;
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(3);
  const length = String(response.getHeader('content-length') ?? 0);
  return (
    `${socket.remoteAddress} - - [${new Date().toISOString()}] "${method} ${url} HTTP/${httpVersion}" ` +
    `${response.statusCode} ${length} "${headers.referer ?? '-'}" "${headers['user-agent'] ?? '-'}" 0 ${seconds} ` +
    `[shop-web-80] [] ${backend} ${length} ${seconds} ${response.statusCode} ${id}\n`
  );
}
