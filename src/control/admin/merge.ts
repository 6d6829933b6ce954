import type { MetricSample } from '../../model/metric-sample.ts';
import type { MetricDefinition, MetricName } from '../../telemetry/metrics.ts';
import { metricsTable } from '../../telemetry/metrics.ts';

/** One series after merging. */
export interface MergedSeries {
  readonly labels: readonly string[];
  readonly values: number[];
}

/** Shape: `[metric][labels as JSON]`. */
export type MergedSamples = ReadonlyMap<MetricName, ReadonlyMap<string, MergedSeries>>;

/**
 * Makes one series of those with the same labels, as the metrics table says: sum or maximum. What the table does not
 * know, or with another number of labels or values, is left out: a worker of another version must not spoil a scrape.
 */
export function mergeSamples(sets: Iterable<readonly MetricSample[]>): MergedSamples {
  const merged = new Map<MetricName, Map<string, MergedSeries>>();
  for (const samples of sets) for (const sample of samples) addSample(merged, sample);
  return merged;
}

/** Back to samples, for the base that dead workers leave behind. */
export function samplesOf(merged: MergedSamples): MetricSample[] {
  return [...merged].flatMap(([metric, all]) =>
    [...all.values()].map(({ labels, values }) => ({ metric, labels, values })),
  );
}

/** Totals survive the process that counted them; gauges do not. */
export function isTotal(metric: string): boolean {
  return isMetricName(metric) && metricsTable[metric].kind !== 'gauge';
}

export function isMetricName(name: string): name is MetricName {
  return Object.hasOwn(metricsTable, name);
}

function addSample(merged: Map<MetricName, Map<string, MergedSeries>>, sample: MetricSample): void {
  if (!isMetricName(sample.metric)) return;
  const definition = metricsTable[sample.metric];
  if (sample.labels.length !== definition.labels.length) return;
  const all = merged.get(sample.metric) ?? new Map<string, MergedSeries>();
  merged.set(sample.metric, all);
  const key = JSON.stringify(sample.labels);
  const known = all.get(key);
  if (known === undefined) all.set(key, { labels: sample.labels, values: [...sample.values] });
  else if (known.values.length === sample.values.length) addValues(known.values, sample.values, definition);
}

function addValues(into: number[], values: readonly number[], definition: MetricDefinition): void {
  values.forEach((value, at) => {
    const before = into[at] ?? 0;
    into[at] = definition.merge === 'sum' ? before + value : Math.max(before, value);
  });
}
