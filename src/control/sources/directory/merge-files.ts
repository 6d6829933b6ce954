import type { Diagnostic } from '../../../model/diagnostic.ts';
import type { Kind } from '../../../model/object-ref.ts';
import { describeRef } from '../../../model/object-ref.ts';
import type { KubeObject, ObjectOf } from '../../objects/kinds.ts';
import { fileDiagnostic } from './folder-codes.ts';
import { nameOf } from './known-files.ts';
import type { KnownFile } from './known-files.ts';
import type { Watched } from './watched.ts';

/** Objects of a folder by kind. */
export type ObjectsByKind = { readonly [K in Kind]: ObjectOf<K>[] };

export interface MergedFiles {
  readonly objects: ObjectsByKind;
  /** Diagnostics of each file, empty for files without. */
  readonly diagnostics: ReadonlyMap<string, readonly Diagnostic[]>;
}

/**
 * Puts files together, in order of their paths: the first one that defines an object wins, and the others are told.
 * Objects that are not watched are left out with all that is said of them.
 */
export function mergeFiles(files: readonly KnownFile[], watched: Watched = () => true): MergedFiles {
  const objects = noObjects();
  const owners = new Map<string, string>();
  const diagnostics = new Map<string, readonly Diagnostic[]>();
  for (const file of files) {
    const duplicates: Diagnostic[] = [];
    for (const object of file.objects) {
      if (!watched(object)) continue;
      const name = nameOf(object);
      const owner = owners.get(name);
      if (owner === undefined) {
        owners.set(name, file.path);
        addTo(objects, object);
      } else {
        duplicates.push(duplicateOf(object, file.path, owner));
      }
    }
    diagnostics.set(file.path, [...file.diagnostics.filter(({ object }) => watched(object)), ...duplicates]);
  }
  return { objects, diagnostics };
}

/** No objects of any kind. */
export function noObjects(): ObjectsByKind {
  return {
    Ingress: [],
    IngressClass: [],
    Service: [],
    EndpointSlice: [],
    Endpoints: [],
    Secret: [],
    ConfigMap: [],
    Pod: [],
    Namespace: [],
  };
}

function addTo(objects: ObjectsByKind, object: KubeObject): void {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the list of an object's own kind takes that object
  (objects[object.kind] as KubeObject[]).push(object);
}

function duplicateOf(object: KubeObject, file: string, owner: string): Diagnostic {
  return fileDiagnostic(file, {
    code: 'object-duplicate',
    what: `${describeRef(object)} in \`${file}\` is ignored`,
    why:
      owner === file
        ? 'it stands in the same file before'
        : `it stands in \`${owner}\` as well, which comes first by name`,
    fix: owner === file ? 'Remove one of the two.' : `Remove it from \`${file}\` or from \`${owner}\`.`,
  });
}
