import { closest } from '../lib/suggest.ts';
import { checkText } from './checks.ts';
import type { KnownKey } from './config-map-keys.ts';
import { asksNothing, knownKeys } from './config-map-keys.ts';
import { boolean } from './kinds.ts';
import type { SettingProblem } from './problem.ts';
import { badValue } from './problem.ts';
import type { SettingName, Settings } from './settings.ts';
import type { AnySetting } from './table-access.ts';
import { allSettings, settingsFrom } from './table-access.ts';

/** Settings after the ConfigMap, and what is wrong with its keys. */
export interface EffectiveSettings {
  /** The same object as before when no key changes anything. */
  readonly settings: Settings;
  readonly problems: readonly SettingProblem[];
}

/**
 * Applies the keys of the ConfigMap on top of command line and environment. A key that is wrong leaves its setting as
 * it was. Pure: the same input gives the same output.
 * @param data  `data` of the ConfigMap that `--configmap` names
 */
export function effectiveSettings(settings: Settings, data: Readonly<Record<string, string>>): EffectiveSettings {
  const problems: SettingProblem[] = [];
  const values = new Map<SettingName, Settings[SettingName]>();
  // In the order of the names, so that equal data gives equal problems.
  for (const key of Object.keys(data).sort()) {
    const outcome = readKey(settings, key, data[key] ?? '');
    if (outcome === undefined) continue;
    if ('problem' in outcome) problems.push(outcome.problem);
    else values.set(outcome.name, outcome.value);
  }
  if (values.size === 0) return { settings, problems };
  return { settings: settingsFrom(values, settings), problems };
}

type KeyOutcome =
  | { readonly name: SettingName; readonly value: Settings[SettingName] }
  | { readonly problem: SettingProblem };

/** Keys that say the opposite of a setting. */
const inverted: Readonly<Record<string, SettingName>> = {
  'disable-access-log': 'accessLog',
  'disable-http-access-log': 'accessLog',
};

/** Settings of the supervisor, which does not see the ConfigMap: their keys have no effect, and say so. */
export const onlyAtStart: readonly SettingName[] = ['workers', 'shutdownDrainMs'];

/** Returns undefined when there is neither a value to take nor a word to say. */
function readKey(settings: Settings, key: string, text: string): KeyOutcome | undefined {
  const opposite = Object.hasOwn(inverted, key) ? inverted[key] : undefined;
  if (opposite !== undefined) {
    const result = boolean().read(text.trim());
    return result.ok ? { name: opposite, value: !result.value } : { problem: badValue(key, result.why, boolean()) };
  }
  const row = allSettings().find(([, definition]) => definition.configMapKey === key);
  if (row !== undefined) return readSetting(settings, key, text, row);
  const known = knownKeys.get(key);
  if (known === undefined) return { problem: unknownKey(key) };
  return asksNothing(key, text.trim()) ? undefined : { problem: withoutEffect(key, known) };
}

function readSetting(
  settings: Settings,
  key: string,
  text: string,
  [name, definition]: readonly [SettingName, AnySetting],
): KeyOutcome {
  // nginx writes the number of cores as `auto`.
  const result = definition.kind.read(name === 'workers' && text.trim() === 'auto' ? '0' : text.trim());
  if (!result.ok) return { problem: badValue(key, result.why, definition.kind) };
  const wrong = checkText(name, settingsFrom(new Map([[name, result.value]]), settings), key);
  if (wrong !== undefined) return { problem: wrong };
  if (onlyAtStart.includes(name) && result.value !== settings[name]) {
    return { problem: needsFlag(key, definition, text.trim()) };
  }
  return { name, value: result.value };
}

function needsFlag(key: string, definition: AnySetting, text: string): SettingProblem {
  return {
    severity: 'warning',
    where: key,
    what: `${key} has no effect here`,
    why: 'the supervisor reads it at the start of the program, when there is no ConfigMap yet',
    fix: `Set --${definition.flag}=${text} on the command line.`,
  };
}

function unknownKey(key: string): SettingProblem {
  const right = [
    ...allSettings().flatMap(([, definition]) => definition.configMapKey ?? []),
    ...Object.keys(inverted),
    ...knownKeys.keys(),
  ];
  const near = closest(key, right);
  return {
    severity: 'warning',
    where: key,
    what: `${key} is not a key that Fairway or ingress-nginx knows`,
    why: near === undefined ? 'no key has a name like this' : `did you mean ${near}`,
    fix: 'Correct the name, or remove the key.',
  };
}

const consequences: Readonly<Record<KnownKey['kind'], Pick<SettingProblem, 'severity' | 'fix'>>> = {
  meaningless: { severity: 'info', fix: 'Remove the key when ingress-nginx no longer reads it.' },
  missing: { severity: 'warning', fix: 'Remove the key, or wait with the move until it is supported.' },
  protection: { severity: 'error', fix: 'Protect the backends in another way, and remove the key.' },
  never: { severity: 'warning', fix: 'Remove the key.' },
};

function withoutEffect(key: string, known: KnownKey): SettingProblem {
  return { ...consequences[known.kind], where: key, what: `${key} has no effect`, why: known.why };
}
