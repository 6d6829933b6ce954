/**
 * When an endpoint is left out for a while because of what requests met there. Counted in each data worker, shared
 * between them. Source: Envoy, outlier detection; drain.md section 5.
 */
export interface EjectionPolicy {
  /** Connections refused in a row; 0 is never. */
  readonly refusals: number;
  /** Failures of any kind in a row; 0 is never. */
  readonly consecutiveFailures: number;
  /** Share of failures within the interval, 0 to 1; 0 is never. */
  readonly failureRate: number;
  /** Requests within the interval below which the share says nothing. */
  readonly minimumRequests: number;
  readonly intervalMs: number;
  /** Statuses of answers that count as failures, beside what never became an answer. */
  readonly statuses: readonly number[];
  /** First time out; doubles with each further one. */
  readonly baseMs: number;
  readonly maxMs: number;
  /** Largest share of a pool that may be out at one time, 0 to 1; 0 turns ejection off. */
  readonly maxShare: number;
}

/** Refused once: out for 1 s; five failures in a row: out as well. An answer of the application is never a failure. */
export const defaultEjection: EjectionPolicy = {
  refusals: 1,
  consecutiveFailures: 5,
  failureRate: 0,
  minimumRequests: 20,
  intervalMs: 10_000,
  statuses: [],
  baseMs: 1_000,
  maxMs: 10_000,
  maxShare: 0.5,
};

/** Why an endpoint was ejected. */
export type EjectionReason = 'refused' | 'consecutive-failures' | 'failure-rate';

/**
 * Circuit breaking. Limits are for the whole replica: each data worker takes its share, at least one.
 * Source: Envoy, circuit breaking; HAProxy `maxconn`, `maxqueue`, `timeout queue`.
 */
export interface UpstreamLimits {
  /** Exchanges and tunnels at one endpoint at a time, each of which holds a connection; absent: no limit. */
  readonly connectionsPerEndpoint?: number;
  /** Exchanges and tunnels at all endpoints together; absent: no limit. */
  readonly connections?: number;
  /** Requests that wait for a place; one more is answered with 503. */
  readonly pending: number;
  /** Longest wait for a place; then 503. */
  readonly pendingMs: number;
}

/** What annotations change of the check that the readiness probe gives. Source: Kubernetes API, Probe v1 core. */
export interface HealthCheckWish {
  readonly kind: 'readiness-probe' | 'off' | 'http' | 'tcp' | 'grpc';
  /** For `http`: path and query. */
  readonly path?: string;
  /** Number, or the name of a port of one of the pod's containers. */
  readonly port?: string | number;
  /** For `http`: the Host header. */
  readonly host?: string;
  readonly intervalMs?: number;
  readonly timeoutMs?: number;
  readonly healthyThreshold?: number;
  readonly unhealthyThreshold?: number;
  /** Ranges of statuses that pass, for example `[[200, 299]]`; absent: 200 to 399, as the kubelet has it. */
  readonly expectedStatus?: readonly (readonly [number, number])[];
}
