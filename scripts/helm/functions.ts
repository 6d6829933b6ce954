import { dumpYaml } from '@kubernetes/client-node';

/** Template functions that the chart uses. Source: Go text/template, sprig and helm, of the same names. */
export type TemplateFunction = (...parameters: readonly unknown[]) => unknown;

/** Go's truth: false, 0, empty text, empty collections and nil are false. */
export function isTrue(value: unknown): boolean {
  if (value === undefined || value === null || value === false || value === 0 || value === '') return false;
  if (Array.isArray(value)) return value.length > 0;
  return typeof value !== 'object' || Object.keys(value).length > 0;
}

/** As Go prints a value; nil prints nothing, as in helm. */
export function print(value: unknown): string {
  if (value === undefined || value === null) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function indent(spaces: unknown, text: unknown): string {
  const pad = ' '.repeat(Number(spaces));
  return print(text)
    .split('\n')
    .map((line) => pad + line)
    .join('\n');
}

function toYaml(value: unknown): string {
  return dumpYaml(value, { sortKeys: true, lineWidth: -1, noRefs: true }).replace(/\n$/, '');
}

function printf(format: unknown, ...values: readonly unknown[]): string {
  let at = 0;
  return print(format).replaceAll(/%[sdvq%]/g, (verb) => {
    if (verb === '%%') return '%';
    const value = print(values[at]);
    at += 1;
    return verb === '%q' ? JSON.stringify(value) : value;
  });
}

export const functions: Readonly<Record<string, TemplateFunction>> = {
  default: (fallback, value) => (isTrue(value) ? value : fallback),
  quote: (value) => JSON.stringify(print(value)),
  toString: print,
  toYaml,
  indent,
  nindent: (spaces, text) => `\n${indent(spaces, text)}`,
  printf,
  int: (value) => Math.trunc(Number(value)),
  eq: (value, ...others) => others.includes(value),
  ne: (a, b) => a !== b,
  gt: (a, b) => Number(a) > Number(b),
  and: (...values) => values.find((value) => !isTrue(value)) ?? values.at(-1),
  or: (...values) => values.find(isTrue) ?? values.at(-1),
  not: (value) => !isTrue(value),
  contains: (part, text) => print(text).includes(print(part)),
  replace: (from, to, text) => print(text).replaceAll(print(from), print(to)),
  trunc: (length, text) => print(text).slice(0, Number(length)),
  trim: (text) => print(text).trim(),
  trimSuffix: (suffix, text) =>
    print(text).endsWith(print(suffix)) ? print(text).slice(0, -print(suffix).length) : text,
  has: (item, items) => Array.isArray(items) && items.includes(item),
  join: (separator, values) => (Array.isArray(values) ? values.map(print).join(print(separator)) : print(values)),
  splitList: (separator, text) => print(text).split(print(separator)),
  list: (...values) => values,
  index: (collection, key) => (isRecord(collection) ? collection[print(key)] : undefined),
};
