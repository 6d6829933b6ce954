import type { EndpointId, UpstreamId } from './ids.ts';
import type { ObjectRef } from './object-ref.ts';

/** Names as users write them in `load-balance`. */
export type BalancingAlgorithm = 'round_robin' | 'least_conn' | 'random_two' | 'ewma' | 'hash' | 'ip_hash' | 'weighted';

/** `as-client`: the scheme that the client came with. Source: ingress-nginx `backend-protocol: AUTO_HTTP`. */
export type UpstreamProtocol = 'http' | 'https' | 'as-client';

/** Named group of endpoints. */
export interface Upstream {
  readonly id: UpstreamId;
  readonly namespace: string;
  readonly service: string;
  readonly port: string;
  readonly protocol: UpstreamProtocol;
  readonly balancing: Balancing;
  /** Ready ones, and terminating ones that still serve. Never an endpoint that must not get requests. */
  readonly endpoints: readonly Endpoint[];
}

export interface Balancing {
  readonly algorithm: BalancingAlgorithm;
  /** Text with variables that `hash` hashes, for example `$request_uri`; see `proxy/exchange/variables.ts`. */
  readonly hashBy?: string;
}

/** One address and port. */
export interface Endpoint {
  readonly id: EndpointId;
  /**
   * IPv4 or IPv6 address without brackets; with `--enable-external-name` also a DNS name, absolute (it ends in a dot),
   * which whoever connects resolves, refusing the addresses of threats R-70.
   */
  readonly address: string;
  readonly port: number;
  /** `draining`: terminating but still serving; used only while no endpoint is ready, and by sessions that stick to it. */
  readonly state: 'ready' | 'draining';
  /** Relative share for `weighted`; 1 unless the pod or slice says otherwise. */
  readonly weight: number;
  readonly zone?: string;
  readonly pod?: ObjectRef;
}

/** How the control process checks one endpoint. Made from the readiness probe. Source: Kubernetes API, Probe v1 core. */
export interface HealthCheck {
  readonly kind: 'http' | 'tcp' | 'grpc';
  readonly address: string;
  readonly port: number;
  /** For `http`: starts with a slash. */
  readonly path: string;
  readonly scheme: 'http' | 'https';
  /** For `http`: flat list, name, value, name, value. */
  readonly headers: readonly string[];
  /** For `grpc`: the service name, may be empty. */
  readonly service: string;
  readonly periodMs: number;
  readonly timeoutMs: number;
  readonly successThreshold: number;
  readonly failureThreshold: number;
}
