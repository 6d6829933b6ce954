import type { Exchange } from '../exchange/exchange.ts';
import type { HeaderList } from '../exchange/headers.ts';
import type { Filter } from './filter.ts';
import { connectionOptions, hopByHop, rememberByName } from './hop-by-hop.ts';

/**
 * The head of every answer: our Date first, nothing that concerns the upstream's connection, no Server, and
 * Strict-Transport-Security over TLS instead of the upstream's own. Source: observed 6, 7.
 */
export const responseHeaders: Filter = {
  name: 'response-headers',
  create: (_policies, { httpDate, options }) => ({
    respond: (exchange) => buildHead(exchange, httpDate(), options.hsts),
  }),
};

function buildHead(exchange: Exchange, date: string, hsts: string): void {
  const sent = exchange.responseHeaders;
  const secure = exchange.request.secure && hsts !== '';
  const head: HeaderList = ['Date', date];
  // The fields by which a tunnel begins stay: the transport wrote or checked them.
  const tunnel = exchange.status === 101;
  const dropped = tunnel ? undefined : connectionOptions(sent);
  for (let at = 0; at < sent.length; at += 2) {
    const name = sent[at] ?? '';
    if (!passes(name) && !(tunnel && beginsTunnel(name))) continue;
    if (secure && isTransportSecurity(name)) continue;
    if (dropped?.has(name.toLowerCase()) === true) continue;
    head.push(name, sent[at + 1] ?? '');
  }
  if (secure) head.push('Strict-Transport-Security', hsts);
  exchange.responseHeaders = head;
}

const notPassed = new Set([...hopByHop, 'date', 'server']);
const passes = rememberByName((name) => !notPassed.has(name) && !name.startsWith('x-accel-'));
const beginsTunnel = rememberByName((name) => name === 'upgrade' || name === 'connection');
const isTransportSecurity = rememberByName((name) => name === 'strict-transport-security');
