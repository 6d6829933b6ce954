import type { EndpointState } from './endpoint-state.ts';

/** In this time a latency loses 1 - 1/e of its weight. Source: ingress-nginx `balancer/ewma.lua`, DECAY_TIME 10 s. */
const decayMs = 10_000;

/**
 * Feeds one time to the head of an answer. A slower one counts at once and in full, a faster one bit by bit: an
 * endpoint that gets slow is avoided at once and comes back slowly.
 * Source: Twitter Finagle, PeakEwma; ingress-nginx `ewma`.
 */
export function observeLatency(endpoint: EndpointState, latencyMs: number, now: number): void {
  const before = endpoint.latencyMs;
  if (endpoint.latencyAt === 0 || latencyMs >= before) endpoint.latencyMs = latencyMs;
  else {
    const kept = Math.exp(-Math.max(0, now - endpoint.latencyAt) / decayMs);
    endpoint.latencyMs = before * kept + latencyMs * (1 - kept);
  }
  endpoint.latencyAt = now;
}

/** Latency as it counts now: what was not confirmed for long fades, so that every endpoint is asked again some day. */
export function decayedLatency(endpoint: EndpointState, now: number): number {
  return endpoint.latencyMs * Math.exp(-Math.max(0, now - endpoint.latencyAt) / decayMs);
}
