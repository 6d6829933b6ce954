import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { isPlainPath, normalisePath, normaliseRulePath } from '../../src/proxy/routing/normalise-path.ts';

/** Pieces that disagreements between router and backend are made of (threats T-12). */
const pieces = fc.constantFrom(
  ...'/ // . .. %2e %2E%2e %2f %2F %5c %252e %00 % %zz ; ..; %3b a B admin %41 %7e ~ \\ %c0%af %c0%ae x=1 %20 *'.split(
    ' ',
  ),
);
const paths = fc.array(pieces, { maxLength: 12 }).map((parts) => `/${parts.join('')}`);

test('the normal form of a normal form is itself, in both readings', () => {
  fc.assert(
    fc.property(paths, (raw) => {
      const once = normalisePath(raw);
      fc.pre(once !== undefined);
      const twice = normalisePath(once.path);
      assert.ok(twice !== undefined, `the normal form ${once.path} is refused`);
      assert.equal(twice.path, once.path);
      assert.equal(twice.careless, once.careless);
      assert.equal(twice.hadDotSegments, false);
    }),
    { numRuns: 5000 },
  );
});

test('a normal form holds no dot segment, no double slash and no escape of an unreserved character', () => {
  fc.assert(
    fc.property(paths, (raw) => {
      const normal = normalisePath(raw);
      if (normal === undefined) return;
      assert.match(normal.path, /^\//);
      assert.doesNotMatch(normal.path, /\/\/|\/\.{1,2}(?:\/|$)|\\|%00/);
      for (const [escape] of normal.path.matchAll(/%../g)) {
        assert.match(escape, /^%[0-9A-F]{2}$/);
        assert.doesNotMatch(decodeURIComponent(escape.replace(/%[89A-F]./, '%20')), /[A-Za-z0-9._~-]/);
      }
    }),
    { numRuns: 5000 },
  );
});

test('what counts as plain is its own normal form in both readings', () => {
  fc.assert(
    fc.property(paths, (raw) => {
      if (!isPlainPath(raw)) return;
      assert.deepEqual(normalisePath(raw), { path: raw, hadDotSegments: false, careless: raw });
    }),
    { numRuns: 5000 },
  );
});

test('no backend that decodes before it resolves dot segments gets out of the careless reading', () => {
  fc.assert(
    fc.property(paths, (raw) => {
      const normal = normalisePath(raw);
      if (normal === undefined) return;
      // Slashes, then path parameters of dot segments, then the URL standard's own resolution of dot segments.
      const slashes = normal.path.replaceAll(/%2F|%5C/g, '/').replaceAll(/\/{2,}/g, '/');
      const seen = new URL(`http://h${slashes.replaceAll(/\/(\.{1,2})(?:;|%3B)[^/]*/g, '/$1')}`).pathname;
      assert.equal(seen, new URL(`http://h${normal.careless}`).pathname);
    }),
    { numRuns: 5000 },
  );
});

test('a rule that is written plainly matches the request that a browser sends for it', () => {
  const names = fc.array(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 6 }), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(names, (segments) => {
      fc.pre(segments.every((segment) => !/[%#?\\/]/.test(segment) && !/^\.{1,2}$/.test(segment)));
      const sent = `/${segments.map((segment) => encodeURIComponent(segment)).join('/')}`;
      assert.equal(normalisePath(sent)?.path, normalisePath(normaliseRulePath(sent))?.path);
    }),
  );
});
