import type { UpstreamId } from './ids.ts';
import type { ObjectRef } from './object-ref.ts';

/**
 * Another upstream that takes a part of the requests of a route. Decided in the order session, header, cookie, weight.
 * Source: ingress-nginx `canary-*`, `balancer.lua` route_to_alternative_balancer.
 */
export interface Canary {
  readonly upstream: UpstreamId;
  /** `namespace-service-port`: in the metric label `canary`, and in the access log. */
  readonly name: string;
  /** The Ingress it comes from. */
  readonly source: ObjectRef;
  /** Requests out of `weightTotal`; 0 for none. */
  readonly weight: number;
  readonly weightTotal: number;
  readonly header?: CanaryHeader;
  /** Name of a cookie, in lower case, whose value `always` or `never` decides. */
  readonly cookie?: string;
  /**
   * On routes with session affinity. `sticky`: a session that begins at the canary stays there. `legacy`: its answers
   * begin no session. Source: ingress-nginx `affinity-canary-behavior`.
   */
  readonly sessions: 'sticky' | 'legacy';
  /** Stands for the canary in session cookies, as `CookieAffinity.upstreamHash` does for the upstream of the route. */
  readonly upstreamHash: string;
}

/** A header that decides. A request without it, or with a value that says nothing, goes on to the cookie. */
export interface CanaryHeader {
  /** Lower case. */
  readonly name: string;
  readonly rule: CanaryHeaderRule;
}

export type CanaryHeaderRule =
  /** `always` and `never`. */
  | { readonly kind: 'words' }
  | { readonly kind: 'value'; readonly value: string }
  /** As `lib/linear-pattern.ts` reads it. */
  | { readonly kind: 'pattern'; readonly pattern: string }
  /** A pattern that cannot be used: whoever sends the header stays with the upstream of the route. */
  | { readonly kind: 'never' };
