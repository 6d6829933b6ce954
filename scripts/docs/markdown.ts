/** Line that stands at the top of every generated page. */
export function heading(title: string, tables: string): string {
  return `# ${title}\n\n<!-- Generated from ${tables} by \`make docs\`: change it there. -->\n`;
}

/** A table; texts may hold anything. */
export function tableOf(columns: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.map((cell) => escapeCell(cell)).join(' | ')} |\n`;
  return line(columns) + line(columns.map(() => '---')) + rows.map((row) => line(row)).join('');
}

/** Text as it is written, in a fixed font. Empty stays empty. */
export function code(text: string): string {
  if (text === '') return '';
  return text.includes('`') ? `\`\` ${text} \`\`` : `\`${text}\``;
}

/** Groups in the order of their first member. */
export function grouped<T>(items: Iterable<T>, keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group === undefined) groups.set(keyOf(item), [item]);
    else group.push(item);
  }
  return groups;
}

/** A bar would end the cell, also in a fixed font; a tag would be one. */
function escapeCell(text: string): string {
  return text
    .replaceAll('|', '\\|')
    .replaceAll(/\s*\n\s*/g, ' ')
    .split(/(`[^`]*`)/)
    .map((part) => (part.startsWith('`') ? part : part.replaceAll('<', '&lt;')))
    .join('');
}
