import assert from 'node:assert/strict';
import { test } from 'node:test';

import {
  asListed,
  chunked,
  close,
  empty,
  forbidden,
  requestHead,
  responseHead,
} from '../../../../../src/proxy/protocols/http1/heads.ts';

test('an answer says length and connection where nginx says them', () => {
  const headers = ['Date', 'd', 'Content-Type', 'text/plain', 'X-A', '1'];
  assert.equal(
    responseHead(200, '', headers, { kind: 'length', length: 3 }, 'keep-alive'),
    'HTTP/1.1 200 OK\r\nDate: d\r\nContent-Type: text/plain\r\nConnection: keep-alive\r\nX-A: 1\r\nContent-Length: 3\r\n\r\n',
  );
  assert.equal(
    responseHead(200, 'Fine', headers, chunked, 'close'),
    'HTTP/1.1 200 Fine\r\nDate: d\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\nConnection: close\r\nX-A: 1\r\n\r\n',
  );
});

test('only the framing that is meant is written', () => {
  const listed = ['X', '1', 'Content-Length', '9', 'Transfer-Encoding', 'gzip', 'content-length', '8'];
  const lengthLines = (text: string | undefined): string[] =>
    (text ?? '').split('\r\n').filter((line) => /^(?:content-length|transfer-encoding):/i.test(line));
  assert.deepEqual(lengthLines(responseHead(200, '', listed, { kind: 'length', length: 3 }, 'close')), [
    'Content-Length: 3',
  ]);
  assert.deepEqual(lengthLines(responseHead(200, '', listed, chunked, 'close')), ['Transfer-Encoding: chunked']);
  assert.deepEqual(lengthLines(responseHead(200, '', listed, close, 'close')), []);
  assert.deepEqual(lengthLines(responseHead(204, '', listed, forbidden, 'close')), []);
  assert.deepEqual(lengthLines(responseHead(200, '', ['X', '1', 'Content-Length', '9'], asListed, 'close')), [
    'Content-Length: 9',
  ]);
  assert.deepEqual(lengthLines(requestHead('POST', '/', ['Host', 'a', 'Content-Length', '0'], empty)), [
    'Content-Length: 0',
  ]);
  assert.deepEqual(lengthLines(requestHead('POST', '/', listed, { kind: 'length', length: 3 })), ['Content-Length: 3']);
  assert.deepEqual(lengthLines(requestHead('POST', '/', ['Host', 'a'], chunked)), ['Transfer-Encoding: chunked']);
});

test('nothing that could end a line or the head is written', () => {
  for (const bad of ['a\r\nX: 1', 'a\nb', 'a\rb', 'a\0b', 'a\u010ab', 'a\u560db', '\u{1f600}']) {
    assert.equal(responseHead(200, '', ['X', bad], asListed, 'close'), undefined);
    assert.equal(responseHead(200, bad, [], asListed, 'close'), undefined);
    assert.equal(requestHead('GET', '/', ['X', bad], empty), undefined);
    assert.equal(requestHead('GET', `/${bad}`, [], empty), undefined);
    assert.equal(requestHead(bad, '/', [], empty), undefined);
    assert.equal(requestHead('GET', '/', [bad, '1'], empty), undefined);
  }
  for (const bad of ['', 'a b', 'a:']) assert.equal(requestHead('GET', '/', [bad, '1'], empty), undefined);
  for (const bad of ['', '/a b', '/#']) assert.equal(requestHead('GET', bad, [], empty), undefined);
  for (const status of [99, 1000, 200.5, Number.NaN])
    assert.equal(responseHead(status, '', [], close, 'close'), undefined);
});
