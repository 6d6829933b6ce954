import type { PlainSettings } from '../model/messages.ts';
import type { SettingName, Settings } from './settings.ts';
import type { SettingDefinition } from './table.ts';
import { settingsTable } from './table.ts';

/** A row of the table whose value type does not matter to the caller. */
export type AnySetting = SettingDefinition<Settings[SettingName]>;

/** Every setting with its name, in the order of the table. */
export function allSettings(): readonly (readonly [SettingName, AnySetting])[] {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- Object.entries forgets that the keys are SettingName
  return Object.entries(settingsTable) as [SettingName, AnySetting][];
}

/** Settings as they are when nobody writes any. */
export function defaultSettings(): Settings {
  return settingsFrom(new Map());
}

/** Settings with these values, and the default for every other. */
export function settingsFrom(values: ReadonlyMap<SettingName, Settings[SettingName]>, base?: Settings): Settings {
  const all = allSettings().map(([name, definition]) => [
    name,
    values.get(name) ?? base?.[name] ?? definition.fallback,
  ]);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the table has a row of the right type for every name
  return Object.fromEntries(all) as Settings;
}

/** Settings as the supervisor sent them to this process: it has parsed and checked them. */
export function settingsFromPlain(plain: PlainSettings): Settings {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the sender made it from Settings, with the same program
  const values = Object.entries(plain) as [SettingName, Settings[SettingName]][];
  return settingsFrom(new Map(values));
}
