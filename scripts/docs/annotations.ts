import type { AnnotationDefinition } from '../../src/control/annotations/definition.ts';
import { formerNames } from '../../src/control/annotations/former-names.ts';
import type { UnsupportedKind } from '../../src/control/annotations/groups/unsupported-entry.ts';
import { unsupportedAnnotations } from '../../src/control/annotations/groups/unsupported.ts';
import { annotationGroups, ownPrefix, podAnnotations } from '../../src/control/annotations/table.ts';
import { code, grouped, heading, tableOf } from './markdown.ts';

const kinds: Readonly<Record<UnsupportedKind, { readonly title: string; readonly text: string }>> = {
  guard: {
    title: 'Not served: they keep requests out',
    text: 'Without what they ask for the routes would be open to everybody, so the routes of the Ingress answer 503.',
  },
  snippet: { title: 'Never', text: 'No text of a user becomes configuration or program text.' },
  missing: { title: 'Not there yet', text: 'The Ingress is served without what they ask for, with a diagnostic.' },
  modifier: { title: 'Mean something only beside another one', text: 'They share its fate.' },
  meaningless: { title: 'Without meaning here', text: 'Nothing is lost.' },
};

/** `docs/annotations.md`. */
export function annotationsPage(): string {
  return `${heading('Annotations', '`src/control/annotations/`')}
Every annotation of an Ingress may be written with the prefix of ingress-nginx, \`nginx.ingress.kubernetes.io/\` (another one
with \`--annotations-prefix\`), or with \`${ownPrefix}/\`, which wins. A value that is not valid is a diagnostic and counts as
absent, unless the annotation keeps requests out: then the routes answer 503. Those written here with \`${ownPrefix}/\` are
Fairway's own and have no other prefix.

${annotationGroups.map(({ title, definitions }) => `## ${title}\n\n${definitionRows(definitions)}`).join('\n')}
## On other objects

Only with \`${ownPrefix}/\`.

${definitionRows(podAnnotations)}
## Annotations of ingress-nginx that Fairway does not act on

${Object.entries(kinds)
  .map(([kind, { title, text }]) => `### ${title}\n\n${text}\n\n${unsupportedRows(kind)}`)
  .join('\n')}
### Former names

${tableOf(
  ['Annotation', 'What to do'],
  [...formerNames].map(([key, fix]) => [code(key), fix]),
)}`;
}

function definitionRows(definitions: readonly AnnotationDefinition<unknown>[]): string {
  return tableOf(
    ['Annotation', 'Acts on', 'Value', 'Example', 'Meaning'],
    definitions.map(({ key, scope, value, example, doc, deviation, own }) => [
      code(own === true ? `${ownPrefix}/${key}` : key),
      scope,
      value.describe,
      code(example),
      deviation === undefined ? doc : `${doc} *Differs from ingress-nginx:* ${deviation}`,
    ]),
  );
}

function unsupportedRows(kind: string): string {
  const entries = [...unsupportedAnnotations].filter(([, entry]) => entry.kind === kind);
  const reasons = grouped(entries, ([, { why, fix, of }]) => JSON.stringify([why, fix, of ?? []]));
  const rows = [...reasons.values()].map((members) => {
    const entry = members[0]?.[1];
    const beside = (entry?.of ?? []).map((key) => code(key)).join(' ');
    return [
      members.map(([key]) => code(key)).join(' '),
      `${entry?.why ?? ''}${beside === '' ? '' : ` (beside ${beside})`}`,
      entry?.fix ?? '',
    ];
  });
  return tableOf(['Annotations', 'Why', 'What to do'], rows);
}
