import assert from 'node:assert/strict';

import { decodeObject } from '../../src/control/objects/decode.ts';
import type { DecodeOptions, Decoded } from '../../src/control/objects/decode.ts';
import type { ObjectOf } from '../../src/control/objects/kinds.ts';
import type { Kind } from '../../src/model/object-ref.ts';

const usual: DecodeOptions = {
  allowLoopback: false,
  origin: { kind: 'File', namespace: '', name: 'test.yaml' },
  place: 'test.yaml',
};

export function decode(value: unknown, options: Partial<DecodeOptions> = {}): Decoded {
  return decodeObject(value, { ...usual, ...options });
}

const versions: Readonly<Record<Kind, string>> = {
  Ingress: 'networking.k8s.io/v1',
  IngressClass: 'networking.k8s.io/v1',
  Service: 'v1',
  EndpointSlice: 'discovery.k8s.io/v1',
  Endpoints: 'v1',
  Secret: 'v1',
  ConfigMap: 'v1',
  Pod: 'v1',
  Namespace: 'v1',
};

/** A manifest of this kind, named `shop/it` unless `metadata` says otherwise. */
export function manifest(kind: Kind, content: object = {}, metadata: object = {}): Record<string, unknown> {
  return { apiVersion: versions[kind], kind, metadata: { name: 'it', namespace: 'shop', ...metadata }, ...content };
}

/** Decodes a manifest that must give an object; `complaints` are `code field`, in order. */
export function decodeAs<K extends Kind>(
  kind: K,
  content: object,
  options: Partial<DecodeOptions> = {},
): { readonly object: ObjectOf<K>; readonly complaints: readonly string[]; readonly text: string } {
  const decoded = decode(manifest(kind, content), options);
  assert.equal(decoded.outcome, 'object', JSON.stringify(decoded));
  assert.ok(decoded.outcome === 'object' && decoded.object.kind === kind);
  return {
    object: decoded.object as ObjectOf<K>,
    complaints: decoded.diagnostics.map((one) => `${one.code} ${one.field}`),
    text: JSON.stringify(decoded.diagnostics),
  };
}
