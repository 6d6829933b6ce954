import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { accessLogPage } from './docs/access-log.ts';
import { annotationsPage } from './docs/annotations.ts';
import { errorsPage } from './docs/errors.ts';
import { metricsPage } from './docs/metrics.ts';
import { settingsPage } from './docs/settings.ts';

// Writes the pages of docs/ that follow from tables in src/; with --check says whether they are up to date.

const folder = join(import.meta.dirname, '../docs');

const pages: Readonly<Record<string, () => string>> = {
  'access-log.md': accessLogPage,
  'annotations.md': annotationsPage,
  'errors.md': errorsPage,
  'metrics.md': metricsPage,
  'settings.md': settingsPage,
};

for (const [name, page] of Object.entries(pages)) {
  const path = join(folder, name);
  const text = page();
  if (!process.argv.includes('--check')) {
    writeFileSync(path, text);
    console.log(`wrote docs/${name}`);
  } else if (textOf(path) !== text) {
    console.error(`docs/${name} is not up to date: run \`make docs\` and commit the result`);
    process.exitCode = 1;
  }
}

/** A missing file is as stale as an old one. */
function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
