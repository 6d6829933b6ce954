import type { EndpointId, UpstreamId } from '../../model/ids.ts';

/** What the checks say of one endpoint. `unknown` before enough answers came in; an unknown endpoint gets requests. */
export interface EndpointHealth {
  readonly state: 'unknown' | 'healthy' | 'unhealthy';
  /** When `state` began, milliseconds since 1970. */
  readonly since: number;
  /** Result of the last check for people, for example `HTTP 503`; empty before the first one. */
  readonly lastResult: string;
  /** How it failed last; `inherited`: it was out before this process started. Says nothing before the first failure. */
  readonly failedBy: 'failure' | 'timeout' | 'inherited';
  /** When the last check ended, milliseconds since 1970; 0 before the first one. */
  readonly checkedAt: number;
  /** Successful checks in a row; 0 after a failure. */
  readonly successes: number;
  /** Failed checks in a row; 0 after a success. */
  readonly failures: number;
}

/** Checks of one upstream. */
export interface UpstreamHealth {
  /** Nothing would be left to serve, so the checks of this upstream take nothing out. */
  readonly ignored: boolean;
  /** Only endpoints that are checked; the others follow the readiness of Kubernetes alone. */
  readonly endpoints: ReadonlyMap<EndpointId, EndpointHealth>;
}

/** Read side of the prober, for the admin page and the metrics. */
export interface HealthView {
  /** Absent when nothing of the upstream is checked. */
  upstream(id: UpstreamId): UpstreamHealth | undefined;
  /** Upstreams whose checks are ignored now. */
  ignored(): ReadonlySet<UpstreamId>;
}
