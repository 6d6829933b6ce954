import type { MetricSample } from '../model/metric-sample.ts';
import type { MetricName } from './metrics.ts';

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
  /** Forgets series whose labels match, for example those of an Ingress that is gone. */
  remove(metric: MetricName, matches: (labels: readonly string[]) => boolean): void;
  samples(): MetricSample[];
}
