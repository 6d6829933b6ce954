import type { Exchange } from '../exchange/exchange.ts';
import type { HeaderList } from '../exchange/headers.ts';
import { headerValue } from '../exchange/headers.ts';
import { joinedValues } from './client-identity.ts';
import type { Filter } from './filter.ts';
import { connectionOptions, hopByHop, rememberByName } from './hop-by-hop.ts';

/**
 * The request head as the upstream sees it: our fields first, in the order and spelling of ingress-nginx, then the
 * client's own in the order in which they came. Source: observed 8 to 11 and 29; threats R-61.
 */
export const forwarded: Filter = {
  name: 'forwarded',
  create: () => ({ forward: buildHead }),
};

function buildHead(exchange: Exchange): void {
  const { request, scheme, clientAddress } = exchange;
  const host = exchange.host === '' ? (exchange.endpoint?.endpoint.id ?? '') : exchange.host;
  const head: HeaderList = ['Host', host];
  if (request.upgrade) {
    head.push('Upgrade', headerValue(request.headers, 'upgrade') ?? 'websocket', 'Connection', 'upgrade');
  }
  head.push('X-Request-ID', exchange.requestId, 'X-Real-IP', clientAddress, 'X-Forwarded-For', clientAddress);
  head.push('X-Forwarded-Host', host, 'X-Forwarded-Port', `${exchange.port}`);
  head.push('X-Forwarded-Proto', scheme, 'X-Forwarded-Scheme', scheme, 'X-Scheme', scheme);
  addOriginal(head, 'X-Original-Forwarded-For', request.headers, 'x-forwarded-for');
  addOriginal(head, 'X-Original-Forwarded-Host', request.headers, 'x-forwarded-host');
  addOwn(head, request.headers, exchange.peerTrusted ? passesOfProxy : passes);
  exchange.forwardHeaders = head;
}

function addOriginal(head: HeaderList, name: string, sent: readonly string[], sentName: string): void {
  const value = joinedValues(sent, sentName);
  if (value !== '') head.push(name, value);
}

function addOwn(head: HeaderList, sent: readonly string[], pass: (name: string) => boolean): void {
  const dropped = connectionOptions(sent);
  for (let at = 0; at < sent.length; at += 2) {
    const name = sent[at] ?? '';
    if (!pass(name) || dropped?.has(name.toLowerCase()) === true) continue;
    head.push(name, sent[at + 1] ?? '');
  }
}

/**
 * Written by us, or never passed: `expect` is answered by us, `proxy` would become an environment variable of CGI
 * programs (httpoxy).
 */
const notPassed = new Set([
  ...hopByHop,
  'expect',
  'host',
  'proxy',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-port',
  'x-forwarded-proto',
  'x-forwarded-scheme',
  'x-real-ip',
  'x-request-id',
  'x-scheme',
]);

/** Families of names by which backends believe what a proxy in front of them says. */
const proxyFamilies = ['x-forwarded-', 'x-original-', 'ssl-client-'];

/**
 * Names with other characters than letters, digits and hyphens are dropped, as nginx does (`ignore_invalid_headers`,
 * `underscores_in_headers off`): backends read `X_Real_IP` and `X-Real-IP` as one.
 */
const passesOfProxy = rememberByName(
  (name) => /^[a-z0-9-]+$/.test(name) && !notPassed.has(name) && !isOriginalForwarded(name),
);

const passes = rememberByName(
  (name) =>
    /^[a-z0-9-]+$/.test(name) && !notPassed.has(name) && !proxyFamilies.some((family) => name.startsWith(family)),
);

function isOriginalForwarded(name: string): boolean {
  return name === 'x-original-forwarded-for' || name === 'x-original-forwarded-host';
}
