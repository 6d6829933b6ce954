import type { Kind } from '../../../model/object-ref.ts';

/** Where the API server keeps the objects of a kind. */
export interface Resource {
  readonly kind: Kind;
  /** `group/version`, or the version alone for the core group. */
  readonly apiVersion: string;
  /** Plural name, as in RBAC rules. */
  readonly name: string;
  readonly namespaced: boolean;
}

/** Every kind that Fairway reads. Source: Kubernetes API reference, v1.36. */
export const resources: Readonly<Record<Kind, Resource>> = {
  Ingress: { kind: 'Ingress', apiVersion: 'networking.k8s.io/v1', name: 'ingresses', namespaced: true },
  IngressClass: { kind: 'IngressClass', apiVersion: 'networking.k8s.io/v1', name: 'ingressclasses', namespaced: false },
  Service: { kind: 'Service', apiVersion: 'v1', name: 'services', namespaced: true },
  EndpointSlice: { kind: 'EndpointSlice', apiVersion: 'discovery.k8s.io/v1', name: 'endpointslices', namespaced: true },
  Endpoints: { kind: 'Endpoints', apiVersion: 'v1', name: 'endpoints', namespaced: true },
  Secret: { kind: 'Secret', apiVersion: 'v1', name: 'secrets', namespaced: true },
  ConfigMap: { kind: 'ConfigMap', apiVersion: 'v1', name: 'configmaps', namespaced: true },
  Pod: { kind: 'Pod', apiVersion: 'v1', name: 'pods', namespaced: true },
  Namespace: { kind: 'Namespace', apiVersion: 'v1', name: 'namespaces', namespaced: false },
};

/** API group as RBAC rules write it: empty for the core group. */
export function groupOf(resource: Resource): string {
  const [group, version] = resource.apiVersion.split('/');
  return version === undefined ? '' : (group ?? '');
}

/** Path of a collection, or of one object in it. */
export function pathOf(resource: Resource, namespace: string, name = ''): string {
  const root = resource.apiVersion === 'v1' ? '/api/v1' : `/apis/${resource.apiVersion}`;
  const scope = namespace === '' ? '' : `/namespaces/${encodeURIComponent(namespace)}`;
  return `${root}${scope}/${resource.name}${name === '' ? '' : `/${encodeURIComponent(name)}`}`;
}

/** What one Reflector follows: a resource, in one namespace or in all, narrowed by selectors. */
export interface Scope {
  readonly resource: Resource;
  /** Empty for all namespaces and for cluster-scoped resources. */
  readonly namespace: string;
  readonly fieldSelector: string;
  readonly labelSelector: string;
}

/** `ingresses in namespace shop`, for messages. */
export function describeScope(scope: Scope): string {
  const { resource, namespace } = scope;
  if (!resource.namespaced) return resource.name;
  return namespace === '' ? `${resource.name} in all namespaces` : `${resource.name} in namespace ${namespace}`;
}

/** The selectors as query parameters. */
export function selectorsOf(scope: Scope): Record<string, string> {
  return {
    ...(scope.fieldSelector === '' ? {} : { fieldSelector: scope.fieldSelector }),
    ...(scope.labelSelector === '' ? {} : { labelSelector: scope.labelSelector }),
  };
}
