import assert from 'node:assert/strict';
import { test } from 'node:test';

import { isPlainPath, normalisePath, normaliseRulePath } from '../../../../src/proxy/routing/normalise-path.ts';
import { cpuMsOf } from '../../../support/cpu-time.ts';

const forms: readonly (readonly [raw: string, path: string])[] = [
  ['/', '/'],
  ['/a/b', '/a/b'],
  ['//', '/'],
  ['/a//b', '/a/b'],
  ['/a/', '/a/'],
  ['/a//', '/a/'],
  ['/a/.', '/a/'],
  ['/a/..', '/'],
  ['/a/b/..', '/a/'],
  ['/a/../b', '/b'],
  ['/a//../b', '/b'],
  ['/%2e%2E/', ''],
  ['/a/%2e%2E/b', '/b'],
  ['/%61dmin', '/admin'],
  ['/a%2fb', '/a%2Fb'],
  ['/a%252fb', '/a%252fb'],
  ['/a%20b', '/a%20b'],
  ['/%e4', '/%E4'],
  ['/.well-known/x', '/.well-known/x'],
  ['/...', '/...'],
  ['/a.', '/a.'],
];

for (const [raw, path] of forms.filter((form) => form[1] !== '')) {
  test(`${raw} becomes ${path}`, () => assert.equal(normalisePath(raw)?.path, path));
}

for (const raw of [
  '',
  'a',
  '*',
  '/..',
  '/../a',
  '/%2e%2e/a',
  '/a/../../b',
  '/%',
  '/%0',
  '/%zz',
  '/%00',
  '/a\\b',
  '/a#b',
]) {
  test(`${JSON.stringify(raw)} is refused`, () => assert.equal(normalisePath(raw), undefined));
}

test('an escaped slash is no separator, and what a careless backend reads is known', () => {
  assert.deepEqual(normalisePath('/public/..%2Fadmin'), {
    path: '/public/..%2Fadmin',
    hadDotSegments: false,
    careless: '/admin',
  });
  assert.equal(normalisePath('/public/..;x=1/admin')?.careless, '/admin');
  assert.equal(normalisePath('/public/%2e%2e;/admin')?.careless, '/admin');
  assert.equal(normalisePath('/a%5Cb')?.careless, '/a/b');
  assert.equal(normalisePath('/..%2F..%2Fetc'), undefined, 'climbs above the root in the careless reading');
});

test('dot segments are noticed, plain and encoded', () => {
  assert.equal(normalisePath('/a/%2e/b')?.hadDotSegments, true);
  assert.equal(normalisePath('/a/./b')?.hadDotSegments, true);
  assert.equal(normalisePath('/a//b')?.hadDotSegments, false);
  assert.equal(normalisePath('/a/.b/..c')?.hadDotSegments, false);
});

test('nearly all paths are plain', () => {
  for (const path of ['/', '/a/b.c', '/a;b', '/a/b/', '/a..b', '/~x']) assert.equal(isPlainPath(path), true, path);
  for (const path of ['', 'a', '/a//b', '/.a', '/%41', '/a\\', '/#']) assert.equal(isPlainPath(path), false, path);
});

test('rules are escaped as requests are', () => {
  assert.equal(normaliseRulePath('/grüße/%7ea'), '/gr%C3%BC%C3%9Fe/~a');
  assert.equal(normaliseRulePath('/a b'), '/a%20b');
  assert.equal(normaliseRulePath('/broken%'), '/broken%');
  assert.equal(normaliseRulePath('/\ud800'), '/%EF%BF%BD');
});

test('a path of 256 KiB costs no more than its length', () => {
  for (const hostile of ['/..', '/.', '%2e/', '/a/..', '..;/', '%2F']) {
    const raw = `/${hostile.repeat(262_144 / hostile.length)}`;
    // Some milliseconds; the square of the length would take many seconds.
    const took = cpuMsOf(() => normalisePath(raw), 3);
    assert.ok(took < 1000, `${hostile} took ${took} ms`);
  }
});
