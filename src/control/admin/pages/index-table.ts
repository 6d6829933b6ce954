import type { Html } from '../html.ts';
import { empty, html } from '../html.ts';

/** Most rows of one table on the page: whatever a cluster holds, the page stays small. */
export const mostRows = 200;

/** One table of the index page. */
export interface TableParts<T> {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: Iterable<T>;
  /** What the filter looks in. */
  readonly text: (row: T) => string;
  readonly cells: (row: T) => readonly Html[];
  /** Shown instead of an empty table. */
  readonly none: string;
}

/**
 * The rows that hold the filter's text, as many as fit, and how many are not shown.
 * @param filter  lower-case; empty takes all
 */
export function table<T>(parts: TableParts<T>, filter: string): Html {
  const rows: Html[] = [];
  let matched = 0;
  let total = 0;
  for (const row of parts.rows) {
    total += 1;
    if (filter !== '' && !parts.text(row).toLowerCase().includes(filter)) continue;
    matched += 1;
    if (matched <= mostRows)
      rows.push(
        html`<tr>
          ${parts.cells(row)}
        </tr>`,
      );
  }
  const count = filter === '' ? `${total}` : `${matched} of ${total}`;
  return html`<section>
    <h2>${parts.title} <span>${count}</span></h2>
    ${rows.length === 0 ? html`<p class="note">${total === 0 ? parts.none : 'Nothing holds the text of the filter.'}</p>` : tableOf(parts.columns, rows)}
    ${matched > mostRows ? html`<p class="note">${matched - mostRows} more are hidden: type part of a name into the filter above, or read /snapshot.</p>` : empty}
  </section> `;
}

function tableOf(columns: readonly string[], rows: readonly Html[]): Html {
  const heads = columns.map((column) => html`<th>${column}</th>`);
  return html`<div class="scroll">
    <table>
      <thead>
        <tr>
          ${heads}
        </tr>
      </thead>
      <tbody>
        ${rows.map((row) => html`${row} `)}
      </tbody>
    </table>
  </div>`;
}

export function cell(part: string | Html): Html {
  return html`<td>${part}</td>`;
}

/** A cell that is not broken into lines. */
export function shortCell(part: string | Html): Html {
  return html`<td class="w">${part}</td>`;
}

export function tag(kind: 'good' | 'bad' | 'warn' | 'mute', text: string): Html {
  return html`<span class="tag ${kind}">${text}</span>`;
}

/** A sentence of ours; what stands between backticks is shown as what it is, a name or a value. */
export function prose(text: string): Html {
  return html`${text.split('`').map((part, at) => (at % 2 === 0 ? html`${part}` : html`<code>${part}</code>`))}`;
}
