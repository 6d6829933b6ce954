import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../../..');

/**
 * Writes `docs/NAME.md` from `test/bench/pages/NAME.md`: prose is kept there, and what is measured takes the place of the
 * lines `<!-- PART -->`.
 * @param target  of make, that calls this
 * @param parts  text for each of them
 * @throws when the page lacks a part
 */
export function writePage(name: string, target: string, parts: Readonly<Record<string, string>>): void {
  let text = readFileSync(join(root, 'test/bench/pages', `${name}.md`), 'utf8');
  const generated = `<!-- Generated from \`test/bench/pages/${name}.md\` by \`make ${target}\`: change the words there. -->`;
  for (const [part, value] of Object.entries({ ...parts, generated })) {
    const marker = `<!-- ${part} -->`;
    if (!text.includes(marker)) throw new Error(`test/bench/pages/${name}.md has no line ${marker}`);
    text = text.replace(marker, () => value);
  }
  writeFileSync(join(root, 'docs', `${name}.md`), text);
}

export function writeChart(name: string, svg: string): void {
  writeFileSync(join(root, 'docs', `${name}.svg`), svg);
}
