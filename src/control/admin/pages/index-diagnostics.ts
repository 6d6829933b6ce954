import type { Diagnostic, Severity } from '../../../model/diagnostic.ts';
import { describeRef } from '../../../model/object-ref.ts';
import type { Html } from '../html.ts';
import { html } from '../html.ts';
import { cell, prose, shortCell, table, tag } from './index-table.ts';

const order: Readonly<Record<Severity, number>> = { error: 0, warning: 1, info: 2 };
const kinds: Readonly<Record<Severity, 'bad' | 'warn' | 'mute'>> = { error: 'bad', warning: 'warn', info: 'mute' };

/** What is wrong, worst first. */
export function diagnosticsTable(diagnostics: readonly Diagnostic[], filter: string): Html {
  return table<Diagnostic>(
    {
      title: 'Diagnostics',
      columns: ['', 'Object', 'What and why', 'How to fix it'],
      rows: diagnostics.toSorted((a, b) => order[a.severity] - order[b.severity]),
      text: ({ object, code, field, what, why }) => `${describeRef(object)} ${code} ${field} ${what} ${why}`,
      cells: ({ severity, object, code, field, what, why, fix }) => [
        shortCell(tag(kinds[severity], severity)),
        cell(html`${describeRef(object)}<br /><span class="soft">${field}</span>`),
        cell(html`${prose(what)}: ${prose(why)}.<br /><span class="soft">${code}</span>`),
        cell(prose(fix)),
      ],
      none: 'Nothing is wrong with any object.',
    },
    filter,
  );
}
