import { closest } from '../../lib/suggest.ts';
import type { RetryCondition } from '../../model/policy.ts';
import { isVariable } from '../../model/variable-names.ts';
import { parseByteSize } from '../../settings/byte-size.ts';
import type { ReadResult } from '../../settings/value-kind.ts';
import { quoted } from '../objects/field-reader.ts';

/**
 * How the text of an annotation becomes a value: one whole-string grammar each, in linear time (threats R-4).
 * `parse` never throws; text that comes in is trimmed, not empty, printable ASCII and of bounded length.
 */
export interface ValueKind<T> {
  /** What to write, as the end of "Write ...": `true or false, in quotes`. */
  readonly describe: string;
  readonly parse: (text: string) => ReadResult<T>;
}

/** Longest value of an annotation, in characters. */
export const valueLimit = 1024;

const good = <T>(value: T): ReadResult<T> => ({ ok: true, value });
const bad = (why: string): ReadResult<never> => ({ ok: false, why });

/** Booleans as Go's strconv.ParseBool takes them: what ingress-nginx accepts, so `yes` and `on` are none. */
export function flag(): ValueKind<boolean> {
  return {
    describe: 'true or false, in quotes',
    parse: (text) => {
      if (/^(1|t|T|TRUE|true|True)$/.test(text)) return good(true);
      if (/^(0|f|F|FALSE|false|False)$/.test(text)) return good(false);
      return bad(`${quoted(text)} is neither true nor false`);
    },
  };
}

export function wholeNumber(minimum: number, maximum: number): ValueKind<number> {
  return {
    describe: `a whole number from ${minimum} to ${maximum}, in quotes`,
    parse: (text) => parseInteger(text, minimum, maximum, 'a whole number'),
  };
}

/** A number that may have up to three decimals. */
export function decimal(minimum: number, maximum: number): ValueKind<number> {
  return {
    describe: `a number from ${minimum} to ${maximum}, in quotes`,
    parse: (text) => {
      if (!/^\d{1,6}(\.\d{1,3})?$/.test(text)) return bad(`${quoted(text)} is not a number`);
      const number = Number(text);
      if (number < minimum) return bad(`${text} is less than ${minimum}`);
      return number > maximum ? bad(`${text} is more than ${maximum}`) : good(number);
    },
  };
}

/** Above this many seconds timers of the run time overflow; nobody lives to see the difference (24 days). */
const longestSeconds = 2_147_483;

/** Whole seconds in text, milliseconds inside. */
export function seconds(minimum: number): ValueKind<number> {
  return {
    describe: 'digits only, in quotes, for example "60"',
    parse: (text) => {
      const result = parseInteger(text, minimum, Number.MAX_SAFE_INTEGER, 'a whole number of seconds');
      return result.ok ? good(Math.min(result.value, longestSeconds) * 1000) : result;
    },
  };
}

const durationUnits: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/**
 * A duration with its unit, milliseconds inside; without a unit, seconds.
 * @param minimumMs  @param maximumMs  both included
 */
export function duration(minimumMs: number, maximumMs: number): ValueKind<number> {
  return {
    describe: `a duration from ${durationText(minimumMs)} to ${durationText(maximumMs)}, for example "30s" or "500ms"`,
    parse: (text) => {
      const [, digits, unit] = /^(\d{1,10})(ms|s|m|h)?$/.exec(text) ?? [];
      if (digits === undefined) return bad(`${quoted(text)} is not a duration: digits, and ms, s, m or h`);
      const ms = Number(digits) * (durationUnits[unit ?? 's'] ?? 1000);
      if (ms < minimumMs) return bad(`${text} is less than ${durationText(minimumMs)}`);
      return ms > maximumMs ? bad(`${text} is more than ${durationText(maximumMs)}`) : good(ms);
    },
  };
}

function durationText(ms: number): string {
  const unit = ['h', 'm', 's'].find((name) => ms > 0 && ms % (durationUnits[name] ?? 1) === 0) ?? 'ms';
  return ms === 0 ? '0s' : `${ms / (durationUnits[unit] ?? 1)}${unit}`;
}

/** Seconds as ingress-nginx takes them for cookies: 0, or a number that may be negative, without leading zeros. */
export function cookieSeconds(): ValueKind<number> {
  return {
    describe: 'a number of seconds, in quotes, for example "3600"',
    parse: (text) => {
      const bare = withoutSpaces(text);
      return /^(0|-?[1-9]\d{0,9})$/.test(bare) ? good(Number(bare)) : bad(`${quoted(text)} is not a number of seconds`);
    },
  };
}

