import type { Severity } from '../../model/diagnostic.ts';

/** Names of the diagnostics that decoding reports. */
export type DecodeCode =
  | 'object-malformed'
  | 'api-version-not-read'
  | 'field-malformed'
  | 'unknown-field'
  | 'annotation-malformed'
  | 'host-malformed'
  | 'path-malformed'
  | 'path-type-missing'
  | 'backend-malformed'
  | 'endpoint-address-refused'
  | 'secret-type-not-read'
  | 'certificate-chain-repaired'
  | 'more-mistakes';

/** What each code means, with its usual severity; generated into `docs/errors.md`. */
export const decodeCodes: Readonly<Record<DecodeCode, { readonly severity: Severity; readonly doc: string }>> = {
  'object-malformed': {
    severity: 'error',
    doc: 'The object cannot be read at all: it has no name, or its spec is not an object. What it said before goes on to count, else it counts as absent.',
  },
  'api-version-not-read': {
    severity: 'error',
    doc: 'The kind is one that Fairway reads, but not in this version of its API. The object counts as absent.',
  },
  'field-malformed': {
    severity: 'error',
    doc: 'A field has a wrong type or value and is ignored; the rest of the object counts.',
  },
  'unknown-field': {
    severity: 'warning',
    doc: 'A manifest in a folder has a field that the Kubernetes API does not have, and it is ignored. A rule without host, or a path without text, that has one is left out, which is an error: a misspelled host must not open a route to every host.',
  },
  'annotation-malformed': {
    severity: 'warning',
    doc: 'An annotation or label is not text, or its key is not a valid name, and is ignored.',
  },
  'host-malformed': {
    severity: 'error',
    doc: 'A host of an Ingress is not a DNS name. The rule is not served.',
  },
  'path-malformed': {
    severity: 'error',
    doc: 'A path of an Ingress is not one that the Kubernetes API accepts. The path is not served.',
  },
  'path-type-missing': {
    severity: 'warning',
    doc: 'A path of an Ingress has no pathType, which the Kubernetes API demands. It is served as ImplementationSpecific.',
  },
  'backend-malformed': {
    severity: 'error',
    doc: 'A backend of an Ingress names neither a Service with one port nor a resource. The path is not served.',
  },
  'endpoint-address-refused': {
    severity: 'error',
    doc: 'An endpoint has an address that no pod can have: loopback, link-local, multicast or unspecified.',
  },
  'secret-type-not-read': {
    severity: 'warning',
    doc: 'A Secret holds a certificate but is not of type kubernetes.io/tls, and is not read.',
  },
  'certificate-chain-repaired': {
    severity: 'warning',
    doc: 'The certificates of a Secret are not leaf first, or some cannot be read. They are served in the right order.',
  },
  'more-mistakes': {
    severity: 'warning',
    doc: 'An object has more mistakes than are listed one by one.',
  },
};
