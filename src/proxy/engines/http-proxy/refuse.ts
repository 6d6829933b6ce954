import { errorPage, localResponse, pageResponse } from '../../exchange/error-page.ts';
import type { Exchange, LocalResponse } from '../../exchange/exchange.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import type { Transport } from '../../runtime/transport.ts';
import type { Refusal } from './request-head.ts';

/** nginx' page for code 497, byte for byte. */
const plainOnTlsPage = errorPage(400)
  .replace('<title>400 Bad Request', '<title>400 The plain HTTP request was sent to HTTPS port')
  .replace('<hr>', '<center>The plain HTTP request was sent to HTTPS port</center>\r\n<hr>');

const answers: Readonly<Record<Refusal, () => LocalResponse>> = {
  'plain-on-tls': () => localResponse(400, plainOnTlsPage),
  'bad-request': () => pageResponse(400),
  'too-many-fields': () => pageResponse(431),
};

/** Answers a request that reaches no route; it is logged and counted like every other. */
export async function refuse(
  exchange: Exchange,
  transport: Transport,
  runtime: Runtime,
  refusal: Refusal,
): Promise<void> {
  const { status, headers, body } = answers[refusal]();
  runtime.identify(exchange);
  exchange.failure = 'bad-request';
  exchange.status = status;
  exchange.responseHeaders = [...headers];
  for (const hook of runtime.unrouted.respond) hook(exchange);
  await transport.respond(exchange, body);
  exchange.finished = true;
  for (const hook of runtime.unrouted.finish) hook(exchange);
}
