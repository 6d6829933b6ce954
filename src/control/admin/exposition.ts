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

/** One line. prom-client writes `sharedLabels` once for all lines that hold the same object. */
interface Line extends MetricValueWithName<string> {
  readonly sharedLabels: Readonly<Record<string, string>>;
}

/** Series that are written in one go; heartbeats and health checks get their turn in between. */
const seriesAtOnce = 250;

const types = { counter: 'counter', gauge: 'gauge', histogram: 'histogram' };

/**
 * Writes merged samples in the classic text format of Prometheus, through a registry of prom-client. OpenMetrics would
 * rename `nginx_ingress_controller_requests`, which dashboards know without `_total`.
 * @returns the text in pieces: as one it could be longer than anything else in this process
 */
export async function exposition(merged: MergedSamples, settings: ExpositionSettings): Promise<readonly Buffer[]> {
  const pieces: Buffer[] = [];
  for (const name of Object.keys(metricsTable)) {
    if (!isMetricName(name)) continue;
    const series = [...(merged.get(name)?.values() ?? [])];
    for (let from = 0; from < series.length; from += seriesAtOnce) {
      const text = await textOf(new MergedMetric(name, series.slice(from, from + seriesAtOnce), settings));
      pieces.push(Buffer.from(from === 0 ? text : withoutHead(text)));
      await nextTurn();
    }
  }
  return pieces;
}

function textOf(metric: MergedMetric): Promise<string> {
  const registry = new Registry();
  registry.registerMetric(metric);
  return registry.metrics();
}

/** HELP and TYPE stand before the first line of a metric only. */
function withoutHead(text: string): string {
  return text.slice(text.indexOf('\n', text.indexOf('\n# TYPE ') + 1) + 1);
}

/** A metric that was counted elsewhere. Of prom-client's own metric it keeps only the place in the registry. */
class MergedMetric extends Gauge {
  readonly #name: MetricName;
  readonly #series: readonly MergedSeries[];
  readonly #settings: ExpositionSettings;

  constructor(name: MetricName, series: readonly MergedSeries[], settings: ExpositionSettings) {
    super({ name, help: metricsTable[name].help, registers: [] });
    this.#name = name;
    this.#series = series;
    this.#settings = settings;
  }

  override get(): Promise<MetricObjectWithValues<MetricValueWithName<string>>> {
    const definition = metricsTable[this.#name];
    const values: Line[] = [];
    for (const one of this.#series) {
      const labels = labelsOf(this.#name, definition, one.labels, this.#settings);
      if (definition.kind === 'histogram') addHistogram(values, this.#name, labels, one.values, this.#settings);
      else values.push({ metricName: this.#name, labels: {}, sharedLabels: labels, value: one.values[0] ?? 0 });
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
  into: Line[],
  name: MetricName,
  sharedLabels: Readonly<Record<string, string>>,
  values: readonly number[],
  settings: ExpositionSettings,
): void {
  const buckets = metricsTable[name].buckets;
  const bounds = buckets === undefined ? [] : settings[buckets];
  const add = (suffix: string, labels: Record<string, string>, value: number): void =>
    void into.push({ metricName: name + suffix, labels, sharedLabels, value });
  let count = 0;
  bounds.forEach((bound, at) => {
    count += values[at] ?? 0;
    add('_bucket', { le: formatBound(bound) }, count);
  });
  count += values[bounds.length] ?? 0;
  add('_bucket', { le: '+Inf' }, count);
  add('_sum', {}, values[bounds.length + 1] ?? 0);
  add('_count', {}, count);
}

/** As Go prints a float, which is how ingress-nginx names its buckets: `0.005`, `100000`, `1e+06`. */
function formatBound(bound: number): string {
  if (bound < 1e6) return String(bound);
  const [digits = '', exponent = ''] = bound.toExponential().split('e+');
  return `${digits}e+${exponent.padStart(2, '0')}`;
}
