/** Text that is HTML already. Everything else is escaped when it becomes part of a page. */
export interface Html {
  readonly html: string;
}

/** What may stand in a page. A list is joined without anything in between. */
export type HtmlPart = string | number | Html | readonly Html[];

/**
 * Builds HTML; every part that is not HTML itself is escaped, for elements and quoted attributes alike. Names, paths and
 * messages of tenants go through here and nowhere else.
 */
export function html(strings: TemplateStringsArray, ...parts: readonly HtmlPart[]): Html {
  let text = strings[0] ?? '';
  parts.forEach((part, at) => {
    text += htmlOf(part) + (strings[at + 1] ?? '');
  });
  return { html: text };
}

/** Nothing. */
export const empty: Html = { html: '' };

function htmlOf(part: HtmlPart): string {
  if (typeof part === 'string') return escapeHtml(part);
  if (typeof part === 'number') return String(part);
  return 'html' in part ? part.html : part.map((one) => one.html).join('');
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Also takes out control and direction characters, which could make a name look like another. */
function escapeHtml(text: string): string {
  return text
    .replaceAll(/[&<>"']/g, (character) => entities[character] ?? '')
    .replaceAll(/[\p{Cc}\u200b-\u200f\u202a-\u202e\u2066-\u2069]/gu, '\u{fffd}');
}
