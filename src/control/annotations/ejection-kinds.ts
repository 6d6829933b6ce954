import { quoted } from '../objects/field-reader.ts';
import type { ValueKind } from './value-kind.ts';

/** A whole number of percent, as a share from 0 to 1. */
export function percent(): ValueKind<number> {
  return {
    describe: 'percent from 0 to 100, in quotes, for example "50"',
    parse: (text) => {
      const digits = /^(\d{1,3})%?$/.exec(text)?.[1];
      if (digits === undefined) return { ok: false, why: `${quoted(text)} is not a whole number of percent` };
      const value = Number(digits);
      return value > 100 ? { ok: false, why: `${text} is more than 100` } : { ok: true, value: value / 100 };
    },
  };
}

/** Statuses of answers that went wrong, ascending and each once. */
export function failureStatuses(): ValueKind<readonly number[]> {
  return {
    describe: 'statuses from 400 to 599 separated by spaces, for example "502 503 504"',
    parse: (text) => {
      const words = text.split(/[\s,]+/).filter((word) => word !== '');
      const wrong = words.find((word) => !/^[45]\d\d$/.test(word));
      if (words.length === 0) return { ok: false, why: `${quoted(text)} holds no status` };
      if (wrong !== undefined) return { ok: false, why: `${quoted(wrong)} is not a status from 400 to 599` };
      return { ok: true, value: [...new Set(words.map(Number))].toSorted((a, b) => a - b) };
    },
  };
}
