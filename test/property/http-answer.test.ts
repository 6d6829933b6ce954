import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import type { AnswerVerdict } from '../../src/control/health/checks/http-answer.ts';
import { HttpAnswer } from '../../src/control/health/checks/http-answer.ts';

interface Reading {
  readonly verdict: AnswerVerdict;
  readonly leavesOpen: boolean;
  /** Bytes that were pushed until the verdict. */
  readonly read: number;
}

/** Pushes a text in pieces; then the connection ends. */
function readIn(text: string, sizes: readonly number[], answer = new HttpAnswer()): Reading {
  let at = 0;
  for (let piece = 0; at < text.length; piece += 1) {
    const size = sizes[piece % sizes.length] ?? 1;
    const verdict = answer.push(Buffer.from(text.slice(at, at + size), 'latin1'));
    at += size;
    if (verdict !== 'more') return { verdict, leavesOpen: answer.leavesOpen, read: Math.min(at, text.length) };
  }
  return { verdict: answer.end(), leavesOpen: false, read: text.length };
}

const body = fc.stringMatching(/^[a-z\r\n]{0,40}$/);
const connection = fc.constantFrom('', 'Connection: close\r\n', 'connection: keep-alive, Close\r\n', 'x: close\r\n');
const version = fc.constantFrom('1.0', '1.1');
const status = fc.integer({ min: 200, max: 599 });

/** A whole answer, and whether a second one may follow on its connection. */
const answers = fc
  .record({ version, status, connection, body, chunked: fc.boolean(), interim: fc.boolean() })
  .map(({ version: number, status: code, connection: field, body: text, chunked, interim }) => {
    const bodiless = code === 204 || code === 304;
    const chunks = text === '' ? '' : `${text.length.toString(16)}\r\n${text}\r\n`;
    const framed = chunked
      ? `transfer-encoding: chunked\r\n\r\n${chunks}0\r\n\r\n`
      : `content-length: ${text.length}\r\n\r\n${text}`;
    const rest = bodiless ? '\r\n' : framed;
    const before = interim ? 'HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n' : '';
    return {
      text: `${before}HTTP/${number} ${code} x\r\n${field}${rest}`,
      status: code,
      keeps: number === '1.1' && !/close/i.test(field.replace('x: close', '')),
    };
  });

const sizes = fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 6 });

test('an answer has its status however it is cut, and the next one can follow only where nothing is left over', () => {
  fc.assert(
    fc.property(answers, sizes, ({ text, status: code, keeps }, pieces) => {
      const { verdict, leavesOpen, read } = readIn(text, pieces);
      assert.deepEqual(verdict, { status: code });
      // The end of the last chunk may still be on its way: then there is doubt.
      if (leavesOpen) assert.ok(keeps && read === text.length);
      if (keeps && read === text.length && text.length <= (pieces[0] ?? 0)) assert.ok(leavesOpen);
    }),
    { numRuns: 3000 },
  );
});

test('an answer followed by anything leaves the connection closed', () => {
  fc.assert(
    fc.property(answers, fc.stringMatching(/^[a-zA-Z/]{1,9}$/), ({ text, status: code }, more) => {
      const { verdict, leavesOpen } = readIn(`${text}${more}`, [text.length + more.length]);
      assert.deepEqual([verdict, leavesOpen], [{ status: code }, false]);
    }),
  );
});

test('after a reset an answer reads as by a new reader', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 200 }), answers, sizes, (garbage, { text }, pieces) => {
      const used = new HttpAnswer();
      readIn(garbage, pieces, used);
      used.reset();
      assert.ok(used.isEmpty);
      assert.deepEqual(readIn(text, pieces, used), readIn(text, pieces));
    }),
  );
});

test('whatever comes, a verdict comes within the limit, and bytes that are no answer are none', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      const answer = new HttpAnswer();
      const verdict = answer.push(Buffer.from(bytes));
      if (verdict === 'more') assert.notEqual(answer.end(), 'more');
      else if ('status' in verdict) assert.ok(Buffer.from(bytes).toString('latin1').startsWith('HTTP/1.'));
    }),
    { numRuns: 2000 },
  );
  const endless = new HttpAnswer();
  let verdict: AnswerVerdict = 'more';
  for (let at = 0; verdict === 'more' && at < 20; at += 1)
    verdict = endless.push(Buffer.alloc(1_000, 'HTTP/1.1 200 x\n'));
  assert.notEqual(verdict, 'more');
});
