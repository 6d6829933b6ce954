import type { Diagnostic } from '../../model/diagnostic.ts';
import type { Kind, ObjectRef } from '../../model/object-ref.ts';
import type { KubeObject, ObjectOf } from './kinds.ts';

/** Write side of the store, all that a source ever sees. */
export interface ObjectSink {
  /** The complete set of one kind: first list, or a new list after the watch was lost. Objects not in it are gone. */
  replace<K extends Kind>(kind: K, objects: readonly ObjectOf<K>[]): void;
  upsert(object: KubeObject): void;
  remove(ref: ObjectRef): void;
  /** Diagnostics about objects or files that could not be decoded, the whole set of one origin (a file, an object). */
  report(origin: string, diagnostics: readonly Diagnostic[]): void;
  /** Every kind has been replaced once. */
  synced(): void;
}

/** Read side, all that the compiler ever sees. In `namespace/name` order: same objects, same snapshot. */
export interface ObjectView {
  list<K extends Kind>(kind: K): readonly ObjectOf<K>[];
  get<K extends Kind>(kind: K, namespace: string, name: string): ObjectOf<K> | undefined;
  /** Diagnostics of decoding, in order of their origin. */
  diagnostics(): readonly Diagnostic[];
}
