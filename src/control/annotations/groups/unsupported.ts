import type { UnsupportedAnnotation, UnsupportedEntry } from './unsupported-entry.ts';
import { guards } from './unsupported-guards.ts';
import { meaningless, missing } from './unsupported-missing.ts';
import { modifiers } from './unsupported-modifiers.ts';

const snippets: readonly UnsupportedEntry[] = [
  {
    keys: 'configuration-snippet server-snippet stream-snippet auth-snippet modsecurity-snippet',
    kind: 'snippet',
    why: 'text of users never becomes configuration or program text',
    fix: 'Replace it by typed annotations, or do in the backend what it does.',
  },
];

/** Every annotation of ingress-nginx that Fairway does not act on, by key without prefix. */
export const unsupportedAnnotations: ReadonlyMap<string, UnsupportedAnnotation> = new Map(
  [...guards, ...snippets, ...modifiers, ...missing, ...meaningless].flatMap((entry) =>
    entry.keys.split(/\s+/).map((key) => [key, entry] as const),
  ),
);
