import type { MetricSample } from '../../model/metric-sample.ts';
import { keyOf } from '../../model/object-ref.ts';
import { metricsTable } from '../../telemetry/metrics.ts';
import type { Collector } from './collector.ts';
import { derivedMetrics, derivedSamples } from './derived-samples.ts';
import { exposition } from './exposition.ts';
import { isMetricName, mergeSamples } from './merge.ts';
import { residentMemory } from './resident-memory.ts';
import type { AdminView } from './view.ts';

/** Everything that all processes count, as `/metrics` shows it. */
export async function metricsText(view: AdminView, collector: Collector): Promise<readonly Buffer[]> {
  const keep = ofPresentIngress(view);
  const sets = await collector.collect(keep);
  const derived: ReadonlySet<string> = new Set(derivedMetrics);
  const own = view.counters.samples().filter((sample) => !derived.has(sample.metric));
  const all = [...sets.map((samples) => samples.filter(keep)), own, derivedSamples(view, residentMemory())];
  return exposition(mergeSamples(all), view.settings);
}

/**
 * Series of an Ingress that is gone are not shown, as in ingress-nginx. Those without an Ingress (requests that no route
 * took) stay. Before the first compilation everything stays.
 */
function ofPresentIngress(view: AdminView): (sample: MetricSample) => boolean {
  const compilation = view.compilation();
  if (compilation === undefined) return () => true;
  const present = new Set(compilation.ingresses.map(({ ingress }) => keyOf(ingress)));
  return ({ metric, labels }) => {
    if (!isMetricName(metric)) return false;
    const { labels: names } = metricsTable[metric];
    const name = labels[names.indexOf('ingress')] ?? '';
    return name === '' || present.has(keyOf({ namespace: labels[names.indexOf('namespace')] ?? '', name }));
  };
}
