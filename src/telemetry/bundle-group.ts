import type { MetricSample } from '../model/metric-sample.ts';
import type { MetricName } from './metrics.ts';
import type { BundleLayout } from './series-bundle.ts';
import { layoutOf, Places, SeriesBundle } from './series-bundle.ts';

/** All bundles of one list of metrics. */
export class BundleGroup {
  readonly metrics: readonly MetricName[];
  readonly #places: Places;
  /** By labels as JSON; joined text could make two tuples one (threats R-6). */
  readonly #bundles = new Map<string, { readonly labels: readonly string[]; readonly bundle: SeriesBundle }>();
  /** Takes what is counted beyond the bound on the number of series. */
  readonly #overflow: SeriesBundle;
  /** Takes what is counted for labels that were removed: exchanges in flight still hold their bundle. */
  readonly #removed: SeriesBundle;

  constructor(metrics: readonly MetricName[], bounds: BundleLayout['bounds']) {
    const layout = layoutOf(bounds);
    this.metrics = metrics;
    this.#places = new Places(layout);
    this.#overflow = new SeriesBundle(layout, this.#places.take());
    this.#removed = new SeriesBundle(layout, this.#places.take());
  }

  /** @param mayMake  whether there is room for as many series as there are metrics */
  bundle(labels: readonly string[], mayMake: () => boolean): SeriesBundle {
    const key = JSON.stringify(labels);
    const known = this.#bundles.get(key);
    if (known !== undefined) return known.bundle;
    if (!mayMake()) return this.#overflow;
    const bundle = new SeriesBundle(this.#overflow.layout, this.#places.take());
    this.#bundles.set(key, { labels, bundle });
    return bundle;
  }

  /** @returns how many bundles are gone */
  remove(matches: (labels: readonly string[]) => boolean): number {
    let gone = 0;
    for (const [key, { labels, bundle }] of this.#bundles) {
      if (!matches(labels)) continue;
      this.#bundles.delete(key);
      this.#places.give(bundle.move(this.#removed.place));
      gone += 1;
    }
    return gone;
  }

  /** Calls of `add` that went beyond the bound. */
  get dropped(): number {
    return this.#overflow.additions;
  }

  samples(): MetricSample[] {
    const all = [...this.#bundles.values()];
    return this.metrics.flatMap((metric, at) =>
      all.map(({ labels, bundle }) => ({ metric, labels, values: bundle.valuesOf(at) })),
    );
  }
}
