import type { Metadata } from '../objects/kinds.ts';
import { ownPrefix } from './table.ts';

/** One annotation under a prefix that Fairway reads. */
export interface WrittenAnnotation {
  /** Without prefix. */
  readonly key: string;
  /** With prefix, as written. */
  readonly name: string;
  /** Each line trimmed, never empty. */
  readonly text: string;
  /** Full name of the same annotation under the other prefix, which therefore does not count. */
  readonly shadowed?: string;
}

/**
 * Annotations under Fairway's own prefix and the compatible one, in order of their keys, so that equal objects give
 * equal diagnostics. Fairway's own come first; an empty value is the same as absent, as in ingress-nginx.
 */
export function writtenAnnotations(object: Metadata, compatiblePrefix: string): readonly WrittenAnnotation[] {
  const found = new Map<string, WrittenAnnotation>();
  const names = Object.keys(object.annotations);
  if (names.length === 0) return [];
  for (const prefix of new Set([`${ownPrefix}/`, `${compatiblePrefix}/`])) {
    for (const name of names) {
      if (!name.startsWith(prefix)) continue;
      const key = name.slice(prefix.length);
      const text = trimLines(object.annotations[name] ?? '');
      const first = found.get(key);
      if (text === '') continue;
      found.set(key, first === undefined ? { key, name, text } : { ...first, shadowed: name });
    }
  }
  return [...found.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
}

/** Block scalars in YAML end in a newline, and are indented for the eye. Source: ingress-nginx annotations parser. */
function trimLines(text: string): string {
  if (!text.includes('\n')) return text.trim();
  return text
    .split('\n')
    .map((line) => line.trim())
    .join('\n')
    .trim();
}