/** Bytes as nginx writes them. */
export function byteSize(): ValueKind<number> {
  return {
    describe: 'a size, in quotes, for example "8m"',
    parse: (text) => {
      const bytes = parseByteSize(text);
      return bytes === undefined ? bad(`${quoted(text)} is not a size: digits, and b, k, m or g`) : good(bytes);
    },
  };
}

/** @param aliases  other spellings, and what they mean */
export function choice<const T extends string>(
  values: readonly T[],
  aliases: Readonly<Record<string, T>> = {},
): ValueKind<T> {
  return {
    describe: values.length === 1 ? quoted(values.join('')) : `one of ${values.join(', ')}`,
    parse: (text) => {
      const found =
        values.find((value) => value === text) ?? (Object.hasOwn(aliases, text) ? aliases[text] : undefined);
      if (found !== undefined) return good(found);
      const near = closest(text, values);
      return bad(`${quoted(text)} is not a value of it${near === undefined ? '' : `; did you mean ${near}`}`);
    },
  };
}

/** A choice whose letters may be upper or lower case. */
export function anyCaseChoice<const T extends string>(values: readonly T[]): ValueKind<T> {
  const kind = choice(values);
  return {
    describe: kind.describe,
    parse: (text) => kind.parse(values.find((value) => value.toLowerCase() === text.toLowerCase()) ?? text),
  };
}

/**
 * Text of some characters, with all spaces taken out first, as ingress-nginx does.
 * @param characters  of a regular expression's class
 */
export function characters(allowed: RegExp, describe: string): ValueKind<string> {
  return {
    describe,
    parse: (text) => {
      const bare = withoutSpaces(text);
      return allowed.test(bare) ? good(bare) : bad(`${quoted(text)} has characters that are not allowed there`);
    },
  };
}

/** Text of some characters, spaces included where they are among them. @param allowed  see `characters` */
export function textOf(allowed: RegExp, describe: string): ValueKind<string> {
  return {
    describe,
    parse: (text) =>
      allowed.test(text) ? good(text) : bad(`${quoted(text)} has characters that are not allowed there`),
  };
}

/** Text with variables that a consistent hash takes. Source: ingress-nginx annotations, upstream-hash-by. */
export function hashText(): ValueKind<string> {
  return {
    describe: 'text with variables, for example "$request_uri", "$remote_addr" or "$http_x_tenant"',
    parse: (text) => {
      const bare = withoutSpaces(text);
      if (!/^[A-Za-z0-9\-_${}]*$/.test(bare)) return bad(`${quoted(text)} has characters that are not allowed there`);
      const unknown = unknownVariable(bare);
      return unknown === undefined ? good(bare) : bad(`${quoted(text)} ${unknown}`);
    },
  };
}

/** What is wrong with the variables of a text, as the end of a sentence. */
export function unknownVariable(text: string): string | undefined {
  for (const [whole, braced, bare] of text.matchAll(/\$(?:\{([^{}]*)\}|([A-Za-z0-9_]*))/g)) {
    const name = braced ?? bare ?? '';
    if (name === '') return 'has a dollar sign without the name of a variable';
    if (!isVariable(name)) return `holds the variable ${whole}, which Fairway does not know`;
  }
  return undefined;
}

const conditions: ReadonlySet<string> = new Set<RetryCondition>([
  'error',
  'timeout',
  'invalid_header',
  'http_500',
  'http_502',
  'http_503',
  'http_504',
  'http_403',
  'http_404',
  'http_429',
  'non_idempotent',
]);

/** Conditions of nginx `proxy_next_upstream`; `off` gives none. Also reads the setting of the same name. */
export function retryConditions(): ValueKind<readonly RetryCondition[]> {
  return {
    describe: `off, or conditions separated by spaces: ${[...conditions].join(' ')}`,
    parse: (text) => {
      const words = text.split(/\s+/).filter((word) => word !== '');
      const wrong = words.find((word) => word !== 'off' && !conditions.has(word));
      if (wrong !== undefined) return bad(`${quoted(wrong)} is not a condition`);
      return good(words.includes('off') ? [] : words.filter(isCondition));
    },
  };
}

function isCondition(word: string): word is RetryCondition {
  return conditions.has(word);
}

function withoutSpaces(text: string): string {
  return text.replaceAll(' ', '');
}

function parseInteger(text: string, minimum: number, maximum: number, noun: string): ReadResult<number> {
  if (!/^[+-]?\d{1,15}$/.test(text)) return bad(`${quoted(text)} is not ${noun}`);
  const number = Number(text);
  if (number < minimum) return bad(`${text} is less than ${minimum}`);
  return number > maximum ? bad(`${text} is more than ${maximum}`) : good(number);
}
