import type { MetricSample } from '../model/metric-sample.ts';
import { BundleGroup } from './bundle-group.ts';
import type { MetricDefinition, MetricName } from './metrics.ts';
import { metricsTable } from './metrics.ts';
import type { SeriesBundle } from './series-bundle.ts';

/** Numbers of one series. Held by whoever counts, so that the hot path does no look-up. */
export interface Series {
  /** Counters and gauges: adds. Histograms: observes one value. */
  add(value: number): void;
  /** Gauges only. */
  set(value: number): void;
}

/** All series of one process, with a bound on their number. */
export interface Counters {
  /** The same labels give the same series. Beyond the bound one shared series takes all, and that is counted. */
  series(metric: MetricName, labels: readonly string[]): Series;
  /**
   * The series of all these metrics, which are counters and histograms, for the same labels; they count and are forgotten
   * together, and belong to no other list.
   * @param metrics  always the same list, by identity
   */
  bundle(metrics: readonly MetricName[], labels: readonly string[]): SeriesBundle;
  /** Forgets series whose labels match, for example those of an Ingress that is gone. */
  remove(metric: MetricName, matches: (labels: readonly string[]) => boolean): void;
  samples(): MetricSample[];
}

/** Upper bounds of the buckets, ascending, as in the settings of the same names. */
export interface BucketSettings {
  readonly timeBuckets: readonly number[];
  readonly lengthBuckets: readonly number[];
  readonly sizeBuckets: readonly number[];
}

/** About 20 MB when all are histograms. */
const seriesLimit = 50_000;

/** @param limit  number of series; what is counted beyond it is `fairway_metric_series_dropped_total` */
export function createCounters(settings: BucketSettings, limit: number = seriesLimit): Counters {
  /** Shape: `[metric][labels as JSON]`; joined text could make two tuples one (threats R-6). */
  const metrics = new Map<MetricName, Map<string, StoredSeries>>();
  const groups = new Map<readonly MetricName[], BundleGroup>();
  const overflow = new NumberSeries([]);
  let count = 0;
  const mayMake = (more: number): boolean => {
    if (count + more > limit) return false;
    count += more;
    return true;
  };
  return {
    series: (metric, labels) => {
      const definition = metricsTable[metric];
      checkLabels(metric, definition, labels);
      const all = metrics.get(metric) ?? new Map<string, StoredSeries>();
      metrics.set(metric, all);
      const key = JSON.stringify(labels);
      const known = all.get(key);
      if (known !== undefined) return known;
      if (!mayMake(1)) return overflow;
      const made = seriesOf(definition, settings, labels);
      all.set(key, made);
      return made;
    },
    bundle: (list, labels) => {
      const group = groups.get(list) ?? groupOf(list, settings);
      groups.set(list, group);
      for (const metric of list) checkLabels(metric, metricsTable[metric], labels);
      return group.bundle(labels, () => mayMake(list.length));
    },
    remove: (metric, matches) => {
      for (const group of groups.values()) {
        if (group.metrics.includes(metric)) count -= group.remove(matches) * group.metrics.length;
      }
      const all = metrics.get(metric);
      if (all === undefined) return;
      for (const [key, one] of all) {
        if (!matches(one.labels)) continue;
        all.delete(key);
        count -= 1;
      }
    },
    samples: () => [
      ...[...metrics].flatMap(([metric, all]) => [...all.values()].map((one) => sampleOf(metric, one))),
      ...[...groups.values()].flatMap((group) => group.samples()),
      { metric: 'fairway_metric_series_dropped_total', labels: [], values: [droppedBy(groups) + overflow.additions] },
    ],
  };
}

function groupOf(metrics: readonly MetricName[], settings: BucketSettings): BundleGroup {
  const bounds = metrics.map((metric) => {
    const { buckets, kind } = metricsTable[metric];
    if (kind === 'gauge') throw new Error(`${metric} is a gauge, which is set and not counted`);
    return buckets === undefined ? undefined : settings[buckets];
  });
  return new BundleGroup(metrics, bounds);
}

function droppedBy(groups: ReadonlyMap<readonly MetricName[], BundleGroup>): number {
  return [...groups.values()].reduce((sum, one) => sum + one.dropped, 0);
}

interface StoredSeries extends Series {
  readonly labels: readonly string[];
  readonly values: readonly number[];
}

function checkLabels(metric: MetricName, definition: MetricDefinition, labels: readonly string[]): void {
  if (labels.length === definition.labels.length) return;
  throw new Error(`${metric} has the labels ${definition.labels.join(', ')}, not ${labels.length} of them`);
}

function seriesOf(definition: MetricDefinition, settings: BucketSettings, labels: readonly string[]): StoredSeries {
  return definition.kind === 'histogram'
    ? new HistogramSeries(labels, definition.buckets === undefined ? [] : settings[definition.buckets])
    : new NumberSeries(labels);
}

function sampleOf(metric: MetricName, one: StoredSeries): MetricSample {
  return { metric, labels: one.labels, values: [...one.values] };
}

class NumberSeries implements StoredSeries {
  readonly labels: readonly string[];
  readonly values: number[] = [0];
  /** Calls of `add`: what the shared overflow series reports. */
  additions = 0;

  constructor(labels: readonly string[]) {
    this.labels = labels;
  }

  add(value: number): void {
    this.values[0] = (this.values[0] ?? 0) + value;
    this.additions += 1;
  }

  set(value: number): void {
    this.values[0] = value;
  }
}

/** Shape of `values`: `[bucket counts..., above the last bucket, sum]`, as `MetricSample` says. */
class HistogramSeries implements StoredSeries {
  readonly labels: readonly string[];
  readonly values: number[];
  readonly #bounds: readonly number[];

  constructor(labels: readonly string[], bounds: readonly number[]) {
    this.labels = labels;
    this.#bounds = bounds;
    this.values = Array.from<number>({ length: bounds.length + 2 }).fill(0);
  }

  add(value: number): void {
    const bounds = this.#bounds;
    let at = 0;
    while (at < bounds.length && value > (bounds[at] ?? 0)) at += 1;
    this.values[at] = (this.values[at] ?? 0) + 1;
    const sum = bounds.length + 1;
    this.values[sum] = (this.values[sum] ?? 0) + value;
  }

  /** Histograms have no value to set. */
  set(): void {
    // Only gauges are set.
  }
}
