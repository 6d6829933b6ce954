import { closest } from '../../lib/suggest.ts';
import type { Diagnostic, Severity } from '../../model/diagnostic.ts';
import type { ObjectRef } from '../../model/object-ref.ts';
import { keyOf } from '../../model/object-ref.ts';
import { decodeCodes } from './decode-codes.ts';
import type { DecodeCode } from './decode-codes.ts';

/** An object of unknown content, as JSON gives it. */
export type Fields = Readonly<Record<string, unknown>>;

/** What is wrong with one field. */
export interface Mistake {
  readonly code?: DecodeCode;
  readonly severity?: Severity;
  /** What follows from it: `is ignored` if absent. */
  readonly effect?: string;
  readonly why: string;
  readonly fix: string;
}

/** More mistakes of one object than this are counted, not listed. */
const mistakesLimit = 32;
/** Bounds the work on one object: YAML aliases can make a small file look like a huge tree. */
const itemsLimit = 200_000;
/** Unknown fields of one owner that are reported. */
const unknownLimit = 4;

/**
 * Reads fields of one object, and turns every wrong type into a diagnostic. `null` is the same as absent, because Go
 * writes empty lists as `null`. Methods take the owner of the field, its key, and the owner's path for messages.
 */
export class FieldReader {
  readonly ref: ObjectRef;
  readonly #strict: boolean;
  readonly #mistakes: Diagnostic[] = [];
  #omitted = 0;
  #items = 0;

  /** @param strict  whether fields that the API does not have are reported: nobody else does it */
  constructor(ref: ObjectRef, strict: boolean = false) {
    this.ref = ref;
    this.#strict = strict;
  }

