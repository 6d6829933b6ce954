import type { MetricSample } from '../../model/metric-sample.ts';
import type { MetricName } from '../../telemetry/metrics.ts';
import type { UpstreamState } from '../upstreams/upstream-state.ts';

/** Endpoints that hold fewer than this many others are left out: a scrape stays small, whatever a cluster holds. */
const mostSamples = 1_000;

const metric: MetricName = 'fairway_endpoint_in_flight';

/**
 * What each endpoint holds now, of those that hold anything. No series is kept, so nothing stays of endpoints that are
 * gone. The same labels may come twice, where two ports of a Service lead to the same endpoint: they add up.
 */
export function inFlightSamples(upstreams: Iterable<UpstreamState>, most: number = mostSamples): MetricSample[] {
  const samples: MetricSample[] = [];
  for (const { endpoints, upstream } of upstreams) {
    for (const [id, { inFlight }] of endpoints) {
      if (inFlight > 0)
        samples.push({ metric, labels: [upstream.namespace, upstream.service, id], values: [inFlight] });
    }
  }
  return samples.length <= most ? samples : samples.toSorted((a, b) => heldIn(b) - heldIn(a)).slice(0, most);
}

function heldIn({ values }: MetricSample): number {
  return values[0] ?? 0;
}
