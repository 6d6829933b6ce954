import type { UpstreamId } from './ids.ts';
import type { RouteLabels } from './policy.ts';

/**
 * Another upstream that takes a part of the requests of a route. Decided in the order header, cookie, weight.
 * Source: ingress-nginx `canary-*`, `balancer.lua` route_to_alternative_balancer.
 */
export interface Canary {
  readonly upstream: UpstreamId;
  /** Of the canary's own Ingress and Service, for metrics and the access log. */
  readonly labels: RouteLabels;
  /** Requests out of `weightTotal`; 0 for none. */
  readonly weight: number;
  readonly weightTotal: number;
  readonly header?: CanaryHeader;
  /** Name of a cookie whose value `always` or `never` decides. */
  readonly cookie?: string;
  /** `upstreamHash` of the canary as it stands in session cookies. */
  readonly upstreamHash: string;
}

/** Without value and pattern, `always` and `never` decide. */
export interface CanaryHeader {
  /** Lower case. */
  readonly name: string;
  readonly value?: string;
  /** Regular expression in a syntax that runs in linear time; see `control/annotations`. */
  readonly pattern?: string;
}
