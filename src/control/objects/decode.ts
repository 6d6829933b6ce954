import { closest } from '../../lib/suggest.ts';
import type { Diagnostic } from '../../model/diagnostic.ts';
import type { Kind, ObjectRef } from '../../model/object-ref.ts';
import { readConfigMap } from './config-map.ts';
import type { DecodeCode } from './decode-codes.ts';
import { readEndpointSlice } from './endpoint-slice.ts';
import { readEndpoints } from './endpoints.ts';
import { FieldReader, isFields, quoted, typeName } from './field-reader.ts';
import type { Fields } from './field-reader.ts';
import { isLabel, isSubdomain } from './grammar.ts';
import { readIngressClass } from './ingress-class.ts';
import { readIngress } from './ingress.ts';
import type { KubeObject, Metadata } from './kinds.ts';
import { readMetadata } from './metadata.ts';
import type { KeptKeys } from './metadata.ts';
import { readNamespace } from './namespace.ts';
import { readPod } from './pod.ts';
import { readSecret } from './secret.ts';
import { readService } from './service.ts';

export interface DecodeOptions {
  /** For items of a list of the API server, which do not say their kind and version. Absent: they must say it. */
  readonly kind?: Kind;
  /** For objects that name no namespace. Absent: they are malformed. */
  readonly defaultNamespace?: string;
  /** Endpoints on 127.0.0.0/8 and ::1: in a folder on one's own machine, never in a cluster. */
  readonly allowLoopback: boolean;
  /** Report fields that the API does not have: in a folder, where no API server would warn of them. */
  readonly strict?: boolean;
  /** What a diagnostic is about while the object's own name is not known. */
  readonly origin: ObjectRef;
  /** Where the object stands, for messages: `document 2 of shop.yaml`, `the list of Ingresses`. */
  readonly place: string;
}

/** What became of one value. */
export type Decoded =
  | { readonly outcome: 'object'; readonly object: KubeObject; readonly diagnostics: readonly Diagnostic[] }
  /** A well-formed object that Fairway does not keep: a Secret that is not of type kubernetes.io/tls. */
  | { readonly outcome: 'not-kept'; readonly ref: ObjectRef; readonly diagnostics: readonly Diagnostic[] }
  /** Not a kind that Fairway reads, which is nobody's mistake; `meant` is there when it looks like one misspelled. */
  | {
      readonly outcome: 'other-kind';
      readonly kind: string;
      readonly meant?: Kind;
      readonly diagnostics: readonly Diagnostic[];
    }
  /** Counts as absent; `ref` is there when at least the name can be read. */
  | { readonly outcome: 'malformed'; readonly ref?: ObjectRef; readonly diagnostics: readonly Diagnostic[] };

interface KindReader {
  readonly group: string;
  readonly namespaced: boolean;
  /** Annotations and labels that stay in memory. */
  readonly kept: KeptKeys;
  readonly read: (
    reader: FieldReader,
    metadata: Metadata,
    object: Fields,
    allowLoopback: boolean,
  ) => KubeObject | undefined;
}

/** Every kind with its API group; the version is v1 for all. */
const kindReaders: Readonly<Record<Kind, KindReader>> = {
  Ingress: { group: 'networking.k8s.io', namespaced: true, kept: 'all', read: readIngress },
  IngressClass: { group: 'networking.k8s.io', namespaced: false, kept: 'all', read: readIngressClass },
  Service: { group: '', namespaced: true, kept: 'own', read: readService },
  EndpointSlice: { group: 'discovery.k8s.io', namespaced: true, kept: 'own', read: readEndpointSlice },
  Endpoints: { group: '', namespaced: true, kept: 'own', read: readEndpoints },
  Secret: { group: '', namespaced: true, kept: 'own', read: readSecret },
  ConfigMap: { group: '', namespaced: true, kept: 'own', read: readConfigMap },
  Pod: { group: '', namespaced: true, kept: 'own', read: readPod },
  Namespace: { group: '', namespaced: false, kept: 'all', read: (_reader, metadata) => readNamespace(metadata) },
};

/** Makes one of the kinds in `kinds.ts` of anything, or says why not. Never throws, whatever the value. */
export function decodeObject(value: unknown, options: DecodeOptions): Decoded {
  if (!isFields(value)) {
    return malformed(
      options,
      'Object',
      `it is ${typeName(value)}`,
      'Write a Kubernetes object with apiVersion and kind.',
    );
  }
  const name = value['kind'] ?? options.kind;
  if (typeof name !== 'string' || name === '') {
    return malformed(options, 'Object', 'kind is missing', 'Write kind, for example kind: Ingress.');
  }
  const kind = knownKind(name);
  if (kind === undefined || (options.kind !== undefined && options.kind !== kind)) return otherKind(value, name);
  const { group } = kindReaders[kind];
  const wanted = group === '' ? 'v1' : `${group}/v1`;
  const version = value['apiVersion'] ?? (options.kind === undefined ? undefined : wanted);
  if (version === wanted) return decodeKind(kind, value, options);
  if (typeof version !== 'string') {
    return malformed(options, kind, 'apiVersion is missing', `Write apiVersion: ${wanted}.`);
  }
  return isOlder(version, group)
    ? malformed(options, kind, `${quoted(version)} is not read`, `Write apiVersion: ${wanted}.`, 'api-version-not-read')
    : otherKind(value, name);
}

