import assert from 'node:assert/strict';
import { test } from 'node:test';

import { originForm, pathOf, queryOf } from '../../../../src/proxy/routing/request-target.ts';

test('origin-form stays as it came', () => {
  for (const target of ['/', '/a?b=c', '//x', '/a|b', '/?a=\\', '/%zz']) assert.equal(originForm(target, 'h'), target);
});

test('absolute-form is taken when it names the same host and port', () => {
  assert.equal(originForm('http://h.test/a?b', 'h.test'), '/a?b');
  assert.equal(originForm('HTTP://H.TEST:80', 'h.test'), '/');
  assert.equal(originForm('http://h.test?x=1', 'h.test.'), '/?x=1');
  assert.equal(originForm('https://h/a', 'h:443'), '/a');
});

const refused: readonly (readonly [target: string, host: string])[] = [
  ['http://other/a', 'h'],
  ['http://h:81/a', 'h'],
  ['http://user@h/a', 'h'],
  ['http:///a', 'h'],
  ['http://h/a', ''],
  ['ftp://h/a', 'h'],
  ['*', 'h'],
  ['h:80', 'h'],
  ['', 'h'],
  ['a', 'h'],
  ['/a b', 'h'],
  ['/a#b', 'h'],
  ['/\u00e4', 'h'],
  ['/\u0000', 'h'],
];

for (const [target, host] of refused) {
  test(`${JSON.stringify(target)} for Host ${JSON.stringify(host)} is refused`, () => {
    assert.equal(originForm(target, host), undefined);
  });
}

test('the query begins at the first question mark', () => {
  assert.equal(pathOf('/a?b?c'), '/a');
  assert.equal(queryOf('/a?b?c'), '?b?c');
  assert.equal(queryOf('/a'), '');
});
