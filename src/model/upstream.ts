import type { EndpointId, UpstreamId } from './ids.ts';
import type { ObjectRef } from './object-ref.ts';
import type { EjectionPolicy, UpstreamLimits } from './pool-policy.ts';

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
  /** Absent: `defaultEjection`. */
  readonly ejection?: EjectionPolicy;
  /** An endpoint that became ready gets a share that grows this long; absent: its full share at once. */
  readonly slowStartMs?: number;
  /** Absent: no limits. */
  readonly limits?: UpstreamLimits;
  /** Ready ones, and terminating ones that still serve. Never an endpoint that must not get requests. */
  readonly endpoints: readonly Endpoint[];
}

export interface Balancing {
  readonly algorithm: BalancingAlgorithm;
  /** Text with variables that `hash` hashes, for example `$request_uri`; see `proxy/exchange/variables.ts`. */
  readonly hashBy?: string;
  /** `hash` leads each key to so many endpoints, of which one is chosen at random. Source: `upstream-hash-by-subset`. */
  readonly subsetSize?: number;
  /** `hash` passes by endpoints that hold more than this times the mean, above 1; absent: never. Bounded loads. */
  readonly boundedLoad?: number;
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
  /** Kubernetes hints that it is for the zone of this replica. Source: Kubernetes API, EndpointHints. */
  readonly near?: true;
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
  /** For `http`: ranges of statuses that pass; absent: 200 to 399, as the kubelet has it. */
  readonly expectedStatus?: readonly (readonly [number, number])[];
}
