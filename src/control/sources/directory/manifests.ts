import type { Diagnostic } from '../../../model/diagnostic.ts';
import type { Kind, ObjectRef } from '../../../model/object-ref.ts';
import { decodeObject } from '../../objects/decode.ts';
import type { KubeObject } from '../../objects/kinds.ts';
import { fileDiagnostic } from './folder-codes.ts';
import { readYaml } from './yaml-documents.ts';
import type { YamlFile } from './yaml-documents.ts';

/** What one file says. */
export type Manifest =
  | {
      readonly kind: 'objects';
      readonly objects: readonly KubeObject[];
      readonly diagnostics: readonly Diagnostic[];
      /** Parts that cannot be read: by name where the name can be read, else `somewhere`. */
      readonly unreadable: readonly (ObjectRef | 'somewhere')[];
    }
  /** Not YAML at all: nothing is known of what it should say. */
  | { readonly kind: 'unreadable'; readonly diagnostic: Diagnostic };

/** Lists in lists: more than kubectl ever writes. */
const listDepth = 3;
/** More objects than this in one file are not read; YAML aliases can make a small file look like a huge list. */
const objectsLimit = 50_000;

/** Reads all objects of a manifest: several documents, and lists (`kind: List`) of objects. Never throws. */
export function readManifest(file: string, text: string): Manifest {
  const content = file.endsWith('.json') ? readJson(text) : readYaml(text);
  if (content.kind === 'broken') {
    const place = content.line > 0 ? ` at line ${content.line}` : '';
    return {
      kind: 'unreadable',
      diagnostic: fileDiagnostic(file, {
        code: 'file-unreadable',
        what: `\`${file}\` is not read, what it said before goes on to count`,
        why: `${content.why}${place}`,
        fix: 'Mend the file: indentation, quotes and colons are what usually goes wrong.',
      }),
    };
  }
  const collector = new Collector(file);
  for (const [at, document] of content.documents.entries()) {
    const place = content.documents.length === 1 ? file : `document ${at + 1} (line ${document.line}) of ${file}`;
    collector.add(document.value, place, undefined, 0);
  }
  return collector.result();
}

/** The message of JSON.parse quotes the file, which may hold a Secret. */
function readJson(text: string): YamlFile {
  if (text.trim() === '') return { kind: 'documents', documents: [] };
  try {
    const value: unknown = JSON.parse(text);
    return { kind: 'documents', documents: [{ value, line: 1 }] };
  } catch {
    return { kind: 'broken', line: 0, why: 'it is not valid JSON' };
  }
}

class Collector {
  readonly #file: string;
  readonly #objects: KubeObject[] = [];
  readonly #diagnostics: Diagnostic[] = [];
  readonly #unreadable: (ObjectRef | 'somewhere')[] = [];
  readonly #otherKinds = new Set<string>();
  /** Kinds that look misspelled, with what was probably meant. */
  readonly #misspelled = new Map<string, Kind>();
  #count = 0;

  constructor(file: string) {
    this.#file = file;
  }

  /** @param kind  of the items of a typed list, such as IngressList, which need not say it themselves */
  add(value: unknown, place: string, kind: Kind | undefined, depth: number): void {
    const list = depth < listDepth ? listOf(value) : undefined;
    if (list !== undefined) {
      for (const [at, item] of list.items.entries()) {
        if (this.#count > objectsLimit) return;
        this.add(item, `item ${at + 1} of ${place}`, list.kind, depth + 1);
      }
      return;
    }
    this.#count += 1;
    if (this.#count <= objectsLimit) this.#decode(value, place, kind);
  }

  result(): Manifest {
    const extra = [...this.#misspelled].slice(0, 20).map(([kind, meant]) => misspelledKind(this.#file, kind, meant));
    if (this.#otherKinds.size > 0) {
      extra.push(
        fileDiagnostic(this.#file, {
          code: 'kind-not-read',
          what: `${[...this.#otherKinds].slice(0, 20).join(', ')} in \`${this.#file}\` ${this.#otherKinds.size > 1 ? 'are' : 'is'} not read`,
          why: 'Fairway reads only what describes routes, endpoints and certificates',
          fix: 'Nothing needs to be done.',
        }),
      );
    }
    if (this.#count > objectsLimit) {
      extra.push(
        fileDiagnostic(this.#file, {
          code: 'folder-limit',
          what: `\`${this.#file}\` is read in part`,
          why: `it holds more than ${objectsLimit} objects`,
          fix: 'Split it into several files.',
        }),
      );
    }
    const diagnostics = [...this.#diagnostics, ...extra];
    return { kind: 'objects', objects: this.#objects, diagnostics, unreadable: this.#unreadable };
  }

  #decode(value: unknown, place: string, kind: Kind | undefined): void {
    const decoded = decodeObject(value, {
      ...(kind === undefined ? {} : { kind }),
      defaultNamespace: 'default',
      allowLoopback: true,
      strict: true,
      origin: { kind: 'File', namespace: '', name: this.#file },
      place,
    });
    this.#diagnostics.push(...decoded.diagnostics);
    switch (decoded.outcome) {
      case 'object':
        this.#objects.push(decoded.object);
        return;
      case 'malformed':
        this.#unreadable.push(decoded.ref ?? 'somewhere');
        return;
      case 'other-kind':
        if (decoded.meant === undefined) this.#otherKinds.add(decoded.kind);
        else this.#misspelled.set(decoded.kind, decoded.meant);
        return;
      case 'not-kept':
    }
  }
}

function misspelledKind(file: string, kind: string, meant: Kind): Diagnostic {
  return fileDiagnostic(file, {
    code: 'kind-not-read',
    severity: 'warning',
    what: `${kind} in \`${file}\` is not read`,
    why: 'Fairway reads no such kind',
    fix: `Did you mean ${meant}?`,
  });
}

const listKinds: Readonly<Record<string, Kind>> = {
  IngressList: 'Ingress',
  IngressClassList: 'IngressClass',
  ServiceList: 'Service',
  EndpointSliceList: 'EndpointSlice',
  EndpointsList: 'Endpoints',
  SecretList: 'Secret',
  ConfigMapList: 'ConfigMap',
  PodList: 'Pod',
  NamespaceList: 'Namespace',
};

/** `kind: List`, or a list of one kind as the API server gives it. */
function listOf(value: unknown): { readonly items: readonly unknown[]; readonly kind: Kind | undefined } | undefined {
  if (typeof value !== 'object' || value === null || !('kind' in value) || !('items' in value)) return undefined;
  const name = value.kind;
  if (typeof name !== 'string' || !Array.isArray(value.items)) return undefined;
  if (name === 'List') return { items: value.items, kind: undefined };
  return Object.hasOwn(listKinds, name) ? { items: value.items, kind: listKinds[name] } : undefined;
}
