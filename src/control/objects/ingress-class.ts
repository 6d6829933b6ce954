import type { FieldReader, Fields } from './field-reader.ts';
import type { IngressClass, Metadata } from './kinds.ts';

/** networking.k8s.io/v1 IngressClass. */
export function readIngressClass(reader: FieldReader, metadata: Metadata, object: Fields): IngressClass {
  const spec = reader.fields(object, 'spec', '') ?? {};
  return {
    kind: 'IngressClass',
    ...metadata,
    controller: reader.text(spec, 'controller', 'spec') ?? '',
    isDefault: metadata.annotations['ingressclass.kubernetes.io/is-default-class'] === 'true',
  };
}
