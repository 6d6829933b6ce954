import { checkText, checkTogether } from './checks.ts';
import type { WrittenFlag } from './command-line.ts';
import { readCommandLine } from './command-line.ts';
import { ignoredFlags } from './ignored-flags.ts';
import { boolean } from './kinds.ts';
import { settingNotes } from './notes.ts';
import type { SettingProblem } from './problem.ts';
import { badValue } from './problem.ts';
import type { SettingName, Settings } from './settings.ts';
import type { AnySetting } from './table-access.ts';
import { allSettings, settingsFrom } from './table-access.ts';
import type { TranslatedFlag } from './translated-flags.ts';
import { translatedFlags } from './translated-flags.ts';

/** What a command line asks for. */
export type Invocation =
  | { readonly kind: 'help' }
  | { readonly kind: 'version' }
  /** `notes` are worth a line in the log: flags without effect, flags that stand twice. */
  | { readonly kind: 'serve'; readonly settings: Settings; readonly notes: readonly SettingProblem[] }
  /** Every mistake, not only the first. */
  | { readonly kind: 'invalid'; readonly problems: readonly SettingProblem[] };

/**
 * Command line and environment to settings. A flag stands above its variable, a variable above the default.
 * @param args  without the program's name
 */
export function parseInvocation(args: readonly string[], environment: NodeJS.ProcessEnv): Invocation {
  const line = readCommandLine(args);
  const asks = (name: string): boolean => line.flags.some((flag) => flag.name === name && flag.value !== 'false');
  if (asks('help')) return { kind: 'help' };
  if (asks('version')) return { kind: 'version' };
  const texts = new Map([...textsOfEnvironment(environment), ...textsOfFlags(line.flags)]);
  const read = readTexts(texts);
  const fromFlags = new Set([...texts].filter(([, text]) => text.where.startsWith('--')).map(([name]) => name));
  const problems = [...line.problems, ...translationProblems(line.flags), ...read.problems];
  // Checks across settings on values that are wrong anyway would only repeat the complaint.
  if (problems.length === 0) problems.push(...checkTogether(read.settings, fromFlags));
  if (problems.length > 0) return { kind: 'invalid', problems };
  return {
    kind: 'serve',
    settings: read.settings,
    notes: [...notesOf(line.flags), ...repeated(line.flags), ...settingNotes(read.settings)],
  };
}

/** Text of one setting, and where it was written. */
interface WrittenText {
  readonly where: string;
  readonly text: string;
}

function textsOfEnvironment(environment: NodeJS.ProcessEnv): Map<SettingName, WrittenText> {
  const texts = new Map<SettingName, WrittenText>();
  for (const [name, { environment: variable }] of allSettings()) {
    const text = variable === undefined ? undefined : environment[variable];
    if (variable !== undefined && text !== undefined && text !== '') texts.set(name, { where: variable, text });
  }
  return texts;
}

/** A list that stands several times adds up; of any other setting the last counts. */
function textsOfFlags(flags: readonly WrittenFlag[]): Map<SettingName, WrittenText> {
  const texts = new Map<SettingName, WrittenText>();
  for (const flag of flags) {
    const translated = translatedFlags[flag.name];
    const setting = translated?.setting ?? settingOfFlag(flag.name)?.[0];
    const text = translated === undefined ? flag.value : textOf(translated, flag.value);
    if (setting === undefined || text === undefined) continue;
    const before = isList(settingOfFlag(flag.name)?.[1]) ? texts.get(setting) : undefined;
    texts.set(setting, { where: `--${flag.name}`, text: before === undefined ? text : `${before.text},${text}` });
  }
  return texts;
}

function textOf(flag: TranslatedFlag, value: string): string | undefined {
  const result = boolean().read(value);
  return result.ok ? flag.text[result.value ? 'true' : 'false'] : undefined;
}

function readTexts(texts: ReadonlyMap<SettingName, WrittenText>): { settings: Settings; problems: SettingProblem[] } {
  const values = new Map<SettingName, Settings[SettingName]>();
  const problems: SettingProblem[] = [];
  for (const [name, definition] of allSettings()) {
    const written = texts.get(name);
    if (written === undefined) continue;
    const result = definition.kind.read(written.text);
    if (result.ok) values.set(name, result.value);
    else problems.push(badValue(written.where, result.why, definition.kind));
  }
  const settings = settingsFrom(values);
  for (const name of values.keys()) {
    const problem = checkText(name, settings, texts.get(name)?.where ?? name);
    if (problem !== undefined) problems.push(problem);
  }
  return { settings, problems };
}

function settingOfFlag(flag: string): readonly [SettingName, AnySetting] | undefined {
  return allSettings().find(([, definition]) => definition.flag === flag || definition.aliases?.includes(flag));
}

function isList(definition: AnySetting | undefined): boolean {
  return Array.isArray(definition?.fallback);
}

function translationProblems(flags: readonly WrittenFlag[]): SettingProblem[] {
  return flags.flatMap((flag) => {
    const result = boolean().read(flag.value);
    if (result.ok || !Object.hasOwn(translatedFlags, flag.name)) return [];
    return [badValue(`--${flag.name}`, result.why, boolean())];
  });
}

function notesOf(flags: readonly WrittenFlag[]): SettingProblem[] {
  return flags.flatMap((flag) => {
    const ignored = ignoredFlags[flag.name];
    if (ignored === undefined || !Object.hasOwn(ignoredFlags, flag.name)) return [];
    const asksNothing = flag.value === '' || (ignored.value === 'boolean' && flag.value === 'false');
    return [
      {
        severity: ignored.kind === 'missing' && !asksNothing ? 'warning' : 'info',
        where: `--${flag.name}`,
        what: `--${flag.name} is ignored`,
        why: ignored.why,
        fix: 'Remove it when you no longer need the command line of ingress-nginx.',
      } satisfies SettingProblem,
    ];
  });
}

function repeated(flags: readonly WrittenFlag[]): SettingProblem[] {
  const last = new Map<string, string>();
  const notes: SettingProblem[] = [];
  for (const { name, value } of flags) {
    const before = last.get(name);
    const adds = isList(settingOfFlag(name)?.[1]);
    if (before !== undefined && before !== value && !adds) {
      notes.push({
        severity: 'warning',
        where: `--${name}`,
        what: `--${name}=${before} is ignored`,
        why: `--${name}=${value} stands after it and the last one counts`,
        fix: 'Remove one of the two.',
      });
    }
    last.set(name, value);
  }
  return notes;
}
