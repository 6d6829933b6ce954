import { CidrSet, parseAddress, plainAddress } from '../../lib/cidr.ts';
import type { ProxyOptions } from '../../model/proxy-options.ts';
import type { Exchange } from '../exchange/exchange.ts';
import { headerValue } from '../exchange/headers.ts';
import { hostNameOf } from '../routing/host-name.ts';
import { isRequestId, newRequestId } from './request-id.ts';

/**
 * Says who the client is, before anything is decided: address, scheme, host and port as it sees them, and the id of
 * the request. What the client itself claims counts only when its peer is a trusted proxy (threats R-61).
 */
export type Identify = (exchange: Exchange) => void;

/** Once per snapshot whose options differ. Source: nginx `ngx_http_realip_module`; ingress-nginx `use-forwarded-headers`. */
export function createIdentify(options: ProxyOptions): Identify {
  const trusted = new CidrSet(options.trustedProxies);
  return (exchange) => {
    const { request } = exchange;
    const sentId = headerValue(request.headers, 'x-request-id');
    exchange.requestId = sentId !== undefined && isRequestId(sentId) ? sentId : newRequestId();
    exchange.clientAddress = plainAddress(request.peerAddress);
    exchange.peerTrusted = trusted.has(exchange.clientAddress);
    if (exchange.peerTrusted) believeProxy(exchange, trusted);
  };
}

function believeProxy(exchange: Exchange, trusted: CidrSet): void {
  const { headers } = exchange.request;
  const addresses = joinedValues(headers, 'x-forwarded-for');
  if (addresses !== '') exchange.clientAddress = firstUntrusted(exchange.clientAddress, addresses, trusted);
  const scheme = firstItem(headerValue(headers, 'x-forwarded-proto')).toLowerCase();
  if (scheme === 'http' || scheme === 'https') exchange.scheme = scheme;
  const host = firstItem(headerValue(headers, 'x-forwarded-host'));
  if (hostNameOf(host) !== undefined) exchange.host = host;
  const port = firstItem(headerValue(headers, 'x-forwarded-port'));
  if (/^[0-9]{1,5}$/.test(port) && Number(port) > 0 && Number(port) < 65_536) exchange.port = Number(port);
}

/**
 * From the peer to the left: the first address that is not a trusted proxy, or the left-most one when all are.
 * What is not an address ends the walk. Source: nginx `real_ip_recursive on`; observed 32.
 */
function firstUntrusted(peer: string, list: string, trusted: CidrSet): string {
  let address = peer;
  for (const item of list.split(',').toReversed()) {
    if (!trusted.has(address)) return address;
    const next = addressOf(item.trim());
    if (next === undefined) return address;
    address = next;
  }
  return address;
}

/** Without port and brackets. */
function addressOf(item: string): string | undefined {
  const inner = /^\[([0-9A-Fa-f:.]+)\](?::[0-9]+)?$/.exec(item)?.[1] ?? /^([0-9.]+):[0-9]+$/.exec(item)?.[1] ?? item;
  return parseAddress(inner) === undefined ? undefined : plainAddress(inner);
}

function firstItem(value: string | undefined): string {
  if (value === undefined) return '';
  const comma = value.indexOf(',');
  return (comma === -1 ? value : value.slice(0, comma)).trim();
}

/** All fields of one name as one list; empty without. @param name  lower-case */
export function joinedValues(headers: readonly string[], name: string): string {
  let joined = '';
  for (let at = 0; at < headers.length; at += 2) {
    const candidate = headers[at] ?? '';
    if (candidate.length !== name.length || candidate.toLowerCase() !== name) continue;
    joined = joined === '' ? (headers[at + 1] ?? '') : `${joined}, ${headers[at + 1] ?? ''}`;
  }
  return joined;
}
