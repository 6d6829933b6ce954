import type { Certificate } from '../../model/certificate.ts';
import type { Kind } from '../../model/object-ref.ts';

/** The fields of Kubernetes objects that Fairway reads; everything else is dropped while decoding. */
export type KubeObject =
  | Ingress
  | IngressClass
  | Service
  | EndpointSlice
  | Endpoints
  | Secret
  | ConfigMap
  | Pod
  | Namespace;

export type ObjectOf<K extends Kind> = Extract<KubeObject, { readonly kind: K }>;

export interface Metadata {
  /** Empty for cluster-scoped kinds. */
  readonly namespace: string;
  readonly name: string;
  /** Empty for objects that come from a folder. */
  readonly uid: string;
  readonly resourceVersion: string;
  /** Unix time in seconds; 0 when the object does not say. */
  readonly createdAt: number;
  readonly annotations: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
}

interface Base<K extends Kind> extends Metadata {
  readonly kind: K;
}

/** networking.k8s.io/v1 Ingress. */
export interface Ingress extends Base<'Ingress'> {
  readonly className?: string;
  readonly defaultBackend?: IngressBackend;
  readonly rules: readonly IngressRule[];
  /** Some rules are wrong and not in `rules`. */
  readonly lacksRules?: true;
  readonly tls: readonly IngressTls[];
  /** Addresses in `status.loadBalancer.ingress`. */
  readonly addresses: readonly LoadBalancerAddress[];
}

export interface IngressRule {
  /** Absent: every host. */
  readonly host?: string;
  readonly paths: readonly IngressPath[];
}

export interface IngressPath {
  readonly path: string;
  readonly pathType: 'Exact' | 'Prefix' | 'ImplementationSpecific';
  readonly backend: IngressBackend;
}

export type IngressBackend =
  | { readonly kind: 'service'; readonly name: string; readonly port: ServicePortRef }
  /** A resource backend, which Fairway does not serve. */
  | { readonly kind: 'resource'; readonly apiGroup: string; readonly resourceKind: string; readonly name: string };

/** Name or number of a Service port; a number when the manifest gave `number`. */
export type ServicePortRef = string | number;

export interface IngressTls {
  readonly hosts: readonly string[];
  readonly secretName?: string;
}

export interface LoadBalancerAddress {
  readonly ip?: string;
  readonly hostname?: string;
}

/** networking.k8s.io/v1 IngressClass. */
export interface IngressClass extends Base<'IngressClass'> {
  readonly controller: string;
  /** From the annotation `ingressclass.kubernetes.io/is-default-class`. */
  readonly isDefault: boolean;
}

/** v1 Service. */
export interface Service extends Base<'Service'> {
  readonly type: 'ClusterIP' | 'NodePort' | 'LoadBalancer' | 'ExternalName';
  /** `None` for headless, empty for ExternalName. */
  readonly clusterIP: string;
  readonly externalName: string;
  readonly externalIPs: readonly string[];
  readonly ports: readonly ServicePort[];
  readonly addresses: readonly LoadBalancerAddress[];
}

export interface ServicePort {
  /** Empty when the Service has one port without a name. */
  readonly name: string;
  readonly port: number;
  /** Number, or the name of a container port; defaults to `port`. */
  readonly targetPort: string | number;
  readonly protocol: string;
}

/** discovery.k8s.io/v1 EndpointSlice. */
export interface EndpointSlice extends Base<'EndpointSlice'> {
  /** From the label `kubernetes.io/service-name`; empty when it has none. */
  readonly service: string;
  /** From the label `endpointslice.kubernetes.io/managed-by`; empty when it has none. */
  readonly managedBy: string;
  readonly addressType: 'IPv4' | 'IPv6' | 'FQDN';
  readonly ports: readonly EndpointPort[];
  readonly endpoints: readonly SliceEndpoint[];
}

export interface EndpointPort {
  /** Name of the Service port; empty when it has none. */
  readonly name: string;
  /** Absent means all ports, which Fairway cannot serve. */
  readonly port?: number;
  readonly protocol: string;
}

/** Conditions after Kubernetes' reading of nil: ready and serving nil are true, terminating nil is false. */
export interface SliceEndpoint {
  readonly addresses: readonly string[];
  readonly ready: boolean;
  readonly serving: boolean;
  readonly terminating: boolean;
  readonly zone?: string;
  /** Zones whose clients it is for; absent when the slice does not say. Source: Kubernetes API, EndpointHints. */
  readonly zoneHints?: readonly string[];
  /** Name of the pod in the slice's namespace, when `targetRef` is a Pod. */
  readonly pod?: string;
  readonly nodeName?: string;
}

/** v1 Endpoints, read only where a cluster serves no EndpointSlices. */
export interface Endpoints extends Base<'Endpoints'> {
  readonly subsets: readonly EndpointsSubset[];
}

export interface EndpointsSubset {
  readonly ready: readonly { readonly ip: string; readonly pod?: string }[];
  readonly notReady: readonly { readonly ip: string; readonly pod?: string }[];
  readonly ports: readonly EndpointPort[];
}

/** v1 Secret of type kubernetes.io/tls: checked once per version while decoding. Other types are not kept. */
export interface Secret extends Base<'Secret'> {
  readonly type: string;
  readonly tls: TlsMaterial;
}

export type TlsMaterial =
  | { readonly kind: 'certificate'; readonly certificate: Certificate }
  | { readonly kind: 'invalid'; readonly why: string; readonly fix: string };

/** v1 ConfigMap. */
export interface ConfigMap extends Base<'ConfigMap'> {
  readonly data: Readonly<Record<string, string>>;
}

/** v1 Pod: addresses and readiness probes of its containers. */
export interface Pod extends Base<'Pod'> {
  readonly ips: readonly string[];
  readonly containers: readonly Container[];
}

export interface Container {
  readonly name: string;
  readonly ports: readonly { readonly name: string; readonly containerPort: number; readonly protocol: string }[];
  readonly readinessProbe?: ReadinessProbe;
}

/** Defaults of the Kubernetes API are filled in while decoding. */
export interface ReadinessProbe {
  readonly action:
    | {
        readonly kind: 'http';
        readonly path: string;
        readonly port: string | number;
        readonly scheme: 'http' | 'https';
        /** Flat list, name, value, name, value. */
        readonly headers: readonly string[];
        readonly host: string;
      }
    | { readonly kind: 'tcp'; readonly port: string | number; readonly host: string }
    | { readonly kind: 'grpc'; readonly port: number; readonly service: string }
    | { readonly kind: 'exec' };
  readonly periodSeconds: number;
  readonly timeoutSeconds: number;
  readonly successThreshold: number;
  readonly failureThreshold: number;
  readonly initialDelaySeconds: number;
}

/** v1 Namespace, read only for `--watch-namespace-selector`. */
export interface Namespace extends Base<'Namespace'> {}
