import type { VariableFamily, VariableName } from '../../model/variable-names.ts';
import { splitVariables, variableFamilies } from '../../model/variable-names.ts';
import { cookieValueAnyCase } from './cookies.ts';
import type { Exchange } from './exchange.ts';
import { headerValue } from './headers.ts';

/** Gives the text for one exchange. */
export type ExchangeText = (exchange: Exchange) => string;

/**
 * Compiles a text with nginx variables, for example `$host$request_uri` or `user-${cookie_id}`. Once per upstream or
 * route; the result does as many table calls as there are variables. An unknown variable is empty, and the control
 * process says so.
 * Source: ingress-nginx `upstream-hash-by`.
 */
export function compileText(text: string): ExchangeText {
  const parts = splitVariables(text).map((part) => (part.kind === 'text' ? constant(part.text) : variable(part.name)));
  const [first = constant(''), ...rest] = parts;
  if (rest.length === 0) return first;
  return (exchange) => rest.reduce((joined, part) => joined + part(exchange), first(exchange));
}

function constant(text: string): ExchangeText {
  return () => text;
}

function variable(name: string): ExchangeText {
  const single: ExchangeText | undefined = Object.hasOwn(variables, name) ? Reflect.get(variables, name) : undefined;
  if (single !== undefined) return single;
  const family = variableFamilies.find((one) => name.length > one.length && name.startsWith(one));
  return family === undefined ? constant('') : families[family](name.slice(family.length));
}

const variables: Readonly<Record<VariableName, ExchangeText>> = {
  host: (exchange) => exchange.hostName,
  http_host: (exchange) => exchange.request.host,
  best_http_host: (exchange) => exchange.host,
  scheme: (exchange) => exchange.scheme,
  request_uri: (exchange) => exchange.uri,
  escaped_request_uri: (exchange) => encodeURIComponent(exchange.uri),
  uri: (exchange) => exchange.path,
  document_uri: (exchange) => exchange.path,
  args: argumentsOf,
  query_string: argumentsOf,
  is_args: (exchange) => (argumentsOf(exchange) === '' ? '' : '?'),
  remote_addr: (exchange) => exchange.clientAddress,
  binary_remote_addr: (exchange) => exchange.clientAddress,
  remote_port: (exchange) => `${exchange.request.peerPort}`,
  remote_user: remoteUser,
  request_method: (exchange) => exchange.request.method,
  request_id: (exchange) => exchange.requestId,
  content_type: headerText('content-type'),
  content_length: headerText('content-length'),
  server_name: (exchange) => labelOf(exchange, 'host'),
  server_port: (exchange) => `${exchange.request.localPort}`,
  server_protocol: (exchange) => `HTTP/${exchange.request.httpVersion}`,
  proxy_add_x_forwarded_for: addForwardedFor,
  namespace: (exchange) => labelOf(exchange, 'namespace'),
  ingress_name: (exchange) => labelOf(exchange, 'ingress'),
  service_name: (exchange) => labelOf(exchange, 'service'),
  service_port: (exchange) => labelOf(exchange, 'servicePort'),
  location_path: (exchange) => labelOf(exchange, 'path'),
};

const families: Readonly<Record<VariableFamily, (rest: string) => ExchangeText>> = {
  http_: (rest) => headerText(rest.replaceAll('_', '-')),
  cookie_: (rest) => (exchange) => cookieValueAnyCase(exchange.request.headers, rest) ?? '',
  arg_: (rest) => (exchange) => argument(argumentsOf(exchange), rest),
};

function labelOf(
  exchange: Exchange,
  name: 'host' | 'namespace' | 'ingress' | 'service' | 'servicePort' | 'path',
): string {
  return exchange.labels[name];
}

function headerText(name: string): ExchangeText {
  return (exchange) => headerValue(exchange.request.headers, name) ?? '';
}

function argumentsOf(exchange: Exchange): string {
  const query = exchange.uri.indexOf('?');
  return query === -1 ? '' : exchange.uri.slice(query + 1);
}

/** First argument of this name, case-insensitive and not decoded, as nginx does. */
function argument(query: string, name: string): string {
  for (const pair of query.split('&')) {
    const equals = pair.indexOf('=');
    if (equals === name.length && pair.slice(0, equals).toLowerCase() === name) return pair.slice(equals + 1);
  }
  return '';
}

function addForwardedFor(exchange: Exchange): string {
  const before = headerValue(exchange.request.headers, 'x-forwarded-for');
  return before === undefined ? exchange.clientAddress : `${before}, ${exchange.clientAddress}`;
}

/** User of basic authentication; empty for any other. Source: RFC 7617. */
export function remoteUser(exchange: Exchange): string {
  const authorization = headerValue(exchange.request.headers, 'authorization');
  if (authorization === undefined) return '';
  const encoded = /^basic +([A-Za-z0-9+/]+={0,2})$/i.exec(authorization)?.[1];
  if (encoded === undefined) return '';
  try {
    const [user = ''] = atob(encoded).split(':', 1);
    return user;
  } catch {
    return '';
  }
}
