import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { knownLine, rememberLine } from '../../../../../src/proxy/protocols/http1/known-lines.ts';
import { writtenName } from '../../../../../src/proxy/protocols/http1/written-names.ts';

function remember(name: string, value: string): string {
  const line = `${name}: ${value}`;
  for (let time = 0; time < 2; time += 1) rememberLine(`${line}\r\n`, 0, line.length, name, value);
  return line;
}

test('a line that came twice is known, wherever it stands', () => {
  const line = remember('X-Known', 'some value');
  const text = `GET / HTTP/1.1\r\n${line}\r\n\r\n`;
  const from = text.indexOf('X-');
  const known = knownLine(text, from, from + line.length);
  assert.deepEqual(known, { text: line, name: 'X-Known', value: 'some value' });
  assert.equal(knownLine(text, from, from + line.length - 1), undefined);
  assert.equal(knownLine(text, from + 1, from + line.length), undefined);
});

test('what came once is not kept, nor what somebody proves himself by', () => {
  const once = 'X-Once: 1234';
  rememberLine(once, 0, once.length, 'X-Once', '1234');
  assert.equal(knownLine(once, 0, once.length), undefined);
  for (const name of ['Authorization', 'proxy-authorization', 'Cookie', 'Set-Cookie', 'X-Api-Key', 'X-Auth-Token']) {
    const line = remember(name, 'abcdef');
    assert.equal(knownLine(line, 0, line.length), undefined, name);
  }
});

test('only the very same line is found, whatever is remembered', () => {
  const character = fc.constantFrom('a', 'b', 'A', '1', '-');
  const word = fc.string({ unit: character, minLength: 1, maxLength: 12 });
  fc.assert(
    fc.property(fc.array(fc.tuple(word, word), { minLength: 1, maxLength: 200 }), (fields) => {
      for (const [name, value] of fields) remember(name, value);
      for (const [name, value] of fields) {
        const line = `${name}: ${value}`;
        const known = knownLine(line, 0, line.length);
        if (known !== undefined) assert.deepEqual(known, { text: line, name, value });
      }
    }),
  );
});

test('a line is written the same however often, and never with what may not stand in it', () => {
  const name = writtenName('X-Written');
  for (let time = 0; time < 3; time += 1) assert.equal(name?.line('a b'), 'X-Written: a b\r\n');
  for (let time = 0; time < 3; time += 1) assert.equal(name?.line('a\r\nb'), undefined);
  for (let time = 0; time < 3; time += 1) assert.equal(name?.line(''), 'X-Written: \r\n');
  assert.equal(name?.line('a b'), 'X-Written: a b\r\n');
  assert.equal(writtenName('X Written'), undefined);
  assert.equal(writtenName(''), undefined);
});
