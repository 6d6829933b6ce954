import type { Exchange } from '../../exchange/exchange.ts';
import type { HeaderList } from '../../exchange/headers.ts';
import { headerValue } from '../../exchange/headers.ts';
import type { ClientSide } from './client-side.ts';

/**
 * The head of the request with its framing: a body without a length is sent in chunks. A request without a body has
 * neither. Source: RFC 9112 section 6.
 */
export function framedRequest(exchange: Exchange, client: ClientSide): HeaderList {
  const fields = exchange.forwardHeaders;
  if (!client.hasBody || headerValue(fields, 'content-length') !== undefined) return fields;
  return [...fields, 'Transfer-Encoding', 'chunked'];
}

/** What the connection itself adds to an answer. */
export interface AnswerFraming {
  /** The connection ends behind this answer. */
  readonly last: boolean;
  readonly chunked: boolean;
}

/**
 * The head of the answer with its framing, behind the fields that nginx writes before it.
 * Source: RFC 9112 sections 6 and 9.3; nginx `ngx_http_header_filter`.
 */
export function framedAnswer(exchange: Exchange, framing: AnswerFraming): HeaderList {
  const fields = exchange.responseHeaders;
  let at = 0;
  while (at < fields.length && entityFields.has(fields[at]?.toLowerCase() ?? '')) at += 2;
  const own = framing.chunked ? ['Transfer-Encoding', 'chunked'] : [];
  own.push('Connection', framing.last ? 'close' : 'keep-alive');
  return [...fields.slice(0, at), ...own, ...fields.slice(at)];
}

const entityFields: ReadonlySet<string> = new Set(['date', 'content-type', 'content-length']);
