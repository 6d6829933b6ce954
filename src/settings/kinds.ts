import { isIP } from 'node:net';

import { closest } from '../lib/suggest.ts';
import { parseByteSize, printByteSize } from './byte-size.ts';
import type { ReadResult, SettingKind } from './value-kind.ts';

/** Every kind of value that a setting can have. Each reads one text and says in one clause what it takes. */

const good = <T>(value: T): ReadResult<T> => ({ ok: true, value });
const bad = (why: string): ReadResult<never> => ({ ok: false, why });

export function text(name: string): SettingKind<string> {
  return {
    name,
    describe: 'text',
    read: (value) => good(value.trim()),
    print: (value) => value,
    schema: { type: 'string' },
  };
}

/** Booleans as Go's strconv.ParseBool takes them, because users of ingress-nginx write those. */
export function boolean(): SettingKind<boolean> {
  return {
    name: 'BOOL',
    describe: 'true or false',
    read: (value) => {
      if (/^(1|t|T|TRUE|true|True)$/.test(value)) return good(true);
      if (/^(0|f|F|FALSE|false|False)$/.test(value)) return good(false);
      return bad(`"${value}" is neither true nor false`);
    },
    print: String,
    schema: { type: 'boolean' },
  };
}

export function integer(minimum: number, maximum: number): SettingKind<number> {
  return {
    name: 'NUMBER',
    describe: `a whole number from ${minimum} to ${maximum}`,
    read: (value) => readInteger(value, minimum, maximum),
    print: String,
    schema: { type: 'integer', minimum, maximum },
  };
}

export function port(): SettingKind<number> {
  return { ...integer(0, 65_535), name: 'PORT' };
}

/** Whole seconds in text, milliseconds inside; `60`, and `60s`, `5m`, `1h` as well. */
export function seconds(minimum: number, maximum: number): SettingKind<number> {
  return {
    name: 'SECONDS',
    describe: `seconds from ${minimum} to ${maximum}, for example 60 or 60s`,
    read: (value) => readDuration(value, minimum, maximum),
    print: (value) => `${value / 1000}`,
    schema: { type: ['integer', 'string'] },
  };
}

/** A duration; digits without a unit are seconds. Milliseconds inside. */
export function milliseconds(minimum: number, maximum: number): SettingKind<number> {
  return {
    ...seconds(minimum, maximum),
    name: 'DURATION',
    print: (value) => (value % 1000 === 0 ? `${value / 1000}s` : `${value}ms`),
  };
}

/** Bytes as nginx writes them: `8k`, `1m`, or digits alone. */
export function byteSize(): SettingKind<number> {
  return {
    name: 'SIZE',
    describe: 'a size, for example 8k or 1m',
    read: (value) => {
      const bytes = parseByteSize(value);
      return bytes === undefined ? bad(`"${value}" is not a size: digits, and b, k, m or g`) : good(bytes);
    },
    print: printByteSize,
    schema: { type: ['integer', 'string'] },
  };
}

export function choice<const T extends string>(values: readonly T[]): SettingKind<T> {
  return {
    name: values.join('|'),
    describe: `one of ${values.join(', ')}`,
    read: (value) => {
      const found = values.find((candidate) => candidate === value);
      if (found !== undefined) return good(found);
      const near = closest(value, values);
      return bad(`"${value}" is not a value of it${near === undefined ? '' : `; did you mean ${near}`}`);
    },
    print: String,
    schema: { type: 'string', enum: values },
  };
}

export function csv(name: string): SettingKind<readonly string[]> {
  return {
    name: `${name},...`,
    describe: 'a list separated by commas',
    read: (value) => good(splitList(value)),
    print: (value) => value.join(','),
    schema: { type: 'string' },
  };
}

/** `namespace/name`, or empty. */
export function objectKey(): SettingKind<string> {
  return {
    name: 'NAMESPACE/NAME',
    describe: 'namespace/name',
    read: (value) =>
      value === '' || /^[a-z0-9.-]+\/[a-z0-9.-]+$/.test(value) ? good(value) : bad(`"${value}" is not namespace/name`),
    print: (value) => value,
    schema: { type: 'string' },
  };
}

export function address(): SettingKind<string> {
  return {
    name: 'IP',
    describe: 'an IP address',
    read: (value) => (value === '' || isIP(value) !== 0 ? good(value) : bad(`"${value}" is not an IP address`)),
    print: (value) => value,
    schema: { type: 'string' },
  };
}

/** Upper bounds of histogram buckets, ascending. */
export function buckets(): SettingKind<readonly number[]> {
  return {
    name: 'NUMBER,...',
    describe: 'ascending numbers separated by commas',
    read: (value) => {
      const numbers = splitList(value).map(Number);
      const ascending = numbers.every(
        (number, at) => Number.isFinite(number) && (at === 0 || number > Number(numbers[at - 1])),
      );
      return ascending && numbers.length > 0 ? good(numbers) : bad(`"${value}" is not a list of ascending numbers`);
    },
    print: (value) => value.join(','),
    schema: { type: 'string' },
  };
}

function splitList(value: string): string[] {
  return value
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

function readInteger(value: string, minimum: number, maximum: number): ReadResult<number> {
  if (!/^-?\d{1,15}$/.test(value)) return bad(`"${value}" is not a whole number`);
  const number = Number(value);
  return number < minimum || number > maximum ? bad(`${value} is not between ${minimum} and ${maximum}`) : good(number);
}

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, '': 1_000 };

function readDuration(value: string, minimum: number, maximum: number): ReadResult<number> {
  const match = /^(\d{1,12})(ms|s|m|h|)$/.exec(value);
  const factor = unitMs[match?.[2] ?? 'none'];
  if (match === null || factor === undefined) return bad(`"${value}" is not a number of seconds`);
  const ms = Number(match[1]) * factor;
  const inside = ms >= minimum * 1000 && ms <= maximum * 1000;
  return inside ? good(ms) : bad(`${value} is not between ${minimum} and ${maximum} seconds`);
}
