import type { Upstream } from '../../model/upstream.ts';
import type { Exchange } from '../exchange/exchange.ts';
import type { ExchangeText } from '../exchange/variables.ts';
import { compileText } from '../exchange/variables.ts';

/** What the balancer of an upstream hashes for this exchange; empty for those that hash nothing. */
export function balancingKey(upstream: Upstream, exchange: Exchange): string {
  const { algorithm, hashBy } = upstream.balancing;
  if (algorithm === 'ip_hash') return exchange.clientAddress;
  return algorithm === 'hash' ? textOf(upstream, hashBy ?? '$request_uri')(exchange) : '';
}

/** Compiled once per upstream and snapshot. */
const texts = new WeakMap<Upstream, ExchangeText>();

function textOf(upstream: Upstream, hashBy: string): ExchangeText {
  const known = texts.get(upstream);
  if (known !== undefined) return known;
  const made = compileText(hashBy);
  texts.set(upstream, made);
  return made;
}
