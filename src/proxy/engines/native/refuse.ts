import { errorPage } from '../../exchange/error-page.ts';
import { Exchange } from '../../exchange/exchange.ts';
import type { RequestHead } from '../../exchange/exchange.ts';
import type { ClientConnection } from '../../protocols/http1/client-connection.ts';
import { responseHead } from '../../protocols/http1/heads.ts';
import type { Runtime } from '../../runtime/runtime.ts';

/**
 * The answer for a connection whose bytes are no request that we read, or came too slowly. It is logged and counted like
 * every other.
 * @returns head and body, in latin1
 */
export function refuse(connection: ClientConnection, status: number, received: number, runtime: Runtime): string {
  const exchange = new Exchange(unreadableHead(connection), runtime.parts.clock.now());
  const body = connection.plainOnTls ? plainOnTlsPage : errorPage(status);
  exchange.failure = status === 408 ? 'client-timeout' : 'bad-request';
  exchange.status = status;
  exchange.responseHeaders = ['Content-Type', 'text/html', 'Content-Length', `${body.length}`];
  exchange.bytesReceived = received;
  const { respond, finish } = runtime.unrouted;
  for (const hook of respond) hook(exchange);
  const head =
    responseHead(status, '', exchange.responseHeaders, { kind: 'length', length: body.length }, 'close') ?? '';
  exchange.bytesSent = head.length + body.length;
  exchange.bodyBytesSent = body.length;
  exchange.finished = true;
  for (const hook of finish) hook(exchange);
  return head + body;
}

/** nginx' page for code 497, byte for byte. */
const plainOnTlsPage = errorPage(400)
  .replace('<title>400 Bad Request', '<title>400 The plain HTTP request was sent to HTTPS port')
  .replace('<hr>', '<center>The plain HTTP request was sent to HTTPS port</center>\r\n<hr>');

function unreadableHead(connection: ClientConnection): RequestHead {
  return {
    method: '',
    target: '',
    httpVersion: '1.1',
    headers: [],
    host: '',
    peerAddress: connection.peerAddress,
    peerPort: connection.peerPort,
    localPort: connection.localPort,
    secure: connection.secure,
    serverName: connection.serverName,
    upgrade: false,
  };
}
