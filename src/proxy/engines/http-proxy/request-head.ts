import type { IncomingMessage } from 'node:http';

import type { RequestHead } from '../../exchange/exchange.ts';
import { headerValue } from '../../exchange/headers.ts';
import type { AcceptedConnection } from '../../listeners/accepted-connection.ts';

/** Most header fields of a request; node:http would hide what is beyond its own limit (threats R-21). */
const fieldLimit = 200;

/** Protocols that must not be reached through an upgrade: HTTP/2 would be a second HTTP parser (threats R-23). */
const refusedUpgrades = /^(?:h2c|h2|http\/[0-9.]+|tls\/[0-9.]+)$/i;

/** Reason to answer with an error page before any route is asked. */
export type Refusal = 'plain-on-tls' | 'bad-request' | 'too-many-fields';

/** The head as the rest of the worker sees it. */
export function requestHeadOf(message: IncomingMessage, connection: AcceptedConnection): RequestHead {
  return {
    method: message.method ?? '',
    target: message.url ?? '',
    httpVersion: message.httpVersion,
    headers: message.rawHeaders,
    host: headerValue(message.rawHeaders, 'host') ?? '',
    peerAddress: plainAddress(connection.socket.remoteAddress ?? ''),
    peerPort: connection.socket.remotePort ?? 0,
    localPort: connection.localPort,
    secure: connection.secure,
    serverName: connection.serverName,
    upgrade: asksForUpgrade(message),
  };
}

/**
 * What node:http lets through and this engine must not, because framing depends on it: the parser is not ours (threats
 * section 8). The rest of the head is judged where routes are looked up, for every engine.
 */
export function refusalOf(message: IncomingMessage, connection: AcceptedConnection): Refusal | undefined {
  const headers = message.rawHeaders;
  if (connection.plainOnTls) return 'plain-on-tls';
  if (headers.length > 2 * fieldLimit) return 'too-many-fields';
  const { httpVersion } = message;
  if (httpVersion !== '1.1' && httpVersion !== '1.0') return 'bad-request';
  const coding = message.headers['transfer-encoding'];
  if (coding === undefined) return undefined;
  // Exactly the token `chunked`, and only in HTTP/1.1 (threats R-20).
  return coding.trim().toLowerCase() === 'chunked' && httpVersion === '1.1' ? undefined : 'bad-request';
}

/** Whether bytes follow the head. Source: RFC 9112 section 6.3. */
export function hasBody(message: IncomingMessage): boolean {
  const { headers } = message;
  if (headers['transfer-encoding'] !== undefined) return true;
  const length = headers['content-length'];
  return length !== undefined && Number(length) > 0;
}

/** Whether the connection may leave HTTP after this request. Source: RFC 9110 section 7.8. */
export function asksForUpgrade(message: IncomingMessage): boolean {
  const { connection, upgrade } = message.headers;
  if (upgrade === undefined || connection === undefined || message.httpVersion !== '1.1') return false;
  return /(?:^|,)\s*upgrade\s*(?:,|$)/i.test(connection) && !refusedUpgrades.test(upgrade.trim());
}

/** Whether the client waits for `100 Continue` before it sends the body. */
export function expectsContinue(message: IncomingMessage): boolean {
  return message.headers.expect?.trim().toLowerCase() === '100-continue' && message.httpVersion === '1.1';
}

/** Size of the head on the wire, but for white space that the parser drops. */
export function headBytes(message: IncomingMessage): number {
  let bytes = (message.method?.length ?? 0) + (message.url?.length ?? 0) + ' '.length * 2 + 'HTTP/1.1\r\n\r\n'.length;
  const headers = message.rawHeaders;
  for (let at = 0; at < headers.length; at += 2) {
    bytes += (headers[at]?.length ?? 0) + (headers[at + 1]?.length ?? 0) + ': \r\n'.length;
  }
  return bytes;
}

/** An IPv4 peer of a socket that also takes IPv6 is written as IPv4. */
function plainAddress(address: string): string {
  return address.startsWith('::ffff:') ? address.slice('::ffff:'.length) : address;
}
