/**
 * What one process counted for one series since its start.
 * `values`: one number for counters and gauges; for histograms `[bucket counts..., above the last bucket, sum]`, each
 * bucket on its own (not cumulative).
 */
export interface MetricSample {
  /** Name of the metric in `telemetry/metrics.ts`. */
  readonly metric: string;
  /** In the order of the metric's label names. */
  readonly labels: readonly string[];
  readonly values: readonly number[];
}
