import type { EndpointId, UpstreamId } from '../../model/ids.ts';
import type { HealthCheck } from '../../model/upstream.ts';
import type { Checker, CheckResult } from './checks/check.ts';
import type { EndpointHealth } from './health-state.ts';

/** The part of an upstream that the prober needs. */
export interface CheckedUpstream {
  readonly id: UpstreamId;
  /** What was given last: equal identity means that nothing changed. */
  source: ReadonlyMap<EndpointId, HealthCheck>;
  readonly endpoints: Map<EndpointId, Target>;
  /** Ready endpoints without a check: they serve whatever the checks of the others say. */
  unchecked: number;
  ignored: boolean;
  /** Endpoints that are out now, in the order of `endpoints`; empty while `ignored`. */
  out: readonly EndpointId[];
}

/** What is probed: one address, port and probe, however many upstreams hold it. Counts as the kubelet does. */
export class Target implements EndpointHealth {
  readonly key: string;
  readonly check: HealthCheck;
  /** Namespace that its checks count for. */
  readonly group: string;
  /** Upstreams that hold it; empty means that it is gone. */
  readonly users: Set<CheckedUpstream> = new Set();
  state: 'unknown' | 'healthy' | 'unhealthy' = 'unknown';
  since: number;
  lastResult = '';
  failedBy: 'failure' | 'timeout' | 'inherited' = 'failure';
  checkedAt = 0;
  successes = 0;
  failures = 0;
  /** When the next check should start, on the monotonic clock. */
  dueAt = 0;
  /** Set while a check runs: when it started, on the monotonic clock. */
  startedAt: number | undefined = undefined;
  /** Made with the first check. */
  checker: Checker | undefined = undefined;

  constructor(key: string, check: HealthCheck, group: string, wall: number) {
    this.key = key;
    this.check = check;
    this.group = group;
    this.since = wall;
  }

  get gone(): boolean {
    return this.users.size === 0;
  }

  /** It was out before this process started, so it stays out until it passes. */
  inherit(): void {
    this.state = 'unhealthy';
    this.failedBy = 'inherited';
    this.lastResult = 'was out before the control process started';
  }

  /**
   * Counts one result.
   * @param wall  milliseconds since 1970
   * @returns whether the state changed
   * Source: Kubernetes pkg/kubelet/prober/worker.go, `resultRun` against successThreshold and failureThreshold.
   */
  count(result: CheckResult, wall: number): boolean {
    this.lastResult = result.text;
    this.checkedAt = wall;
    if (result.outcome === 'unknown') return false;
    const passed = result.outcome === 'success';
    if (result.outcome !== 'success') this.failedBy = result.outcome;
    this.successes = passed ? this.successes + 1 : 0;
    this.failures = passed ? 0 : this.failures + 1;
    const next = passed ? 'healthy' : 'unhealthy';
    const reached = passed
      ? this.successes >= this.check.successThreshold
      : this.failures >= this.check.failureThreshold;
    if (!reached || this.state === next) return false;
    this.state = next;
    this.since = wall;
    return true;
  }
}

/** Two checks with the same key are one target. */
export function targetKey(check: HealthCheck): string {
  return JSON.stringify([
    check.kind,
    check.address,
    check.port,
    check.path,
    check.scheme,
    check.headers,
    check.service,
    check.periodMs,
    check.timeoutMs,
    check.successThreshold,
    check.failureThreshold,
    check.expectedStatus,
  ]);
}
