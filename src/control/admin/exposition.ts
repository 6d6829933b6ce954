import { setImmediate as nextTurn } from 'node:timers/promises';

import { Gauge, Registry } from 'prom-client';
import type { MetricObjectWithValues, MetricType, MetricValueWithName } from 'prom-client';

import type { Settings } from '../../settings/settings.ts';
import type { MetricDefinition, MetricName } from '../../telemetry/metrics.ts';
import { metricsTable } from '../../telemetry/metrics.ts';
import type { MergedSamples, MergedSeries } from './merge.ts';
import { isMetricName } from './merge.ts';

/** Settings that shape what is written. */
export type ExpositionSettings = Pick<
  Settings,
  'controllerClass' | 'namespace' | 'podName' | 'timeBuckets' | 'lengthBuckets' | 'sizeBuckets'
>;

type Values = MetricValueWithName<string>[];

const types = { counter: 'counter', gauge: 'gauge', histogram: 'histogram' };

/**
 * Writes merged samples in the classic text format of Prometheus, through a registry of prom-client. OpenMetrics would
 * rename `nginx_ingress_controller_requests`, which dashboards know without `_total`.
 */
export async function exposition(merged: MergedSamples, settings: ExpositionSettings): Promise<string> {
  const registry = new Registry();
  const names: MetricName[] = [];
  for (const name of Object.keys(metricsTable)) {
    const series = isMetricName(name) ? merged.get(name) : undefined;
    if (!isMetricName(name) || series === undefined || series.size === 0) continue;
    registry.registerMetric(new MergedMetric(name, series, settings));
    names.push(name);
  }
  const parts: string[] = [];
  for (const name of names) {
    parts.push(await registry.getSingleMetricAsString(name));
    // Hundreds of thousands of lines: heartbeats and health checks get their turn in between.
    await nextTurn();
  }
  return `${parts.join('\n\n')}\n`;
}

/** A metric that was counted elsewhere. Of prom-client's own metric it keeps only the place in the registry. */
class MergedMetric extends Gauge {
  readonly #name: MetricName;
  readonly #series: ReadonlyMap<string, MergedSeries>;
  readonly #settings: ExpositionSettings;

  constructor(name: MetricName, series: ReadonlyMap<string, MergedSeries>, settings: ExpositionSettings) {
    super({ name, help: metricsTable[name].help, registers: [] });
    this.#name = name;
    this.#series = series;
    this.#settings = settings;
  }

  override get(): Promise<MetricObjectWithValues<MetricValueWithName<string>>> {
    const definition = metricsTable[this.#name];
    const values: Values = [];
    for (const one of this.#series.values()) {
      const labels = labelsOf(this.#name, definition, one.labels, this.#settings);
      if (definition.kind === 'histogram') addHistogram(values, this.#name, labels, one.values, this.#settings);
      else values.push({ metricName: this.#name, labels, value: one.values[0] ?? 0 });
    }
    return Promise.resolve({
      name: this.#name,
      help: definition.help,
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- its declarations have numbers where its code has words
      type: types[definition.kind] as unknown as MetricType,
      aggregator: definition.merge,
      collect: () => {},
      values,
    });
  }
}

/** Everything with ingress-nginx's prefix also says which controller it comes from. */
function labelsOf(
  name: MetricName,
  definition: MetricDefinition,
  values: readonly string[],
  settings: ExpositionSettings,
): Record<string, string> {
  const labels: Record<string, string> = {};
  if (name.startsWith('nginx_ingress_controller_')) {
    labels['controller_class'] = settings.controllerClass;
    labels['controller_namespace'] = settings.namespace;
    labels['controller_pod'] = settings.podName;
  }
  definition.labels.forEach((label, at) => (labels[label] = values[at] ?? ''));
  return labels;
}

/** Buckets are counted one by one and written cumulatively. `values`: see `MetricSample`. */
function addHistogram(
  into: Values,
  name: MetricName,
  labels: Record<string, string>,
  values: readonly number[],
  settings: ExpositionSettings,
): void {
  const buckets = metricsTable[name].buckets;
  const bounds = buckets === undefined ? [] : settings[buckets];
  let count = 0;
  bounds.forEach((bound, at) => {
    count += values[at] ?? 0;
    into.push({ metricName: `${name}_bucket`, labels: { ...labels, le: formatBound(bound) }, value: count });
  });
  count += values[bounds.length] ?? 0;
  into.push(
    { metricName: `${name}_bucket`, labels: { ...labels, le: '+Inf' }, value: count },
    { metricName: `${name}_sum`, labels, value: values[bounds.length + 1] ?? 0 },
    { metricName: `${name}_count`, labels, value: count },
  );
}

/** As Go prints a float, which is how ingress-nginx names its buckets: `0.005`, `100000`, `1e+06`. */
function formatBound(bound: number): string {
  if (bound < 1e6) return String(bound);
  const [digits = '', exponent = ''] = bound.toExponential().split('e+');
  return `${digits}e+${exponent.padStart(2, '0')}`;
}
