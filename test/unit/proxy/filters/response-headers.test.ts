import assert from 'node:assert/strict';
import { test } from 'node:test';

import { defaultProxyOptions } from '../../../../src/model/proxy-options.ts';
import { responseHeaders } from '../../../../src/proxy/filters/response-headers.ts';
import { exchangeOf, testEnvironment } from '../../../support/proxy.ts';

const date = 'Thu, 26 Nov 2026 00:00:36 GMT';

function respond(
  headers: readonly string[],
  { secure = false, hsts = defaultProxyOptions.hsts, status = 200 } = {},
): string[] {
  const exchange = exchangeOf({ secure });
  exchange.status = status;
  exchange.responseHeaders = [...headers];
  const environment = testEnvironment({ options: { ...defaultProxyOptions, hsts } });
  responseHeaders.create({}, environment)?.respond?.(exchange);
  return exchange.responseHeaders;
}

test('Date is ours and stands first; Server and what nginx hides do not appear', () => {
  const sent = [
    'Server',
    'nginx',
    'date',
    'yesterday',
    'Content-Type',
    'a/b',
    'Keep-Alive',
    '5',
    'X-Accel-Redirect',
    '/x',
    'x-accel-buffering',
    'no',
  ];
  assert.deepEqual(respond(sent), ['Date', date, 'Content-Type', 'a/b']);
});

test('what nginx passes, passes', () => {
  const sent = ['X-Powered-By', 'php', 'Via', '1.1 x', 'Alt-Svc', 'h3', 'Set-Cookie', 'a=1', 'Set-Cookie', 'b=2'];
  assert.deepEqual(respond(sent), ['Date', date, ...sent]);
});

test('hop-by-hop fields stay behind, and what Connection names', () => {
  const sent = [
    'Connection',
    'close, X-Hop',
    'X-Hop',
    '1',
    'Transfer-Encoding',
    'chunked',
    'Trailer',
    'x',
    'Upgrade',
    'h2c',
    'Content-Length',
    '3',
  ];
  assert.deepEqual(respond(sent), ['Date', date, 'Content-Length', '3']);
});

test('the answer that opens a tunnel keeps the fields that do', () => {
  const sent = ['Connection', 'upgrade', 'Upgrade', 'websocket', 'Sec-WebSocket-Accept', 'x'];
  assert.deepEqual(respond(sent, { status: 101 }), ['Date', date, ...sent]);
});

test('over TLS Strict-Transport-Security is ours, over HTTP the upstream’s own passes', () => {
  const sent = ['strict-transport-security', 'max-age=1'];
  assert.deepEqual(respond(sent, { secure: true }), [
    'Date',
    date,
    'Strict-Transport-Security',
    'max-age=31536000; includeSubDomains',
  ]);
  assert.deepEqual(respond(sent), ['Date', date, ...sent]);
  assert.deepEqual(respond(sent, { secure: true, hsts: '' }), ['Date', date, ...sent]);
});
