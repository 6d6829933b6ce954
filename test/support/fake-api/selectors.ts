import type { FakeObject } from './fake-store.ts';

/** Which objects of a collection a request is about. */
export type Selection = (object: FakeObject) => boolean;

/** Namespace, field selector (any dotted path) and label selector (`a=b`, `a`) together. */
export function selectionOf(namespace: string, query: URLSearchParams): Selection {
  const fields = terms(query.get('fieldSelector'));
  const labels = terms(query.get('labelSelector'));
  return (object) =>
    (namespace === '' || object.metadata.namespace === namespace) &&
    fields.every(([path, value]) => (at(object, path) ?? '') === value) &&
    labels.every(([key, value]) => {
      const label = object.metadata.labels?.[key];
      return value === undefined ? label !== undefined : label === value;
    });
}

/** Name that a field selector asks for, or undefined: what RBAC compares with `resourceNames`. */
export function selectedName(query: URLSearchParams): string | undefined {
  return terms(query.get('fieldSelector')).find(([path]) => path === 'metadata.name')?.[1];
}

function terms(selector: string | null): (readonly [string, string | undefined])[] {
  return (selector ?? '')
    .split(',')
    .filter((term) => term !== '')
    .map((term) => {
      const [key = '', value] = term.split(/==?/);
      return [key, value] as const;
    });
}

function at(object: unknown, path: string): unknown {
  return path.split('.').reduce<unknown>((value, field) => {
    return typeof value === 'object' && value !== null ? Reflect.get(value, field) : undefined;
  }, object);
}
