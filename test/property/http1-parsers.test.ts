import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { chunkHead, ChunkedReader, lastChunk } from '../../src/proxy/protocols/http1/chunked.ts';
import { chunked, close, empty, requestHead, responseHead } from '../../src/proxy/protocols/http1/heads.ts';
import type { WrittenFraming } from '../../src/proxy/protocols/http1/heads.ts';
import { ResponseParser } from '../../src/proxy/protocols/http1/response-parser.ts';
import { bodyBytes, cutAt, fields, target, token } from '../support/http1-arbitraries.ts';
import { readRequests } from '../support/http1-reading.ts';

const method = token.filter((name) => name !== 'CONNECT');
const cuts = fc.array(fc.nat({ max: 4096 }), { maxLength: 8 });
const framingNames = /^(?:content-length|transfer-encoding)$/i;

/** One request as bytes. */
function written(request: {
  method: string;
  target: string;
  fields: string[];
  body: Buffer;
  chunked: boolean;
}): Buffer {
  const framing: WrittenFraming = request.chunked
    ? chunked
    : request.body.length > 0
      ? { kind: 'length', length: request.body.length }
      : empty;
  const head = requestHead(request.method, request.target, ['Host', 'a.example', ...request.fields], framing);
  assert.ok(head !== undefined);
  const data = request.body.toString('latin1');
  const coded = data === '' ? lastChunk : `${chunkHead(data.length)}${data}\r\n${lastChunk}`;
  return Buffer.from(head + (request.chunked ? coded : data), 'latin1');
}

const request = fc.record({ method, target, fields, body: bodyBytes, chunked: fc.boolean() });

test('what is written is read as it was, however it is cut', () => {
  fc.assert(
    fc.property(fc.array(request, { minLength: 1, maxLength: 4 }), cuts, (requests, places) => {
      const bytes = Buffer.concat(requests.map(written));
      const reading = readRequests(cutAt(bytes, places));
      assert.equal(reading.refusal, 0);
      assert.deepEqual(
        reading.requests.map(({ request: read, body }) => ({
          method: read.method,
          target: read.target,
          fields: withoutFraming(read.headers).slice(2),
          body,
        })),
        requests.map((one) => ({
          method: one.method,
          target: one.target,
          fields: one.fields,
          body: one.body.toString('latin1'),
        })),
      );
    }),
  );
});

test('a request that is written has one framing at most', () => {
  fc.assert(
    fc.property(request, (one) => {
      const head = written(one).toString('latin1').split('\r\n\r\n', 1)[0] ?? '';
      const framing = head.split('\r\n').filter((line) => framingNames.test(line.split(':', 1)[0] ?? ''));
      assert.ok(framing.length <= 1);
    }),
  );
});

test('any bytes are read in the same way, however they are cut', () => {
  const line = fc.oneof(
    fc.constantFrom('GET / HTTP/1.1\r\n', 'Host: a\r\n', '\r\n', '\n', '\r', ' ', 'Content-Length: 3\r\n', 'abc'),
    fc.constantFrom('Transfer-Encoding: chunked\r\n', '3\r\nabc\r\n', '0\r\n', '0\r\n\r\n', '5;x=y\r\n', 'X: \0\r\n'),
    fc.string({ unit: 'binary', maxLength: 10 }),
  );
  fc.assert(
    fc.property(fc.array(line, { maxLength: 20 }), cuts, (lines, places) => {
      const bytes = Buffer.from(lines.join(''), 'latin1');
      assert.deepEqual(readRequests(cutAt(bytes, places)), readRequests([bytes]));
    }),
    { numRuns: 2000 },
  );
});

test('an answer is read as it was written', () => {
  const framing = fc.constantFrom<WrittenFraming>(chunked, close, { kind: 'length', length: 7 });
  fc.assert(
    fc.property(fc.integer({ min: 200, max: 999 }), fields, framing, cuts, (status, list, how, places) => {
      const head = responseHead(status, '', list, how, 'keep-alive');
      assert.ok(head !== undefined);
      const parser = new ResponseParser();
      for (const piece of cutAt(Buffer.from(head, 'latin1'), places)) parser.feed(piece, 0, piece.length, 'GET');
      assert.equal(parser.problem, '');
      assert.equal(parser.response?.status, status);
      assert.deepEqual(withoutFraming(parser.response?.headers ?? []), list);
      if (status === 204 || status === 304) return;
      assert.equal(parser.response?.body, how.kind);
    }),
  );
});

test('chunks of any sizes give the body back, and what stands behind it is left', () => {
  fc.assert(
    fc.property(fc.array(bodyBytes, { maxLength: 6 }), cuts, (chunks, places) => {
      const parts = chunks
        .filter((chunk) => chunk.length > 0)
        .map((chunk) => `${chunkHead(chunk.length)}${chunk.toString('latin1')}\r\n`);
      const bytes = Buffer.from(`${parts.join('')}${lastChunk}rest`, 'latin1');
      const reader = new ChunkedReader();
      let body = '';
      let left = 0;
      for (const piece of cutAt(bytes, places)) {
        const at = reader.feed(piece, 0, piece.length, (chunk, from, to) => {
          body += chunk.toString('latin1', from, to);
        });
        left += piece.length - at;
      }
      assert.equal(body, Buffer.concat(chunks).toString('latin1'));
      assert.ok(reader.complete);
      assert.equal(left, 4);
    }),
  );
});

/** Content-Length, Transfer-Encoding and Connection are the writer's own. */
function withoutFraming(headers: readonly string[]): string[] {
  const kept: string[] = [];
  for (let at = 0; at < headers.length; at += 2) {
    const name = headers[at] ?? '';
    if (!framingNames.test(name) && name !== 'Connection') kept.push(name, headers[at + 1] ?? '');
  }
  return kept;
}
