import type { UpstreamId } from './ids.ts';

/**
 * What a route asks of the filters: one optional field per feature; absent means off and free.
 * Milliseconds and bytes inside, whatever the manifest says.
 */
export interface RoutePolicies {
  readonly timeouts?: UpstreamTimeouts;
  readonly retry?: RetryPolicy;
  /** Absent: as `ProxyOptions.body` says. */
  readonly body?: BodyPolicy;
  readonly affinity?: CookieAffinity;
  readonly httpsRedirect?: HttpsRedirect;
  readonly mirror?: MirrorPolicy;
  /** Requests wait so long for the first endpoint; absent: 503 at once. */
  readonly holdMs?: number;
  /** Labels of this route in metrics and the access log. */
  readonly labels: RouteLabels;
}

/** Deadlines towards the upstream. Source: nginx `proxy_connect_timeout`, `proxy_send_timeout`, `proxy_read_timeout`. */
export interface UpstreamTimeouts {
  readonly connectMs: number;
  /** Longest silence between two writes to the upstream. */
  readonly sendMs: number;
  /** Longest silence between two reads from the upstream. */
  readonly readMs: number;
}

/** Condition under which a request may go to another endpoint. Source: nginx `proxy_next_upstream`. */
export type RetryCondition =
  | 'error'
  | 'timeout'
  | 'invalid_header'
  | 'http_500'
  | 'http_502'
  | 'http_503'
  | 'http_504'
  | 'http_403'
  | 'http_404'
  | 'http_429'
  | 'non_idempotent';

export interface RetryPolicy {
  /** Empty: never. */
  readonly on: readonly RetryCondition[];
  /** Tries in all, the first included; 0 is no limit. */
  readonly tries: number;
  /** Time for all tries; 0 is no limit. */
  readonly timeoutMs: number;
}

/** Bodies of requests. Source: nginx `client_max_body_size`, `client_body_buffer_size`, `proxy_request_buffering`. */
export interface BodyPolicy {
  /** Larger ones are refused with 413; 0 is no limit. */
  readonly limitBytes: number;
  /** So much of a body is kept, so that another endpoint can get it from the start. */
  readonly replayBytes: number;
}

/** Session affinity by cookie. Source: ingress-nginx `affinity: cookie` and `session-cookie-*`. */
export interface CookieAffinity {
  readonly mode: 'balanced' | 'persistent';
  readonly cookieName: string;
  readonly path: string;
  readonly domain?: string;
  readonly expiresSeconds?: number;
  readonly maxAgeSeconds?: number;
  readonly sameSite?: 'None' | 'Lax' | 'Strict';
  readonly conditionalSameSiteNone: boolean;
  /** `always`, or `https`: only on requests that came over TLS. */
  readonly secure: 'always' | 'https';
  readonly changeOnFailure: boolean;
  /** What becomes of a session whose endpoint terminates but still serves. */
  readonly whileDraining: 'keep' | 'move';
  /** Stands behind the bar in the cookie: a hash of the upstream's name, equal on every replica. */
  readonly upstreamHash: string;
}

/**
 * Copies of requests to somewhere else, whose answers nobody reads. Source: ingress-nginx `mirror-target`, `mirror-host`,
 * `mirror-request-body`; nginx `ngx_http_mirror_module`.
 */
export interface MirrorPolicy {
  readonly target: MirrorTarget;
  /** Path and query of the copies, with variables, see `proxy/exchange/variables.ts`. */
  readonly path: string;
  /** Host field of the copies, with variables. */
  readonly host: string;
  readonly body: boolean;
}

/** Where copies go: to an upstream of ours, or to a name outside of the cluster. */
export type MirrorTarget =
  | { readonly kind: 'upstream'; readonly scheme: 'http' | 'https'; readonly upstream: UpstreamId }
  | {
      readonly kind: 'name';
      readonly scheme: 'http' | 'https';
      /** Absolute DNS name; whoever connects resolves it, and refuses the addresses of threats R-70. */
      readonly name: string;
      readonly port: number;
    };

/** 308 to https for requests over plain HTTP. Source: ingress-nginx `ssl-redirect`, `force-ssl-redirect`. */
export interface HttpsRedirect {
  readonly status: 301 | 302 | 307 | 308;
  /** Absent: one trailing slash of the whole URI is cut, as ingress-nginx does. */
  readonly preserveTrailingSlash: boolean;
  /**
   * Requests whose normalised path starts with one of these stay on HTTP: challenges of certificate issuers. The same
   * list for every route. Source: ingress-nginx `no-tls-redirect-locations`.
   */
  readonly exemptPaths: readonly string[];
}

export interface RouteLabels {
  readonly namespace: string;
  readonly ingress: string;
  readonly service: string;
  /** Name or number of the Service port, as the Ingress writes it. */
  readonly servicePort: string;
  /** The rule's path, not the request's. */
  readonly path: string;
  /** The rule's host, or `_` for every host. */
  readonly host: string;
}
