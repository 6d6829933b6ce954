import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { compilePattern } from '../../src/lib/linear-pattern.ts';

/** Patterns of everything that is there, over a small alphabet, so that texts match. */
const { pattern } = fc.letrec<{ pattern: string; part: string }>((tie) => ({
  part: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    fc.constantFrom(
      'a',
      'b',
      '-',
      '.',
      '\\d',
      '\\w',
      '\\S',
      '\\.',
      '[ab]',
      '[^a]',
      '[a-c1]',
      '[\\d-]',
      '^',
      '$',
      '\\[',
      '(?:)',
    ),
    fc
      .tuple(tie('part'), fc.constantFrom('*', '+', '?', '{2}', '{1,}', '{0,3}', '*?', '+?', '??'))
      .map(([part, count]) => `(?:${part})${count}`),
    tie('pattern').map((inner) => `(${inner})`),
  ),
  pattern: fc.oneof(
    fc.array(tie('part'), { maxLength: 4 }).map((parts) => parts.join('')),
    fc.tuple(tie('part'), tie('part')).map((parts) => parts.join('|')),
  ),
}));
const text = fc.string({
  unit: fc.constantFrom('a', 'b', 'c', '1', '-', '.', 'A', '[', '\u00e9', '\u0101'),
  maxLength: 8,
});

test('a pattern matches what the engine of the run time says', () => {
  fc.assert(
    fc.property(pattern, fc.array(text, { minLength: 1, maxLength: 6 }), fc.boolean(), (source, texts, anyCase) => {
      const compiled = compilePattern(anyCase ? `(?i)${source}` : source);
      if (!compiled.ok) {
        assert.match(compiled.why, /too large|longer than/);
        return;
      }
      const oracle = new RegExp(source, anyCase ? 'i' : '');
      for (const one of texts)
        assert.equal(compiled.pattern.test(one), oracle.test(one), JSON.stringify([source, one]));
    }),
    { numRuns: 3000 },
  );
});

test('any text is a pattern or has a reason, and is no way to stop the process', () => {
  const characters = fc.constantFrom(...'ab^$[](){}*+?|\\-.,:=!<>iPd019 '.split(''));
  fc.assert(
    fc.property(fc.string({ unit: characters, maxLength: 60 }), fc.string({ maxLength: 40 }), (source, subject) => {
      const compiled = compilePattern(source);
      if (compiled.ok) assert.equal(typeof compiled.pattern.test(subject), 'boolean');
      else assert.ok(compiled.why.length > 5);
    }),
    { numRuns: 3000 },
  );
});
