/** A JSON object whose fields nobody has looked at yet. */
export type JsonObject = Readonly<Record<string, unknown>>;

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The object at a field, or an empty one: absent and wrong look the same to a reader of optional fields. */
export function objectAt(value: unknown, field: string): JsonObject {
  const found = isJsonObject(value) ? value[field] : undefined;
  return isJsonObject(found) ? found : {};
}

/** The text at a field, or empty. */
export function textAt(value: unknown, field: string): string {
  const found = isJsonObject(value) ? value[field] : undefined;
  return typeof found === 'string' ? found : '';
}

/** The number at a field, or 0. */
export function numberAt(value: unknown, field: string): number {
  const found = isJsonObject(value) ? value[field] : undefined;
  return typeof found === 'number' ? found : 0;
}

/** The array at a field, or an empty one; Go writes an empty list as `null`. */
export function arrayAt(value: unknown, field: string): readonly unknown[] {
  const found: unknown = isJsonObject(value) ? value[field] : undefined;
  return Array.isArray(found) ? found : [];
}

/** Parsed JSON, or `undefined` for text that is none. @throws never */
export function parseJson(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return value;
  } catch {
    return undefined;
  }
}
