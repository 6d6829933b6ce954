import type { Diagnostic } from '../../model/diagnostic.ts';
import type { EndpointId, UpstreamId } from '../../model/ids.ts';
import type { ObjectRef } from '../../model/object-ref.ts';
import type { Snapshot } from '../../model/snapshot.ts';
import type { HealthCheck } from '../../model/upstream.ts';
import type { LoadBalancerAddress } from '../objects/kinds.ts';

/** Everything that follows from the objects. Two equal views give equal compilations. */
export interface Compilation {
  readonly snapshot: Snapshot;
  readonly diagnostics: readonly Diagnostic[];
  readonly statuses: readonly IngressStatus[];
  /** What the control process checks; endpoints that are not in here follow Kubernetes' readiness alone. */
  readonly healthChecks: ReadonlyMap<UpstreamId, ReadonlyMap<EndpointId, HealthCheck>>;
  /** State of each Ingress of our classes, for the metric `fairway_ingress_info` and the admin page. */
  readonly ingresses: readonly IngressState[];
  /** Services that Ingresses name but that are missing or without endpoints, for `orphan_ingress`. */
  readonly orphans: readonly OrphanIngress[];
}

/** What the leader writes into `status.loadBalancer` of one Ingress. */
export interface IngressStatus {
  readonly ingress: ObjectRef;
  readonly current: readonly LoadBalancerAddress[];
  /** Empty when no address is known: then nothing is written. */
  readonly wanted: readonly LoadBalancerAddress[];
}

export interface IngressState {
  readonly ingress: ObjectRef;
  readonly state: 'accepted' | 'degraded' | 'rejected';
  /** Code of the worst diagnostic; empty when accepted. */
  readonly reason: string;
}

export interface OrphanIngress {
  readonly ingress: ObjectRef;
  readonly type: 'no-service' | 'no-endpoint';
}
