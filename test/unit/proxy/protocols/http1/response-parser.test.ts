import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ResponseParser } from '../../../../../src/proxy/protocols/http1/response-parser.ts';

function parse(text: string, method = 'GET', size = Number.POSITIVE_INFINITY): ResponseParser & { rest: number } {
  const parser = new ResponseParser();
  const bytes = Buffer.from(text, 'latin1');
  let at = 0;
  for (let from = 0; from < bytes.length && parser.response === undefined && parser.problem === ''; from += size) {
    at = parser.feed(bytes, from, Math.min(bytes.length, from + size), method);
  }
  return Object.assign(parser, { rest: bytes.length - at });
}

const refused = [
  'garbage\r\n\r\n',
  'hello HTTP/0.9',
  'HTTP/1.1 99 Low\r\n\r\n',
  'HTTP/1.1 1000 High\r\n\r\n',
  'HTTP/1.1 2x0 OK\r\n\r\n',
  'HTTP/1.1  200 OK\r\n\r\n',
  'HTTP/2.0 200 OK\r\n\r\n',
  'HTTP/1.2 200 OK\r\n\r\n',
  'HTTP/1.1 20\r\n\r\n',
  'HTTP/1.1 200 OK\nX: 1\r\n\r\n',
  'HTTP/1.1 200 O\0K\r\n\r\n',
  '\r\nHTTP/1.1 200 OK\r\n\r\n',
  'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n',
  'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n',
  'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n',
  'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n',
  'HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n',
  'HTTP/1.1 200 OK\r\nX : 1\r\n\r\n',
  'HTTP/1.1 200 OK\r\nX: 1\r\n folded\r\n\r\n',
  'HTTP/1.1 200 OK\r\nX: a\0b\r\n\r\n',
  'HTTP/1.1 200 OK\r\nX: a\rb\r\n\r\n',
  `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(32 * 1024)}\r\n\r\n`,
  `HTTP/1.1 200 OK\r\n${'X: 1\r\n'.repeat(5000)}\r\n`,
];

for (const text of refused) {
  test(`refused: ${JSON.stringify(text.slice(0, 60))}`, () => {
    for (const size of [Number.POSITIVE_INFINITY, 1, 5]) {
      const parser = parse(text, 'GET', size);
      assert.notEqual(parser.problem, '');
      assert.equal(parser.response, undefined);
    }
  });
}

test('how long the body is', () => {
  const body = (head: string, method = 'GET') => {
    const response = parse(`HTTP/1.1 ${head}\r\n\r\n`, method).response;
    return response?.body === 'length' ? response.bodyLength : response?.body;
  };
  assert.equal(body('200 OK\r\nContent-Length: 7'), 7);
  assert.equal(body('200 OK\r\nContent-Length: 0'), 'none');
  assert.equal(body('200 OK\r\nTransfer-Encoding: Chunked'), 'chunked');
  assert.equal(body('200 OK'), 'close');
  assert.equal(body('200 OK\r\nContent-Length: 7', 'HEAD'), 'none');
  for (const status of [100, 103, 204, 304]) assert.equal(body(`${status} X\r\nContent-Length: 7`), 'none');
});

test('status line, connection and the hint of Keep-Alive', () => {
  const first = parse('HTTP/1.1 200\r\nKeep-Alive: max=5, timeout=12\r\n\r\nrest');
  assert.deepEqual(
    [first.response?.status, first.response?.reason, first.response?.keepAliveHintMs, first.response?.keepAlive],
    [200, '', 12_000, true],
  );
  assert.equal(first.rest, 4);
  assert.equal(parse('HTTP/1.1 404 Not  Found \r\nConnection: close\r\n\r\n').response?.reason, 'Not  Found ');
  assert.equal(parse('HTTP/1.1 404 x\r\nConnection: close\r\n\r\n').response?.keepAlive, false);
  assert.equal(parse('HTTP/1.0 200 OK\r\n\r\n').response?.keepAlive, false);
  assert.equal(parse('HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n\r\n').response?.keepAlive, true);
  const upgrade = parse('HTTP/1.1 101 Go\r\nConnection: Upgrade\r\nUpgrade: WebSocket\r\n\r\n').response;
  assert.equal(upgrade?.upgrade, 'websocket');
});