  /** What was wrong so far, bounded. */
  get diagnostics(): readonly Diagnostic[] {
    if (this.#omitted === 0) return this.#mistakes;
    const why = `${this.#omitted} more mistakes are not listed one by one`;
    return [
      ...this.#mistakes,
      this.#diagnostic('', { code: 'more-mistakes', why, fix: 'Mend those that are listed first.' }),
    ];
  }

  /** How many mistakes were reported: whoever reads several fields can tell whether all of them were right. */
  get mistakes(): number {
    return this.#mistakes.length + this.#omitted;
  }

  report(field: string, mistake: Mistake): void {
    if (this.#mistakes.length < mistakesLimit) this.#mistakes.push(this.#diagnostic(field, mistake));
    else this.#omitted += 1;
  }

  /**
   * Reports the fields of `owner` that are not among `names`; the cluster's API server warns of them itself.
   * @returns the first such field, undefined without one, and whenever the reader is not strict
   */
  unknown(owner: Fields, path: string, names: readonly string[]): string | undefined {
    if (!this.#strict) return undefined;
    const found: string[] = [];
    for (const key in owner) {
      if (names.includes(key)) continue;
      found.push(key);
      // A small file may hold one big object in thousands of places.
      if (found.length === unknownLimit) break;
    }
    for (const key of found) this.#unknown(join(path, plainKey(key)), key, names);
    return found[0];
  }

  #unknown(field: string, key: string, names: readonly string[]): void {
    const meant = closest(key, names);
    this.report(field, {
      code: 'unknown-field',
      why: 'the Kubernetes API has no such field there',
      fix: meant === undefined ? `Write one of ${names.join(', ')}, or take it out.` : `Did you mean ${meant}?`,
    });
  }

  text(owner: Fields, key: string, path: string): string | undefined {
    const value = owner[key];
    if (value === undefined || value === null) return undefined;
    if (typeof value === 'string') return value;
    this.#wrongType(join(path, key), value, 'text', 'Write text, in quotes if it is a number, true, false or a date.');
    return undefined;
  }

  integer(owner: Fields, key: string, path: string): number | undefined {
    const value = owner[key];
    if (value === undefined || value === null) return undefined;
    if (typeof value === 'number' && Number.isSafeInteger(value)) return value;
    this.#wrongType(join(path, key), value, 'a whole number', 'Write a whole number without quotes.');
    return undefined;
  }

  flag(owner: Fields, key: string, path: string): boolean | undefined {
    const value = owner[key];
    if (value === undefined || value === null) return undefined;
    if (typeof value === 'boolean') return value;
    this.#wrongType(join(path, key), value, 'true or false', 'Write true or false without quotes.');
    return undefined;
  }

  fields(owner: Fields, key: string, path: string): Fields | undefined {
    const value = owner[key];
    if (value === undefined || value === null) return undefined;
    if (isFields(value)) return value;
    this.#wrongType(join(path, key), value, 'an object', 'Write fields with names there.');
    return undefined;
  }

  list(owner: Fields, key: string, path: string): readonly unknown[] {
    const value = owner[key];
    if (value === undefined || value === null) return [];
    if (Array.isArray(value)) return this.#allows(value.length, join(path, key)) ? value : [];
    this.#wrongType(join(path, key), value, 'a list', 'Write a list there, each item behind a dash.');
    return [];
  }

  /** Each item of a list of objects, read by `read`; items that are not objects, or give undefined, are left out. */
  each<T>(owner: Fields, key: string, path: string, read: (item: Fields, path: string) => T | undefined): T[] {
    const found: T[] = [];
    this.list(owner, key, path).forEach((item, at) => {
      const itemPath = `${join(path, key)}[${at}]`;
      if (!isFields(item)) {
        this.#wrongType(itemPath, item, 'an object', 'Write fields with names there.');
        return;
      }
      const value = read(item, itemPath);
      if (value !== undefined) found.push(value);
    });
    return found;
  }

  /** A list of text; other items are left out. */
  texts(owner: Fields, key: string, path: string): string[] {
    return this.list(owner, key, path).filter((item, at): item is string => {
      if (typeof item === 'string') return true;
      this.#wrongType(`${join(path, key)}[${at}]`, item, 'text', 'Write text, in quotes if it looks like a number.');
      return false;
    });
  }

  /** Keys and values of an object of text. Own keys only, and `__proto__` is a key like any other. */
  entries(owner: Fields, key: string, path: string, code: DecodeCode = 'field-malformed'): [string, string][] {
    const all = Object.entries(this.fields(owner, key, path) ?? {});
    if (!this.#allows(all.length, join(path, key))) return [];
    return all.filter((entry): entry is [string, string] => {
      if (typeof entry[1] === 'string') return true;
      this.report(`${join(path, key)}[${quoted(entry[0])}]`, {
        code,
        why: `it is ${typeName(entry[1])}, not text`,
        fix: 'Write the value in quotes, for example "60" or "true".',
      });
      return false;
    });
  }

  #wrongType(field: string, value: unknown, wanted: string, fix: string): void {
    this.report(field, { why: `it is ${typeName(value)}, not ${wanted}`, fix });
  }

  #allows(items: number, field: string): boolean {
    const before = this.#items;
    this.#items += items;
    if (this.#items <= itemsLimit) return true;
    // Said once, not for every list behind the limit.
    if (before <= itemsLimit) {
      this.report(field, {
        why: `the object has more than ${itemsLimit} list items`,
        fix: 'Split the object into smaller ones.',
      });
    }
    return false;
  }

  #diagnostic(field: string, mistake: Mistake): Diagnostic {
    const code = mistake.code ?? 'field-malformed';
    const name = this.ref.namespace === '' ? this.ref.name : keyOf(this.ref);
    const subject = field === '' ? `${this.ref.kind} \`${name}\`` : `\`${field}\` of \`${name}\``;
    return {
      code,
      severity: mistake.severity ?? decodeCodes[code].severity,
      object: this.ref,
      field,
      what: `${subject} ${mistake.effect ?? (field === '' ? 'has more mistakes' : 'is ignored')}`,
      why: mistake.why,
      fix: mistake.fix,
    };
  }
}

/** An object, but not a list. */
export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What a user wrote, for a message: in quotes, one line, bounded. Never for what may be secret. */
export function quoted(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
}

/** A key as part of a path. */
function plainKey(key: string): string {
  return /^\w{1,63}$/.test(key) ? key : quoted(key);
}

/** Type of a JSON value in words. */
export function typeName(value: unknown): string {
  if (value === null) return 'null';
  if (value === undefined) return 'missing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'string') return 'text';
  if (typeof value === 'boolean') return `the word ${value}`;
  return typeof value === 'number' ? 'a number' : 'an object';
}

function join(path: string, key: string): string {
  return path === '' ? key : `${path}.${key}`;
}
