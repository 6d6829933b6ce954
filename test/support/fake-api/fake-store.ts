/** A Kubernetes object as the fake server keeps it. */
export interface FakeObject {
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly uid: string;
    readonly resourceVersion: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly [field: string]: unknown;
  };
  readonly [field: string]: unknown;
}

export type FakeChange = 'ADDED' | 'MODIFIED' | 'DELETED';

/** One entry of the log: what changed, and what it was before. */
export interface FakeEvent {
  readonly version: number;
  readonly resource: string;
  readonly change: FakeChange;
  readonly object: FakeObject;
  readonly previous?: FakeObject;
}

/** What a test writes: the server adds uid and version. */
export interface FakeInput {
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly [field: string]: unknown };
  readonly [field: string]: unknown;
}

/** Objects with one growing version for all of them, and a log that can be compacted: etcd as far as a watch sees it. */
export class FakeStore {
  readonly #objects: Map<string, Map<string, FakeObject>> = new Map();
  readonly #listeners: Set<(event: FakeEvent) => void> = new Set();
  #log: FakeEvent[] = [];
  #version = 1000;
  #compacted = 0;
  #nextUid = 1;

  get version(): number {
    return this.#version;
  }

  /** Versions up to this one can no longer be watched from. */
  get compactedVersion(): number {
    return this.#compacted;
  }

  onEvent(listener: (event: FakeEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  list(resource: string): FakeObject[] {
    return [...(this.#objects.get(resource)?.values() ?? [])].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
  }

  get(resource: string, namespace: string, name: string): FakeObject | undefined {
    return this.#objects.get(resource)?.get(`${namespace}/${name}`);
  }

  /** Creates, or updates with the uid kept. */
  set(resource: string, input: FakeInput): FakeObject {
    const collection = this.#objects.get(resource) ?? new Map<string, FakeObject>();
    this.#objects.set(resource, collection);
    const previous = collection.get(`${input.metadata.namespace ?? ''}/${input.metadata.name}`);
    const uid = previous?.metadata.uid ?? `uid-${this.#nextUid++}`;
    this.#version += 1;
    const object: FakeObject = {
      ...input,
      metadata: { ...input.metadata, uid, resourceVersion: String(this.#version) },
    };
    collection.set(keyOf(object), object);
    this.#append({
      version: this.#version,
      resource,
      change: previous === undefined ? 'ADDED' : 'MODIFIED',
      object,
      ...(previous === undefined ? {} : { previous }),
    });
    return object;
  }

  /** Says whether there was such an object. */
  delete(resource: string, namespace: string, name: string): boolean {
    const collection = this.#objects.get(resource);
    const previous = collection?.get(`${namespace}/${name}`);
    if (collection === undefined || previous === undefined) return false;
    collection.delete(`${namespace}/${name}`);
    this.#version += 1;
    // A DELETED event carries the last state with the version of the deletion.
    const object = { ...previous, metadata: { ...previous.metadata, resourceVersion: String(this.#version) } };
    this.#append({ version: this.#version, resource, change: 'DELETED', object, previous });
    return true;
  }

  since(version: number): readonly FakeEvent[] {
    return this.#log.filter((event) => event.version > version);
  }

  /** Forgets the log: whoever watches from before now gets 410. */
  compact(): void {
    this.#compacted = this.#version;
    this.#log = [];
  }

  #append(event: FakeEvent): void {
    this.#log.push(event);
    for (const listener of this.#listeners) listener(event);
  }
}

export function keyOf(object: FakeObject): string {
  return `${object.metadata.namespace ?? ''}/${object.metadata.name}`;
}
