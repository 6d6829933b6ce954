import fc from 'fast-check';

const tokenCharacters = Array.from("abcXYZ09!#$%&'*+.^_`|~-");
const framingNames =
  /^(?:host|connection|content[-_]length|transfer[-_]encoding|upgrade|expect|keep-alive|te|trailer)$/i;

export const token: fc.Arbitrary<string> = fc
  .array(fc.constantFrom(...tokenCharacters), { minLength: 1, maxLength: 20 })
  .map((characters) => characters.join(''));

export const fieldName: fc.Arbitrary<string> = token.filter((name) => !framingNames.test(name));

/** As it comes out of a parser: without blanks around it. */
export const fieldValue: fc.Arbitrary<string> = fc
  .array(
    fc.integer({ min: 0x20, max: 0xff }).filter((code) => code !== 0x7f),
    { maxLength: 40 },
  )
  .map((codes) => String.fromCharCode(...codes).replaceAll(/^[ \t]+|[ \t]+$/g, ''));

export const fields: fc.Arbitrary<string[]> = fc
  .array(fc.tuple(fieldName, fieldValue), { maxLength: 12 })
  .map((pairs) => pairs.flat());

export const target: fc.Arbitrary<string> = fc
  .array(
    fc.integer({ min: 0x21, max: 0x7e }).filter((code) => code !== 0x23 && code !== 0x5c),
    { maxLength: 60 },
  )
  .map((codes) => `/${String.fromCharCode(...codes)}`);

export const bodyBytes: fc.Arbitrary<Buffer> = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes));

/** Cuts bytes at these places. */
export function cutAt(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const places = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].toSorted((a, b) => a - b);
  return [...places, bytes.length].map((end, at) => bytes.subarray(places[at - 1] ?? 0, end));
}
