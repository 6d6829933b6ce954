import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

import { decodeObject } from '../../src/control/objects/decode.ts';
import type { KubeObject, Secret } from '../../src/control/objects/kinds.ts';
import { ObjectStore } from '../../src/control/objects/object-store.ts';
import { readYaml } from '../../src/control/sources/directory/yaml-documents.ts';
import { certificateId } from '../../src/model/ids.ts';
import { parseInvocation } from '../../src/settings/parse.ts';
import type { Settings } from '../../src/settings/settings.ts';

/**
 * A case is a file of Kubernetes objects. A document of kind `Case` may stand first: `idea` in a sentence, `flags` as on
 * the command line, `day` counts from the beginning of all test certificates, `addresses` for the status. A document of
 * kind `TlsSecret` stands for a Secret whose certificate need not be real: `names`, `from` and `until` in days, or
 * `invalid` with the reason. `Backend` stands for a Service with port 80 and one slice of `endpoints` on port 8080. Where
 * there is no IngressClass, one named fairway is the default class. Objects with `only: before` (or the annotation `only: before`) are there in a first
 * compilation and gone in the second, whose result is printed; `only: after` is the reverse.
 */
export interface GoldenCase {
  readonly settings: Settings;
  readonly nowSeconds: number;
  readonly addresses: readonly { ip: string }[];
  readonly before: ObjectStore | undefined;
  readonly after: ObjectStore;
}

interface CaseDocument {
  readonly kind?: string;
  readonly idea?: string;
  readonly flags?: readonly string[];
  readonly day?: number;
  readonly addresses?: readonly string[];
  readonly only?: 'before' | 'after';
  readonly metadata?: { readonly annotations?: Readonly<Record<string, string>>; readonly [field: string]: unknown };
  readonly name?: string;
  readonly namespace?: string;
  readonly names?: readonly string[];
  readonly from?: number;
  readonly until?: number;
  readonly invalid?: string;
  readonly endpoints?: readonly unknown[];
  readonly [field: string]: unknown;
}

export const firstDay = 1_700_000_000;
const daySeconds = 86_400;

export function readCase(file: string): GoldenCase {
  const yaml = readYaml(readFileSync(file, 'utf8'));
  assert.equal(yaml.kind, 'documents', JSON.stringify(yaml));
  const documents = yaml.documents.map(({ value }) => value as CaseDocument);
  const [head] = documents;
  const options = head?.kind === 'Case' ? head : {};
  const objects = documents.filter((document) => document.kind !== 'Case');
  const twice = objects.some((document) => onlyOf(document) !== undefined);
  return {
    settings: settingsOf(options.flags ?? []),
    nowSeconds: firstDay + (options.day ?? 1) * daySeconds,
    addresses: (options.addresses ?? []).map((ip) => ({ ip })),
    before: twice ? storeOf(objects.filter((document) => onlyOf(document) !== 'after')) : undefined,
    after: storeOf(objects.filter((document) => onlyOf(document) !== 'before')),
  };
}

function onlyOf(document: CaseDocument): 'before' | 'after' | undefined {
  const annotation = document.metadata?.annotations?.['only'];
  return document.only ?? (annotation === 'before' || annotation === 'after' ? annotation : undefined);
}

export function settingsOf(flags: readonly string[]): Settings {
  const invocation = parseInvocation(['--manifests', 'examples', ...flags], {});
  assert.equal(invocation.kind, 'serve', JSON.stringify(invocation));
  return invocation.settings;
}

function storeOf(documents: readonly CaseDocument[]): ObjectStore {
  const store = new ObjectStore();
  const named = documents.some((document) => document.kind === 'IngressClass');
  const objects = [...(named ? [] : [defaultClass]), ...documents.flatMap(withBackends)];
  objects.forEach((document, at) => {
    if (document.kind === 'TlsSecret') return store.upsert(tlsSecret(document));
    const origin = { kind: 'File', namespace: '', name: `document ${at}` } as const;
    const decoded = decodeObject(document, {
      allowLoopback: false,
      defaultNamespace: 'shop',
      origin,
      place: `document ${at}`,
    });
    store.report(`${at}`.padStart(4, '0'), decoded.diagnostics);
    if (decoded.outcome === 'object') store.upsert(decoded.object satisfies KubeObject);
    return undefined;
  });
  return store;
}

const defaultClass = {
  apiVersion: 'networking.k8s.io/v1',
  kind: 'IngressClass',
  metadata: { name: 'fairway', annotations: { 'ingressclass.kubernetes.io/is-default-class': 'true' } },
  spec: { controller: 'fairway.dev/ingress-controller' },
};

function withBackends(document: CaseDocument): readonly CaseDocument[] {
  if (document.kind !== 'Backend') return [document];
  const { name = '', namespace = 'shop', endpoints = ['10.1.0.1'] } = document;
  const service = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace },
    spec: { clusterIP: '10.96.0.1', ports: [{ port: 80, targetPort: 8080 }] },
  };
  const slice = {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: `${name}-1`, namespace, labels: { 'kubernetes.io/service-name': name } },
    addressType: 'IPv4',
    ports: [{ port: 8080 }],
    endpoints: endpoints.map((address) => ({ addresses: [address] })),
  };
  return [service, slice];
}

export function tlsSecret(document: CaseDocument): Secret {
  const { name = 'tls', namespace = 'shop', names = [], from = 0, until = 365, invalid } = document;
  const base = { uid: '', resourceVersion: '', createdAt: 0, annotations: {}, labels: {}, type: 'kubernetes.io/tls' };
  const fix = 'Write a certificate and its key.';
  const certificate = {
    id: certificateId(`${namespace}/${name}`, `${from}-${until}`),
    chainPem: 'CERTIFICATE',
    keyPem: 'KEY',
    source: `${namespace}/${name}`,
    names,
    issuer: 'CN=test',
    issuerOrganization: '',
    issuerCommonName: 'test',
    serialNumber: '01',
    keyAlgorithm: 'EC',
    notBefore: firstDay + from * daySeconds,
    notAfter: firstDay + until * daySeconds,
  };
  return {
    kind: 'Secret',
    namespace,
    name,
    ...base,
    tls: invalid === undefined ? { kind: 'certificate', certificate } : { kind: 'invalid', why: invalid, fix },
  };
}
