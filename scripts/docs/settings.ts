import { knownKeys } from '../../src/settings/config-map-keys.ts';
import { onlyAtStart } from '../../src/settings/config-map.ts';
import { ignoredFlags } from '../../src/settings/ignored-flags.ts';
import type { SettingName } from '../../src/settings/settings.ts';
import type { AnySetting } from '../../src/settings/table-access.ts';
import { allSettings } from '../../src/settings/table-access.ts';
import { translatedFlags } from '../../src/settings/translated-flags.ts';
import { code, grouped, heading, tableOf } from './markdown.ts';

/** `docs/settings.md`. */
export function settingsPage(): string {
  const groups = [...grouped(allSettings(), ([, { group }]) => group)];
  return `${heading('Settings', '`src/settings/`')}
A flag stands above the environment variable of the same setting, the key of the ConfigMap (\`--configmap\`) above both. A
setting with a key of the ConfigMap may change while Fairway runs, unless the table says that the key has no effect. Flags that are lists add up when they stand several times.

${groups.map(([title, rows]) => `## ${title}\n\n${settingRows(rows)}`).join('\n')}
## Flags of ingress-nginx that are translated

${translatedRows()}
## Flags of ingress-nginx without effect

They are taken, so that existing command lines start, and named in the log.

${ignoredRows()}
## Keys of ingress-nginx's ConfigMap without effect

Each is reported with a diagnostic when it asks for something that Fairway does not do.

${keyRows()}`;
}

function settingRows(rows: readonly (readonly [SettingName, AnySetting])[]): string {
  return tableOf(
    ['Setting', 'Value', 'Default', 'Meaning'],
    rows.map(([name, definition]) => [
      placesOf(name, definition),
      definition.kind.describe,
      code(definition.kind.print(definition.fallback)),
      definition.doc,
    ]),
  );
}

function placesOf(name: SettingName, { flag, aliases, environment, configMapKey }: AnySetting): string {
  const flags = [flag, ...(aliases ?? [])].map((one) => code(`--${one}`));
  const effect = onlyAtStart.includes(name) ? ' (no effect: it is read at the start)' : '';
  const others = [
    environment === undefined ? '' : `environment ${code(environment)}`,
    configMapKey === undefined ? '' : `ConfigMap ${code(configMapKey)}${effect}`,
  ];
  return [...flags, ...others].filter((place) => place !== '').join(', ');
}

function translatedRows(): string {
  const settings = new Map(allSettings());
  return tableOf(
    ['Flag', 'Becomes'],
    Object.entries(translatedFlags).flatMap(([name, { setting, text }]) =>
      Object.entries(text).map(([value, becomes]) => [
        code(`--${name}=${value}`),
        code(`--${settings.get(setting)?.flag ?? setting}=${becomes}`),
      ]),
    ),
  );
}

function ignoredRows(): string {
  return tableOf(
    ['Flag', 'Why'],
    Object.entries(ignoredFlags).map(([name, { kind, why }]) => [
      code(`--${name}`),
      kind === 'missing' ? `Not there yet: ${why}.` : `Nothing is lost: ${why}.`,
    ]),
  );
}

const keyKinds: Readonly<Record<string, string>> = {
  meaningless: 'Nothing is lost',
  missing: 'Not there yet',
  protection: 'Not there yet, and requests that it would refuse are served',
  never: 'Will not come',
};

function keyRows(): string {
  const reasons = grouped(knownKeys, ([, { kind, why }]) => `${keyKinds[kind] ?? kind}: ${why}.`);
  return tableOf(
    ['Keys', 'Why'],
    [...reasons].map(([why, keys]) => [keys.map(([key]) => code(key)).join(' '), why]),
  );
}
