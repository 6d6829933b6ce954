import type { Canary } from './canary.ts';
import type { CertificateId, HostPattern, RouteId, UpstreamId } from './ids.ts';
import type { ObjectRef } from './object-ref.ts';
import type { RoutePolicies } from './policy.ts';

/** All that is served under one host. */
export interface VirtualHost {
  readonly host: HostPattern;
  /** In the order in which they are tried: exact first, then by length of the path, longest first. */
  readonly routes: readonly Route[];
  /** Served for this server name; absent means the default certificate. */
  readonly certificate?: CertificateId;
}

/** One match with an action. */
export interface Route {
  readonly id: RouteId;
  /** The Ingress it comes from. */
  readonly source: ObjectRef;
  readonly match: PathMatch;
  readonly action: RouteAction;
  readonly policies: RoutePolicies;
}

/**
 * How a path matches. `exact`: the whole path. `prefix`: whole segments (`/foo` takes `/foo` and `/foo/x`, not `/foox`).
 * `text-prefix`: first characters, which is what ingress-nginx does for ImplementationSpecific.
 * Source: Kubernetes Ingress API, `pathType`.
 */
export interface PathMatch {
  readonly kind: 'exact' | 'prefix' | 'text-prefix';
  readonly path: string;
}

export type RouteAction =
  | {
      readonly kind: 'forward';
      readonly upstream: UpstreamId;
      /** In the order in which they are asked; absent: none. */
      readonly canaries?: readonly Canary[];
    }
  /** Answered by Fairway itself; `reason` goes to the access log, never to the client. */
  | { readonly kind: 'respond'; readonly status: number; readonly reason: string };
