import { STATUS_CODES } from 'node:http';

import { codeOf } from '../../../lib/error-text.ts';
import { errorPage } from '../../exchange/error-page.ts';
import type { RequestHead } from '../../exchange/exchange.ts';
import { Exchange } from '../../exchange/exchange.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import type { ClientConnection } from './client-connections.ts';
import { endGently } from './client-connections.ts';

/** Answers for what node:http could not read as a request; anything else is 400. */
const statuses: Readonly<Record<string, number>> = {
  HPE_HEADER_OVERFLOW: 431,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
  ERR_HTTP_REQUEST_TIMEOUT: 408,
};

/**
 * A connection whose bytes are no request, came too slowly, or ended badly. While an answer is on its way, or when the
 * client is gone, there is nothing to say.
 */
export function onClientError(error: unknown, connection: ClientConnection, runtime: Runtime): void {
  const { socket } = connection;
  const code = codeOf(error);
  const status = code.startsWith('HPE_') || code in statuses ? (statuses[code] ?? 400) : undefined;
  // A client that connected and said nothing is closed without a word, as nginx does.
  const silent = socket.bytesRead === 0 || connection.inFlight > 0;
  if (status === undefined || silent || !socket.writable) return void socket.destroy();
  const exchange = new Exchange(unreadableHead(connection), runtime.parts.clock.now());
  runtime.identify(exchange);
  exchange.failure = 'bad-request';
  exchange.status = status;
  const body = errorPage(status);
  exchange.responseHeaders = ['Content-Type', 'text/html', 'Content-Length', `${body.length}`];
  for (const hook of runtime.unrouted.respond) hook(exchange);
  exchange.responseHeaders.push('Connection', 'close');
  const answer = `${headText(exchange)}${body}`;
  exchange.bytesReceived = socket.bytesRead;
  exchange.bytesSent = answer.length;
  exchange.bodyBytesSent = body.length;
  // With `end` alone, unread bytes of the client would turn the answer into a reset.
  socket.write(answer, 'latin1');
  endGently(connection);
  exchange.finished = true;
  for (const hook of runtime.unrouted.finish) hook(exchange);
}

function headText(exchange: Exchange): string {
  let text = `HTTP/1.1 ${exchange.status} ${STATUS_CODES[exchange.status] ?? ''}\r\n`;
  const fields = exchange.responseHeaders;
  for (let at = 0; at < fields.length; at += 2) text += `${fields[at] ?? ''}: ${fields[at + 1] ?? ''}\r\n`;
  return `${text}\r\n`;
}

function unreadableHead(connection: ClientConnection): RequestHead {
  return {
    method: '',
    target: '',
    httpVersion: '1.1',
    headers: [],
    host: '',
    peerAddress: connection.socket.remoteAddress ?? '',
    peerPort: connection.socket.remotePort ?? 0,
    localPort: connection.localPort,
    secure: connection.secure,
    serverName: connection.serverName,
    upgrade: false,
  };
}
