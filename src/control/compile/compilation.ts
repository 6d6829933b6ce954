import type { Certificate } from '../../model/certificate.ts';
import type { Diagnostic } from '../../model/diagnostic.ts';
import type { EndpointId, UpstreamId } from '../../model/ids.ts';
import type { ObjectRef } from '../../model/object-ref.ts';
import type { Snapshot } from '../../model/snapshot.ts';
import type { HealthCheck } from '../../model/upstream.ts';
import type { Settings } from '../../settings/settings.ts';
import type { LoadBalancerAddress } from '../objects/kinds.ts';
import type { ObjectView } from '../objects/object-store.ts';

/** Everything that a compilation depends on; nothing else counts. */
export interface CompileInput {
  readonly objects: ObjectView;
  /** As parsed at the start; the keys of the ConfigMap are applied on top inside. */
  readonly settings: Settings;
  /** Of the snapshot that comes out. */
  readonly version: number;
  /** What is served now: where the last good certificate of a host comes from when its Secret goes. */
  readonly previous?: Snapshot;
  /** Unix time in seconds, cut to whole hours by the caller, so that results stay the same meanwhile. */
  readonly nowSeconds: number;
  /** What goes into the status of every Ingress; empty when it is not known. */
  readonly publishedAddresses: readonly LoadBalancerAddress[];
  /** Of the node that this replica runs on, for `--zone=auto`; absent when it is not known. */
  readonly zone?: string;
  /** For server names without a certificate, when `--default-ssl-certificate` gives none: the self-signed one. */
  readonly defaultCertificate?: Certificate;
}

/** A compiler with the memory of its last run, which changes only speed. */
export type Compiler = (input: CompileInput) => Compilation;

/**
 * Everything that follows from the objects. Two equal inputs give equal compilations; from one compiler, parts that did
 * not change keep their identity, from the lists and maps down to single virtual hosts, upstreams and endpoints.
 */
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
