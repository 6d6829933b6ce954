import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { onlyAtStart } from './config-map.ts';
import type { SettingName } from './settings.ts';
import type { AnySetting } from './table-access.ts';
import { allSettings } from './table-access.ts';

/** Columns of the help text. */
const width = 100;
const indent = 6;

/** The answer to `--help`: every setting of the table, grouped, with kind, default and where else it can be written. */
export function helpText(): string {
  const groups = new Map<string, string[]>();
  for (const [name, definition] of allSettings()) {
    const group = groups.get(definition.group) ?? [];
    groups.set(definition.group, [...group, entryOf(name, definition)]);
  }
  const sections = [...groups].map(([title, rows]) => `${title}\n${rows.join('')}`);
  return `${introduction()}\n${sections.join('\n')}`;
}

/** The answer to `--version`, without a line end: `fairway 1.2.3 (Node.js v26.0.0)`. */
export function versionText(): string {
  return `fairway ${version()} (Node.js ${process.version})`;
}

/** Version of the program, as package.json has it. */
export function version(): string {
  const text = readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8');
  const found: unknown = JSON.parse(text);
  if (typeof found !== 'object' || found === null || !('version' in found)) return 'unknown';
  return String(found.version);
}

function introduction(): string {
  const paragraphs = [
    'fairway: Kubernetes ingress controller without reloads, drop-in successor of ingress-nginx.',
    '',
    'Usage: node src/main.ts [serve] [--flag value | --flag=value | --switch | --switch=false] ...',
    '       node src/main.ts --help | --version',
    '',
    'Reads Ingresses and what belongs to them from a cluster, or with --manifests from a folder of YAML files. ' +
      'A flag stands above the environment variable of the same setting, the key of the ConfigMap above both. ' +
      'All flags of ingress-nginx are taken; those without a meaning here are named in the log. ' +
      'Durations are seconds, or have a unit: 500ms, 30s, 5m, 1h.',
  ];
  return `${paragraphs.map((text) => wrap(text, 0)).join('\n')}\n`;
}

function entryOf(setting: SettingName, definition: AnySetting): string {
  const names = [definition.flag, ...(definition.aliases ?? [])].map((flag) => `--${flag}`).join(', ');
  const places = [
    definition.environment === undefined ? '' : `environment ${definition.environment}`,
    keyOf(setting, definition),
  ].filter((place) => place !== '');
  const notes = [`default: ${defaultOf(definition)}`, ...places].join('; ');
  return `  ${names} ${definition.kind.name}\n${wrap(`${definition.doc} [${notes}]`, indent)}\n`;
}

function keyOf(setting: SettingName, { configMapKey }: AnySetting): string {
  if (configMapKey === undefined) return '';
  return `ConfigMap ${configMapKey}${onlyAtStart.includes(setting) ? ' has no effect' : ''}`;
}

function defaultOf(definition: AnySetting): string {
  const text = definition.kind.print(definition.fallback);
  return text === '' ? 'empty' : text;
}

/** Lines of at most `width` columns; a longer word stands alone. Lines that fit stay as they are. */
function wrap(text: string, left: number): string {
  const margin = ' '.repeat(left);
  if (left + text.length <= width) return margin + text;
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && left + line.length + 1 + word.length > width) {
      lines.push(margin + line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, margin + line].join('\n');
}
