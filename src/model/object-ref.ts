/** Kinds of Kubernetes objects that Fairway reads. */
export type Kind =
  | 'Ingress'
  | 'IngressClass'
  | 'Service'
  | 'EndpointSlice'
  | 'Endpoints'
  | 'Secret'
  | 'ConfigMap'
  | 'Pod'
  | 'Namespace';

/**
 * Names one Kubernetes object, or with kind `File` a file that objects are read from (its path inside the folder, no
 * namespace), so that a diagnostic can be about it. `namespace` is empty for cluster-scoped kinds.
 */
export interface ObjectRef {
  readonly kind: Kind | 'File';
  readonly namespace: string;
  readonly name: string;
}

/** `Ingress shop/cart`, for messages. */
export function describeRef(ref: ObjectRef): string {
  return ref.namespace === '' ? `${ref.kind} ${ref.name}` : `${ref.kind} ${ref.namespace}/${ref.name}`;
}

/** `namespace/name`, the key of an object inside its kind. */
export function keyOf(ref: { readonly namespace: string; readonly name: string }): string {
  return `${ref.namespace}/${ref.name}`;
}
