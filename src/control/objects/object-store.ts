import type { Diagnostic } from '../../model/diagnostic.ts';
import type { Kind, ObjectRef } from '../../model/object-ref.ts';
import { keyOf } from '../../model/object-ref.ts';
import { equalData } from '../../model/update.ts';
import type { KubeObject, ObjectOf } from './kinds.ts';
import { Shelf } from './shelf.ts';

/** Write side of the store, all that a source ever sees. */
export interface ObjectSink {
  /** The complete set of one kind: first list, or a new list after the watch was lost. Objects not in it are gone. */
  replace<K extends Kind>(kind: K, objects: readonly ObjectOf<K>[]): void;
  upsert(object: KubeObject): void;
  remove(ref: ObjectRef): void;
  /**
   * Diagnostics about objects or files that could not be decoded, the whole set of one origin (a file, an object). They
   * stay until the source reports another set for the same origin; an empty set ends them.
   */
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

/**
 * All objects that Fairway knows, between the sources that write and the compiler that reads.
 *
 * Identity is the promise of this class: an object stays the same object, and a list the same list, until something in
 * it changes that Fairway reads. A new `resourceVersion` alone is no change; the kept object then still carries the old
 * one.
 */
export class ObjectStore implements ObjectSink, ObjectView {
  readonly #shelves: Readonly<Record<Kind, Shelf>> = {
    Ingress: new Shelf(),
    IngressClass: new Shelf(),
    Service: new Shelf(),
    EndpointSlice: new Shelf(),
    Endpoints: new Shelf(),
    Secret: new Shelf(),
    ConfigMap: new Shelf(),
    Pod: new Shelf(),
    Namespace: new Shelf(),
  };
  readonly #reports = new Map<string, readonly Diagnostic[]>();
  readonly #listeners = new Set<() => void>();
  /** Made on reading; absent after a change. */
  #diagnostics: readonly Diagnostic[] | undefined;
  #synced = false;

  /** Calls back after each change, also of diagnostics, and when the first complete set is there. Says nothing more. */
  onChange(callback: () => void): void {
    this.#listeners.add(callback);
  }

  /** Whether every kind has been replaced once: before, the store does not know what is missing. */
  get isSynced(): boolean {
    return this.#synced;
  }

  /** Grows whenever an object of this kind changes, and only then. */
  generation(kind: Kind): number {
    return this.#shelves[kind].generation;
  }

  replace<K extends Kind>(kind: K, objects: readonly ObjectOf<K>[]): void {
    if (this.#shelves[kind].replace(objects)) this.#announce();
  }

  upsert(object: KubeObject): void {
    if (this.#shelves[object.kind].put(object)) this.#announce();
  }

  remove(ref: ObjectRef): void {
    if (ref.kind !== 'File' && this.#shelves[ref.kind].delete(keyOf(ref))) this.#announce();
  }

  report(origin: string, diagnostics: readonly Diagnostic[]): void {
    if (equalData(this.#reports.get(origin) ?? [], diagnostics)) return;
    if (diagnostics.length === 0) this.#reports.delete(origin);
    else this.#reports.set(origin, diagnostics);
    this.#diagnostics = undefined;
    this.#announce();
  }

  synced(): void {
    if (this.#synced) return;
    this.#synced = true;
    this.#announce();
  }

  list<K extends Kind>(kind: K): readonly ObjectOf<K>[] {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the shelf of a kind holds objects of that kind only
    return this.#shelves[kind].list() as readonly ObjectOf<K>[];
  }

  get<K extends Kind>(kind: K, namespace: string, name: string): ObjectOf<K> | undefined {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the shelf of a kind holds objects of that kind only
    return this.#shelves[kind].get(keyOf({ namespace, name })) as ObjectOf<K> | undefined;
  }

  diagnostics(): readonly Diagnostic[] {
    this.#diagnostics ??= [...this.#reports.keys()].sort().flatMap((origin) => this.#reports.get(origin) ?? []);
    return this.#diagnostics;
  }

  #announce(): void {
    for (const listener of this.#listeners) listener();
  }
}
