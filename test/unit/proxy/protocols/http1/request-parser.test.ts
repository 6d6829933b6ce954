import assert from 'node:assert/strict';
import { test } from 'node:test';

import { RequestParser } from '../../../../../src/proxy/protocols/http1/request-parser.ts';
import { pieces, readRequests } from '../../../../support/http1-reading.ts';
import { goodVectors, vectors } from '../../../../support/http1-vectors.ts';

test('there are 39 vectors', () => assert.equal(vectors.length, 39));

for (const { name, input, expected } of [...vectors, ...goodVectors]) {
  test(`${name}: ${typeof expected === 'number' ? expected : 'forwarded'}, however it is cut`, () => {
    const bytes = Buffer.from(input, 'latin1');
    const whole = readRequests([bytes]);
    if (typeof expected === 'number') {
      assert.equal(whole.refusal, expected);
      // A body that is broken belongs to a request that has begun; nothing behind it is ever read as one.
      assert.equal(whole.requests.length, 0);
    } else {
      assert.equal(whole.refusal, 0);
      assert.equal(whole.requests.length, expected.forwarded);
    }
    for (const size of [1, 2, 3, 7, 64, 4095, 4096, 4097]) {
      assert.deepEqual(readRequests(pieces(bytes, size)), whole, `pieces of ${size}`);
    }
    if (bytes.length > 500) return;
    for (let cut = 1; cut < bytes.length; cut += 1) {
      assert.deepEqual(readRequests([bytes.subarray(0, cut), bytes.subarray(cut)]), whole, `cut at ${cut}`);
    }
  });
}

function parse(text: string): RequestParser {
  const parser = new RequestParser();
  const bytes = Buffer.from(text, 'latin1');
  parser.feed(bytes, 0, bytes.length);
  return parser;
}

test('a head of 32 KiB passes, one byte more does not', () => {
  const around = 'GET / HTTP/1.1\r\nHost: a\r\nX: \r\n\r\n'.length;
  const head = (length: number): string => `GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(length - around)}\r\n\r\n`;
  assert.equal(parse(head(32 * 1024)).problem, undefined);
  assert.equal(parse(head(32 * 1024)).request?.headBytes, 32 * 1024);
  assert.equal(parse(head(32 * 1024 + 1)).problem?.status, 431);
});

test('a hundred fields pass, one more does not', () => {
  const head = (fields: number): string => `GET / HTTP/1.1\r\nHost: a\r\n${'X: 1\r\n'.repeat(fields - 1)}\r\n`;
  assert.equal(parse(head(100)).request?.headers.length, 200);
  assert.equal(parse(head(101)).problem?.status, 431);
});

test('a TLS handshake is refused at its first byte', () => {
  assert.equal(parse('\x16').problem?.status, 400);
});

test('methods: tokens up to 32 bytes; CONNECT is not allowed', () => {
  const status = (method: string): number => parse(`${method} / HTTP/1.1\r\nHost: a\r\n\r\n`).problem?.status ?? 0;
  assert.equal(status('M'.repeat(32)), 0);
  assert.equal(status('M'.repeat(33)), 400);
  assert.equal(status('G(T'), 400);
  assert.equal(parse('CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n').problem?.status, 405);
});

test('the request line is exact', () => {
  for (const line of [
    'GET  / HTTP/1.1',
    'GET / HTTP/1.1 ',
    'GET /  HTTP/1.1',
    ' GET / HTTP/1.1',
    'GET / http/1.1',
    'GET / HTTP/1.10',
    'GET\t/ HTTP/1.1',
    'GET / HTTP/01.1',
    'GET HTTP/1.1',
    'GET',
    'GET /',
    'GET /\x7f HTTP/1.1',
    'GET a HTTP/1.1',
    'GET * HTTP/1.1',
    'GET ftp://a/ HTTP/1.1',
    'GET http://u@a/ HTTP/1.1',
  ]) {
    assert.equal(parse(`${line}\r\nHost: a\r\n\r\n`).problem?.status, 400, JSON.stringify(line));
  }
});

test('what the connection does next', () => {
  const request = (text: string) => parse(text).request;
  assert.equal(request('GET / HTTP/1.1\r\nHost: a\r\n\r\n')?.keepAlive, true);
  assert.equal(request('GET / HTTP/1.1\r\nHost: a\r\nConnection: foo, Close\r\n\r\n')?.keepAlive, false);
  assert.equal(request('GET / HTTP/1.0\r\n\r\n')?.keepAlive, false);
  assert.equal(request('GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n')?.keepAlive, true);
});

test('upgrade: websocket by GET alone; expectations: 100-continue, others are ignored', () => {
  const upgrade = (start: string, token: string): boolean | undefined =>
    parse(`${start}\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: ${token}\r\n\r\n`).request?.upgrade;
  assert.equal(upgrade('GET / HTTP/1.1', 'WebSocket'), true);
  assert.equal(upgrade('GET / HTTP/1.1', 'h2c'), false);
  assert.equal(upgrade('GET / HTTP/1.1', 'websocket, h2c'), false);
  assert.equal(upgrade('POST / HTTP/1.1', 'websocket'), false);
  assert.equal(upgrade('GET / HTTP/1.0', 'websocket'), false);
  const expect = (value: string) =>
    parse(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nExpect: ${value}\r\n\r\n`);
  assert.equal(expect('100-Continue').request?.expectsContinue, true);
  assert.equal(expect('200-ok').request?.expectsContinue, false);
});
