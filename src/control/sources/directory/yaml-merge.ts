/** Longest list of values that one merge key may name, and deepest tree that is looked through. */
const depthLimit = 200;

/**
 * Puts the fields that a YAML merge key `<<` names into the object that holds it, as kubectl does; fields that stand there
 * already win. The parser itself leaves the key alone. Each object is visited once, however many aliases lead to it.
 */
export function resolveMerges(value: unknown): unknown {
  visit(value, new Set(), 0);
  return value;
}

function visit(value: unknown, seen: Set<object>, depth: number): void {
  if (typeof value !== 'object' || value === null || seen.has(value) || depth > depthLimit) return;
  seen.add(value);
  for (const child of Object.values(value)) visit(child, seen, depth + 1);
  if (Array.isArray(value) || !Object.hasOwn(value, '<<')) return;
  const source: unknown = Reflect.get(value, '<<');
  const sources: readonly unknown[] = Array.isArray(source) ? source : [source];
  if (!sources.every((one) => typeof one === 'object' && one !== null && !Array.isArray(one))) return;
  Reflect.deleteProperty(value, '<<');
  for (const one of sources) if (typeof one === 'object' && one !== null) addMissing(value, one);
}

function addMissing(target: object, source: object): void {
  for (const [key, value] of Object.entries(source)) {
    if (Object.hasOwn(target, key)) continue;
    // Not by assignment: the key may be `__proto__`.
    Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
  }
}
