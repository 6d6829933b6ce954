import type { Random } from '../../lib/random.ts';
import type { EndpointState } from '../upstreams/endpoint-state.ts';
import { decayedLatency } from '../upstreams/latency.ts';
import type { Balancer } from './balancer.ts';
import { pickOfTwo } from './two-choices.ts';

/**
 * Peak EWMA: of two at random the one whose latency, times what waits there already, is smaller.
 * Source: ingress-nginx `load-balance: ewma`; Finagle, PeakEwma.
 */
export function ewma(endpoints: readonly EndpointState[], random: Random, now: () => number): Balancer {
  startAtMean(endpoints, now());
  let time = 0;
  const cost = (endpoint: EndpointState): number =>
    Math.max(leastLatencyMs, decayedLatency(endpoint, time)) * (endpoint.inFlight + 1);
  return {
    pick: (_key, tried) => {
      time = now();
      return pickOfTwo(endpoints, tried, random, cost);
    },
  };
}

/** Below this all latencies are equal and only the exchanges in flight count. */
const leastLatencyMs = 0.1;

/**
 * A new endpoint begins with the mean of the others: with nothing it would draw all requests until its first answer.
 * Source: ingress-nginx `balancer/ewma.lua`, calculate_slow_start_ewma.
 */
function startAtMean(endpoints: readonly EndpointState[], now: number): void {
  let sum = 0;
  let known = 0;
  for (const endpoint of endpoints) {
    if (endpoint.latencyAt === 0) continue;
    sum += decayedLatency(endpoint, now);
    known += 1;
  }
  if (known === 0 || known === endpoints.length) return;
  for (const endpoint of endpoints) {
    if (endpoint.latencyAt !== 0) continue;
    endpoint.latencyMs = sum / known;
    endpoint.latencyAt = now;
  }
}
