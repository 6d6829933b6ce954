import type { FieldReader, Fields } from './field-reader.ts';
import { quoted } from './field-reader.ts';
import { isQualifiedName } from './grammar.ts';
import type { Metadata } from './kinds.ts';

/** What of annotations and labels is kept: all, or only what Fairway's own names say, which saves memory on big kinds. */
export type KeptKeys = 'all' | 'own';

/** Shared by the many objects that have none. */
const none: Readonly<Record<string, string>> = Object.freeze({});

/** Holds a copy of the whole object, for a Secret with its private key: never kept. */
const lastApplied = 'kubectl.kubernetes.io/last-applied-configuration';

/** Source: Kubernetes API, ObjectMeta v1. */
const metadataFields: readonly string[] = [
  'name',
  'namespace',
  'labels',
  'annotations',
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'finalizers',
  'generateName',
  'managedFields',
  'ownerReferences',
  'selfLink',
];

/** @param metadata  `metadata` of the object; name and namespace are checked before and stand in `reader.ref` */
export function readMetadata(reader: FieldReader, metadata: Fields, kept: KeptKeys): Metadata {
  reader.unknown(metadata, 'metadata', metadataFields);
  return {
    namespace: reader.ref.namespace,
    name: reader.ref.name,
    uid: reader.text(metadata, 'uid', 'metadata') ?? '',
    resourceVersion: reader.text(metadata, 'resourceVersion', 'metadata') ?? '',
    createdAt: createdAt(reader, metadata),
    annotations: readKeys(reader, metadata, 'annotations', kept),
    labels: readKeys(reader, metadata, 'labels', kept),
  };
}

function createdAt(reader: FieldReader, metadata: Fields): number {
  const text = reader.text(metadata, 'creationTimestamp', 'metadata');
  if (text === undefined) return 0;
  const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/.test(text)
    ? Date.parse(text)
    : Number.NaN;
  if (Number.isFinite(time)) return Math.floor(time / 1000);
  reader.report('metadata.creationTimestamp', {
    severity: 'warning',
    why: `${quoted(text)} is not a time after RFC 3339`,
    fix: 'Leave the field out, or write for example "2026-01-31T12:00:00Z".',
  });
  return 0;
}

function readKeys(
  reader: FieldReader,
  metadata: Fields,
  key: 'annotations' | 'labels',
  kept: KeptKeys,
): Readonly<Record<string, string>> {
  const entries = reader
    .entries(metadata, key, 'metadata', 'annotation-malformed')
    .filter(([name]) => isKept(name, kept) && isValidKey(reader, name, key));
  return entries.length === 0 ? none : Object.fromEntries(entries);
}

function isKept(name: string, kept: KeptKeys): boolean {
  return kept === 'all' ? name !== lastApplied : name.startsWith('fairway.dev/');
}

function isValidKey(reader: FieldReader, name: string, key: string): boolean {
  if (isQualifiedName(name)) return true;
  reader.report(`metadata.${key}[${quoted(name)}]`, {
    code: 'annotation-malformed',
    why: 'the key is not a valid name',
    fix: 'Write a key like "example.com/name": letters, digits, dashes, underscores and dots.',
  });
  return false;
}