function knownKind(name: string): Kind | undefined {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- own keys of a Record<Kind, ...> are Kinds
  return Object.hasOwn(kindReaders, name) ? (name as Kind) : undefined;
}

/** The same group in another version, or the group in which Ingress began. */
function isOlder(version: string, group: string): boolean {
  const slash = version.indexOf('/');
  const given = slash < 0 ? '' : version.slice(0, slash);
  return given === group || given === 'extensions';
}

function decodeKind(kind: Kind, value: Fields, options: DecodeOptions): Decoded {
  const { namespaced, kept, read } = kindReaders[kind];
  const metadata = value['metadata'];
  if (!isFields(metadata)) return malformed(options, kind, 'metadata is missing', 'Write metadata.name.');
  const identity = readIdentity(metadata, namespaced ? (options.defaultNamespace ?? '') : undefined);
  if ('why' in identity) return malformed(options, kind, identity.why, identity.fix);
  const ref: ObjectRef = { kind, ...identity };
  const reader = new FieldReader(ref, options.strict);
  const spec = value['spec'];
  if (spec !== undefined && spec !== null && !isFields(spec)) {
    reader.report('spec', {
      code: 'object-malformed',
      effect: 'cannot be read',
      why: `it is ${typeName(spec)}, not an object`,
      fix: 'Write fields with names below spec.',
    });
    return { outcome: 'malformed', ref, diagnostics: reader.diagnostics };
  }
  const object = read(reader, readMetadata(reader, metadata, kept), value, options.allowLoopback);
  if (object !== undefined) return { outcome: 'object', object, diagnostics: reader.diagnostics };
  return { outcome: kind === 'Secret' ? 'not-kept' : 'malformed', ref, diagnostics: reader.diagnostics };
}

type Identity = { readonly namespace: string; readonly name: string } | { readonly why: string; readonly fix: string };

/** @param fallback  namespace of objects that name none, empty if there is none; absent for cluster-scoped kinds */
function readIdentity(metadata: Fields, fallback: string | undefined): Identity {
  const name = metadata['name'];
  if (typeof name !== 'string' || name === '') {
    return {
      why: `metadata.name is ${typeof name === 'string' ? 'empty' : typeName(name)}`,
      fix: 'Write metadata.name.',
    };
  }
  if (!isSubdomain(name)) {
    return {
      why: `metadata.name ${quoted(name)} is not a valid name`,
      fix: 'Write lower-case letters, digits, dashes and dots.',
    };
  }
  if (fallback === undefined) return { namespace: '', name };
  const given = metadata['namespace'] ?? '';
  const namespace = given === '' ? fallback : given;
  if (typeof namespace === 'string' && isLabel(namespace)) return { namespace, name };
  const what = typeof namespace === 'string' ? quoted(namespace) : typeName(namespace);
  return {
    why: namespace === '' ? 'metadata.namespace is missing' : `metadata.namespace ${what} is not a valid name`,
    fix: 'Write lower-case letters, digits and dashes.',
  };
}

function otherKind(value: Fields, kind: string): Decoded {
  const version = value['apiVersion'];
  const described = typeof version === 'string' ? `${kind} (${version})` : kind;
  const meant = meantKind(kind, version);
  return {
    outcome: 'other-kind',
    kind: described.slice(0, 120),
    ...(meant === undefined ? {} : { meant }),
    diagnostics: [],
  };
}

/** Only among the kinds of the same API group: kinds of other groups have names of their own. */
function meantKind(kind: string, version: unknown): Kind | undefined {
  if (typeof version !== 'string' || knownKind(kind) !== undefined) return undefined;
  const group = version.includes('/') ? version.slice(0, version.indexOf('/')) : '';
  const names = Object.keys(kindReaders).flatMap((name) => knownKind(name) ?? []);
  const near = closest(
    kind,
    names.filter((name) => kindReaders[name].group === group),
  );
  return near === undefined ? undefined : knownKind(near);
}

function malformed(
  options: DecodeOptions,
  subject: string,
  why: string,
  fix: string,
  code: DecodeCode = 'object-malformed',
): Decoded {
  const what = `${subject} in ${options.place} is not read`;
  const diagnostic: Diagnostic = { code, severity: 'error', object: options.origin, field: '', what, why, fix };
  return { outcome: 'malformed', diagnostics: [diagnostic] };
}
