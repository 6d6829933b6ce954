import { closest } from '../lib/suggest.ts';
import { ignoredFlags } from './ignored-flags.ts';
import type { SettingProblem } from './problem.ts';
import { allSettings } from './table-access.ts';
import { translatedFlags } from './translated-flags.ts';

/** One flag as it stands on the command line, with its value as text; `true` for a boolean without one. */
export interface WrittenFlag {
  /** Without dashes, spelled as in the tables. */
  readonly name: string;
  readonly value: string;
}

/** The words of a command line. */
export interface CommandLine {
  readonly command: string;
  readonly flags: readonly WrittenFlag[];
  readonly problems: readonly SettingProblem[];
}

/** What `main.ts` can do; the first is what it does without a word. */
export const commands: readonly string[] = ['serve'];

/**
 * Splits `serve --flag value --flag=value --switch -v=2` into words. Form of flags as Go's pflag has it, which
 * ingress-nginx uses: a boolean flag takes its value only after `=`.
 */
export function readCommandLine(args: readonly string[]): CommandLine {
  const flags: WrittenFlag[] = [];
  const problems: SettingProblem[] = [];
  const waiting = [...args];
  const command = waiting[0] !== undefined && !waiting[0].startsWith('-') ? String(waiting.shift()) : 'serve';
  if (!commands.includes(command)) problems.push(unknownCommand(command));
  for (let word = waiting.shift(); word !== undefined; word = waiting.shift()) {
    const flag = /^--?([A-Za-z][\w.-]{0,63})(?:=([^]*))?$/.exec(word);
    const name = flag === null ? undefined : flagNamed(flag[1] ?? '', word);
    if (flag === null) problems.push(strayWord(word, flags.at(-1)));
    else if (name === undefined) {
      problems.push(unknownFlag(word.replace(/=[^]*$/, ''), flag[1] ?? ''));
      // Its value, most likely; not a second complaint about the same mistake.
      if (flag[2] === undefined && waiting[0] !== undefined && !waiting[0].startsWith('-')) waiting.shift();
    } else if (flag[2] !== undefined) flags.push({ name, value: flag[2] });
    else if (isSwitch(name)) flags.push({ name, value: 'true' });
    else if (waiting[0] === undefined || /^--[a-z]/.test(waiting[0])) problems.push(missingValue(name));
    else flags.push({ name, value: String(waiting.shift()) });
  }
  return { command, flags, problems };
}

const settingFlags: ReadonlyMap<string, { readonly isSwitch: boolean }> = new Map(
  allSettings().flatMap(([, definition]) =>
    [definition.flag, ...(definition.aliases ?? [])].map((flag) => [
      flag,
      { isSwitch: definition.kind.name === 'BOOL' },
    ]),
  ),
);

/** Every flag that is taken, whether it does something or not. */
export function takenFlags(): readonly string[] {
  return [...settingFlags.keys(), ...Object.keys(translatedFlags), ...Object.keys(ignoredFlags), 'help', 'version'];
}

/** klog's flags may be written with `_`, and its `v` with one dash; every other flag has two dashes. */
function flagNamed(written: string, word: string): string | undefined {
  if (written === 'h') return 'help';
  const name = Object.hasOwn(ignoredFlags, written) ? written : written.replaceAll('_', '-');
  const known =
    settingFlags.has(written) || Object.hasOwn(translatedFlags, written) || Object.hasOwn(ignoredFlags, name);
  if (!known && written !== 'help' && written !== 'version') return undefined;
  return word.startsWith('--') || name === 'v' ? name : undefined;
}

function isSwitch(name: string): boolean {
  if (name === 'help' || name === 'version' || Object.hasOwn(translatedFlags, name)) return true;
  return settingFlags.get(name)?.isSwitch ?? ignoredFlags[name]?.value === 'boolean';
}

function unknownFlag(word: string, written: string): SettingProblem {
  const near = closest(written, takenFlags());
  return {
    severity: 'error',
    where: word,
    what: `${word} is not a flag`,
    why: near === undefined ? 'no flag has a name like this' : `did you mean --${near}`,
    fix: 'Run with --help for the list of all flags.',
  };
}

function unknownCommand(command: string): SettingProblem {
  const near = closest(command, commands);
  return {
    severity: 'error',
    where: command,
    what: `"${command}" is not a command`,
    why: near === undefined ? `there is only ${commands.join(', ')}` : `did you mean ${near}`,
    fix: 'Run with --help for what there is.',
  };
}

function strayWord(word: string, before: WrittenFlag | undefined): SettingProblem {
  const afterSwitch = before !== undefined && isSwitch(before.name);
  return {
    severity: 'error',
    where: word,
    what: `"${word}" belongs to no flag`,
    why: afterSwitch ? `--${before.name} takes its value after "="` : 'every value stands after a flag that takes one',
    fix: afterSwitch ? `Write --${before.name}=${word}.` : 'Remove it, or write the flag before it.',
  };
}

function missingValue(name: string): SettingProblem {
  const definition = allSettings().find(([, one]) => one.flag === name || one.aliases?.includes(name))?.[1];
  return {
    severity: 'error',
    where: `--${name}`,
    what: `--${name} has no value`,
    why: `it takes ${definition?.kind.describe ?? 'a value'}`,
    fix: `Write --${name} ${definition?.kind.name ?? 'VALUE'}.`,
  };
}
