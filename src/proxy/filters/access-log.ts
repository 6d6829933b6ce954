import type { Clock } from '../../lib/clock.ts';
import type { AccessLogEntry } from '../../telemetry/access-log.ts';
import type { Exchange } from '../exchange/exchange.ts';
import { headerValue } from '../exchange/headers.ts';
import { remoteUser } from '../exchange/variables.ts';
import type { Filter } from './filter.ts';

/** One line for every exchange, whatever became of it. */
export const accessLog: Filter = {
  name: 'access-log',
  create: (_policies, { accessLog: write, options }) => (options.accessLog ? { finish: write } : undefined),
};

/** What the access log says of an exchange that has ended. */
export function accessLogEntry(exchange: Exchange, clock: Clock): AccessLogEntry {
  const { labels, request } = exchange;
  return {
    timeMs: clock.wall(),
    clientAddress: exchange.clientAddress,
    user: remoteUser(exchange),
    method: request.method,
    target: request.target,
    httpVersion: request.httpVersion,
    host: exchange.host,
    scheme: exchange.scheme,
    status: exchange.status,
    failure: exchange.failure ?? '',
    bytesSent: exchange.bytesSent,
    bodyBytesSent: exchange.bodyBytesSent,
    requestBytes: exchange.bytesReceived,
    durationMs: clock.now() - exchange.startedAt,
    referer: headerValue(request.headers, 'referer'),
    userAgent: headerValue(request.headers, 'user-agent'),
    requestId: exchange.requestId,
    namespace: labels.namespace,
    ingress: labels.ingress,
    service: labels.service,
    servicePort: labels.servicePort,
    routePath: labels.path,
    canary: exchange.canary?.name ?? '',
    tries: exchange.tries,
    connectMs: exchange.connectMs,
    headerMs: exchange.headerMs,
  };
}
