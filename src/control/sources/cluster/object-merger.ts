import type { Diagnostic } from '../../../model/diagnostic.ts';
import type { Kind, ObjectRef } from '../../../model/object-ref.ts';
import { describeRef } from '../../../model/object-ref.ts';
import { decodeObject } from '../../objects/decode.ts';
import type { KubeObject } from '../../objects/kinds.ts';
import type { ObjectSink } from '../../objects/object-store.ts';
import type { Admission } from './admission.ts';
import type { Held } from './held-objects.ts';
import type { JsonObject } from './json.ts';
import { objectAt, textAt } from './json.ts';
import type { Resource } from './resources.ts';

/** What the program keeps of one object: nothing but what `decode` made of it. */
export interface DecodedObject {
  /** Absent when Fairway does not keep it, or cannot read it and never could. */
  readonly object?: KubeObject;
  readonly diagnostics: readonly Diagnostic[];
}

/** Objects that one Reflector holds. */
export interface HeldScope {
  values(): Iterable<Held<DecodedObject>>;
}

interface KindState {
  readonly scopes: HeldScope[];
  readonly unsynced: Set<HeldScope>;
  delivered: boolean;
}

const allKinds: readonly Kind[] = [
  'Namespace',
  'IngressClass',
  'ConfigMap',
  'Service',
  'EndpointSlice',
  'Endpoints',
  'Secret',
  'Pod',
  'Ingress',
];

/**
 * Makes one stream of many: several scopes may bring objects of one kind, and namespaces may begin and cease to count.
 * A kind is replaced once, when all its scopes are complete; from then on only changes are passed on.
 */
export class ObjectMerger {
  readonly #sink: ObjectSink;
  readonly #admission: Admission;
  readonly #kinds: Map<Kind, KindState> = new Map();
  /** Origins with diagnostics in the sink. */
  readonly #reported: Set<string> = new Set();
  #synced = false;

  constructor(sink: ObjectSink, admission: Admission) {
    this.#sink = sink;
    this.#admission = admission;
    for (const kind of allKinds) this.#kinds.set(kind, { scopes: [], unsynced: new Set(), delivered: false });
  }

  /** To be called for every scope before any of them can be complete. */
  expect(kind: Kind, scope: HeldScope): void {
    const state = this.#state(kind);
    state.scopes.push(scope);
    state.unsynced.add(scope);
  }

  synced(kind: Kind, scope: HeldScope): void {
    this.#state(kind).unsynced.delete(scope);
    if (kind === 'Namespace') {
      for (const held of scope.values()) this.#admission.match(held.name);
      this.#admission.listed();
    }
    this.deliver();
  }

  /** Hands over every kind that has become complete; kinds without a scope are complete from the start. */
  deliver(): void {
    if (!this.#admission.known) return;
    for (const [kind, state] of this.#kinds) {
      if (!state.delivered && state.unsynced.size === 0) this.#replace(kind, state);
    }
    if (this.#synced || [...this.#kinds.values()].some((state) => !state.delivered)) return;
    this.#synced = true;
    this.#sink.synced();
  }

  upsert(kind: Kind, held: Held<DecodedObject>): void {
    if (kind === 'Namespace' && this.#admission.known) this.#namespaceMatches(held.name);
    if (this.#state(kind).delivered) this.#pass(kind, held);
  }

  remove(kind: Kind, held: Held<DecodedObject>): void {
    if (this.#state(kind).delivered) this.#withdraw(refOf(kind, held));
    if (kind === 'Namespace' && this.#admission.known) this.#namespaceLeaves(held.name);
  }

  #state(kind: Kind): KindState {
    const state = this.#kinds.get(kind);
    if (state === undefined) throw new Error(`kind ${kind} is not in the list of all kinds`);
    return state;
  }

  #replace(kind: Kind, state: KindState): void {
    const objects: KubeObject[] = [];
    for (const scope of state.scopes) {
      for (const held of scope.values()) {
        const { object } = held.value;
        if (object !== undefined && this.#admission.admits(object)) objects.push(object);
        if (held.value.diagnostics.length > 0 && this.#counts(held)) this.#report(kind, held);
      }
    }
    state.delivered = true;
    this.#sink.replace(kind, objects);
  }

  #pass(kind: Kind, held: Held<DecodedObject>): void {
    const { object } = held.value;
    if (!this.#counts(held)) return;
    if (object === undefined) this.#sink.remove(refOf(kind, held));
    else this.#sink.upsert(object);
    this.#report(kind, held);
  }

  #withdraw(ref: ObjectRef): void {
    this.#sink.remove(ref);
    const origin = describeRef(ref);
    if (this.#reported.delete(origin)) this.#sink.report(origin, []);
  }

  #counts(held: Held<DecodedObject>): boolean {
    const { object } = held.value;
    return object === undefined ? this.#admission.admitsNamespace(held.namespace) : this.#admission.admits(object);
  }

  #report(kind: Kind, held: Held<DecodedObject>): void {
    const { diagnostics } = held.value;
    const origin = describeRef(refOf(kind, held));
    if (diagnostics.length === 0 && !this.#reported.has(origin)) return;
    if (diagnostics.length === 0) this.#reported.delete(origin);
    else this.#reported.add(origin);
    this.#sink.report(origin, diagnostics);
  }

  #namespaceMatches(namespace: string): void {
    if (this.#admission.admitsNamespace(namespace)) return;
    this.#admission.match(namespace);
    this.#forEachIn(namespace, (kind, held) => this.#pass(kind, held));
  }

  #namespaceLeaves(namespace: string): void {
    this.#admission.unmatch(namespace);
    this.#forEachIn(namespace, (kind, held) => {
      if (!this.#counts(held)) this.#withdraw(refOf(kind, held));
    });
  }

  #forEachIn(namespace: string, take: (kind: Kind, held: Held<DecodedObject>) => void): void {
    for (const [kind, state] of this.#kinds) {
      if (!state.delivered || kind === 'Namespace') continue;
      for (const scope of state.scopes) {
        for (const held of scope.values()) if (held.namespace === namespace) take(kind, held);
      }
    }
  }
}

/**
 * The few fields that Fairway keeps of one object. An object that can no longer be read stays as it was when it last
 * could: one bad write must not take a working route away. @throws never
 */
export function decodeHeld(
  resource: Resource,
  raw: JsonObject,
  previous: Held<DecodedObject> | undefined,
): DecodedObject {
  const metadata = objectAt(raw, 'metadata');
  const namespace = resource.namespaced ? textAt(metadata, 'namespace') : '';
  const origin: ObjectRef = { kind: resource.kind, namespace, name: textAt(metadata, 'name') };
  const decoded = decodeObject(raw, {
    kind: resource.kind,
    allowLoopback: false,
    origin,
    place: `the ${resource.name} of the API server`,
  });
  switch (decoded.outcome) {
    case 'object':
      return { object: decoded.object, diagnostics: decoded.diagnostics };
    case 'not-kept':
    case 'other-kind':
      return { diagnostics: decoded.diagnostics };
    case 'malformed': {
      const last = previous?.value.object;
      return last === undefined
        ? { diagnostics: decoded.diagnostics }
        : { object: last, diagnostics: decoded.diagnostics };
    }
  }
}

function refOf(kind: Kind, held: Held<DecodedObject>): ObjectRef {
  return { kind, namespace: held.namespace, name: held.name };
}
