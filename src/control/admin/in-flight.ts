import type { MetricSample } from '../../model/metric-sample.ts';
import type { MetricName } from '../../telemetry/metrics.ts';
import { mergeSamples } from './merge.ts';

/** Requests that endpoints hold now, in all data workers; 0 for one of which nothing is known. */
export interface InFlight {
  of(namespace: string, service: string, endpoint: string): number;
}

const metric: MetricName = 'fairway_endpoint_in_flight';

/** @param sets  what each living worker counted */
export function inFlightOf(sets: Iterable<readonly MetricSample[]>): InFlight {
  const samples = [...sets].map((set) => set.filter((sample) => sample.metric === metric));
  const series = mergeSamples(samples).get(metric);
  return { of: (...labels) => series?.get(JSON.stringify(labels))?.values[0] ?? 0 };
}
