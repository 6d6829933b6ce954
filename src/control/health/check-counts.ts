import type { HealthCheck } from '../../model/upstream.ts';
import type { Counters, Series } from '../../telemetry/counters.ts';
import type { CheckResult } from './checks/check.ts';

/** Metrics of checks. The series are looked up once: thousands of checks a second ask for the same few. */
export class CheckCounts {
  readonly #counters: Counters;
  /** Shape: `[kind][outcome]`. */
  readonly #results: Map<HealthCheck['kind'], Map<CheckResult['outcome'], Series>> = new Map();
  readonly #times: Map<HealthCheck['kind'], Series> = new Map();

  constructor(counters: Counters) {
    this.#counters = counters;
  }

  /** @param tookMs  from the first packet to the verdict */
  add(kind: HealthCheck['kind'], outcome: CheckResult['outcome'], tookMs: number): void {
    const results = this.#results.get(kind) ?? new Map<CheckResult['outcome'], Series>();
    this.#results.set(kind, results);
    const result = results.get(outcome) ?? this.#counters.series('fairway_health_checks_total', [kind, outcome]);
    results.set(outcome, result);
    result.add(1);
    const times = this.#times.get(kind) ?? this.#counters.series('fairway_health_check_seconds', [kind]);
    this.#times.set(kind, times);
    times.add(tookMs / 1000);
  }
}
