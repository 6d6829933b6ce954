import assert from 'node:assert/strict';
import { test } from 'node:test';

import { catchAllHost, hostPattern } from '../../../../src/model/ids.ts';
import { HostIndex } from '../../../../src/proxy/routing/host-index.ts';
import { hostNameOf, portTextOf, withoutPort } from '../../../../src/proxy/routing/host-name.ts';

const index = new HostIndex([
  [hostPattern('a.example.com'), 'exact'],
  [hostPattern('*.example.com'), 'wildcard'],
  [catchAllHost, 'any'],
]);

test('the exact host goes before the wildcard, the wildcard before the catch-all', () => {
  assert.equal(index.find('a.example.com'), 'exact');
  assert.equal(index.find('b.example.com'), 'wildcard');
  assert.equal(index.find('example.org'), 'any');
  assert.equal(index.find(''), 'any');
});

test('a wildcard takes exactly one label', () => {
  assert.equal(index.find('a.b.example.com'), 'any');
  assert.equal(index.find('example.com'), 'any');
  assert.equal(index.find('.example.com'), 'any');
});

test('a client cannot name a pattern', () => {
  assert.equal(index.findNamed('*'), undefined);
  assert.equal(index.exact('*.example.com'), undefined);
});

const names: readonly (readonly [host: string, name: string | undefined])[] = [
  ['H.Test', 'h.test'],
  ['h.test:99', 'h.test'],
  ['h.test.', 'h.test'],
  ['h.test.:99', 'h.test'],
  ['h:', 'h'],
  ['a_b-c.test', 'a_b-c.test'],
  ['10.0.0.1:80', '10.0.0.1'],
  ['[::1]:80', '[::1]'],
  ['[2001:DB8::1]', '[2001:db8::1]'],
  ...[
    '',
    '.',
    'a..b',
    '.a',
    'a b',
    'a@b',
    'a/b',
    'a:b',
    'a:1:2',
    'a:123456',
    '[::1',
    '[::1]x',
    '::1',
    'a?b',
    'a#',
    'ä',
  ].map((host) => [host, undefined] as const),
  ['a'.repeat(300), undefined],
];

for (const [host, name] of names) {
  test(`Host ${JSON.stringify(host.slice(0, 40))} names ${name ?? 'nothing'}`, () => {
    assert.equal(hostNameOf(host), name);
  });
}

test('host and port are taken apart without changing a byte', () => {
  assert.equal(withoutPort('H.Test.:99'), 'H.Test.');
  assert.equal(withoutPort('[::1]:80'), '[::1]');
  assert.equal(portTextOf('[::1]:80'), '80');
  assert.equal(portTextOf('h'), '');
});
