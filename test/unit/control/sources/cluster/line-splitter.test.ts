import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { LineSplitter } from '../../../../../src/control/sources/cluster/line-splitter.ts';

function linesOf(chunks: readonly Uint8Array[], limit = 1_000): string[] {
  const splitter = new LineSplitter(limit);
  const lines: string[] = [];
  for (const chunk of chunks) splitter.push(chunk, (line) => lines.push(line) > 0);
  return lines;
}

test('only 0x0A ends a line, however the bytes are cut', () => {
  const line = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 30 }).map((text) => text.replaceAll('\n', '\r'));
  const property = fc.property(
    fc.array(line, { maxLength: 8 }),
    fc.array(fc.nat(40), { maxLength: 10 }),
    (lines, cuts) => {
      const bytes = Buffer.from(lines.map((one) => `${one}\n`).join(''));
      const chunks: Uint8Array[] = [];
      let at = 0;
      for (const cut of cuts) {
        chunks.push(bytes.subarray(at, at + cut));
        at += cut;
      }
      chunks.push(bytes.subarray(at));
      assert.deepEqual(
        linesOf(chunks),
        lines.map((one) => Buffer.from(one).toString()),
      );
    },
  );
  fc.assert(property);
});

test('separators of Unicode and carriage returns are ordinary characters', () => {
  assert.deepEqual(linesOf([Buffer.from('a\u2028b\u2029c\r\n\n\nd\n')]), ['a\u2028b\u2029c\r', 'd']);
});

test('a line above the limit is refused, also when its end never comes', () => {
  const take = (): boolean => true;
  assert.equal(new LineSplitter(4).push(Buffer.from('12345\n'), take), 'too-long');
  assert.equal(new LineSplitter(4).push(Buffer.from('12345'), take), 'too-long');
  const splitter = new LineSplitter(4);
  assert.equal(splitter.push(Buffer.from('1234'), take), 'more');
  assert.equal(splitter.pendingBytes, 4);
  assert.equal(splitter.push(Buffer.from('\n1234\n'), take), 'more');
  assert.equal(splitter.pendingBytes, 0);
});

test('bytes that are not UTF-8 are refused', () => {
  assert.equal(
    new LineSplitter(9).push(Buffer.from([0xff, 0xfe, 0x0a]), () => true),
    'not-utf8',
  );
});

test('the taker may stop', () => {
  const lines: string[] = [];
  const result = new LineSplitter(9).push(Buffer.from('a\nb\nc\n'), (line) => lines.push(line) < 2);
  assert.equal(result, 'stopped');
  assert.deepEqual(lines, ['a', 'b']);
});
