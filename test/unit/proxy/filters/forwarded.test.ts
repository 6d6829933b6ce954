import assert from 'node:assert/strict';
import { test } from 'node:test';

import { defaultProxyOptions } from '../../../../src/model/proxy-options.ts';
import type { Exchange, RequestHead } from '../../../../src/proxy/exchange/exchange.ts';
import { headerValue } from '../../../../src/proxy/exchange/headers.ts';
import { createIdentify } from '../../../../src/proxy/filters/client-identity.ts';
import { forwarded } from '../../../../src/proxy/filters/forwarded.ts';
import { exchangeOf, fields, testEnvironment } from '../../../support/proxy.ts';

function forward(head: Partial<RequestHead>, trustedProxies: readonly string[] = []): Exchange {
  const exchange = exchangeOf(head);
  createIdentify({ ...defaultProxyOptions, trustedProxies })(exchange);
  forwarded.create({}, testEnvironment())?.forward?.(exchange);
  return exchange;
}

function names(exchange: Exchange): string {
  return exchange.forwardHeaders.filter((_, at) => at % 2 === 0).join(' ');
}

function value(exchange: Exchange, name: string): string | undefined {
  return headerValue(exchange.forwardHeaders, name);
}

const id = '0123456789abcdef0123456789abcdef';

test('the head is ours in order and spelling, then the client’s own', () => {
  const exchange = forward({
    host: 'H.Test:99',
    headers: [
      'host',
      'H.Test:99',
      'User-Agent',
      'curl',
      'x-request-id',
      id,
      'accept',
      '*/*',
      'X-Forwarded-For',
      '1.1.1.1',
      'Cookie',
      'a=b',
    ],
  });
  assert.deepEqual(
    exchange.forwardHeaders,
    fields(
      'Host: H.Test:99',
      `X-Request-ID: ${id}`,
      'X-Real-IP: 192.0.2.7',
      'X-Forwarded-For: 192.0.2.7',
      'X-Forwarded-Host: H.Test:99',
      'X-Forwarded-Port: 8080',
      'X-Forwarded-Proto: http',
      'X-Forwarded-Scheme: http',
      'X-Scheme: http',
      'X-Original-Forwarded-For: 1.1.1.1',
      'User-Agent: curl',
      'accept: */*',
      'Cookie: a=b',
    ),
  );
});

test('over TLS the port is 443 whatever we listen on, and the scheme is https', () => {
  const exchange = forward({ secure: true, localPort: 8443 });
  assert.equal(value(exchange, 'x-forwarded-port'), '443');
  for (const name of ['x-forwarded-proto', 'x-forwarded-scheme', 'x-scheme'])
    assert.equal(value(exchange, name), 'https');
});

test('a WebSocket keeps Upgrade, right after Host', () => {
  const exchange = forward({
    upgrade: true,
    headers: ['Host', 'h', 'Connection', 'keep-alive, Upgrade', 'Upgrade', 'websocket', 'Sec-WebSocket-Key', 'x'],
  });
  assert.deepEqual(exchange.forwardHeaders.slice(0, 6), ['Host', 'h', 'Upgrade', 'websocket', 'Connection', 'upgrade']);
  assert.equal(exchange.forwardHeaders.filter((field) => field.toLowerCase() === 'upgrade').length, 2);
  assert.equal(value(exchange, 'sec-websocket-key'), 'x');
});

test('what concerns one connection does not pass, nor what Connection names', () => {
  const exchange = forward({
    headers: fields(
      'Host: h',
      'Connection: close, X-Hop',
      'X-Hop: 1',
      'Keep-Alive: 5',
      'TE: trailers',
      'Trailer: x',
      'Transfer-Encoding: chunked',
      'Upgrade: h2c',
      'Proxy-Connection: x',
      'Proxy-Authorization: x',
      'Proxy: http://evil',
      'Expect: 100-continue',
      'X-Kept: 1',
    ),
  });
  assert.match(names(exchange), /X-Scheme X-Kept$/);
});

test('Connection takes out neither our fields nor the length of the body', () => {
  const exchange = forward({
    headers: ['Host', 'h', 'Connection', 'x-real-ip, x-forwarded-for, content-length', 'Content-Length', '3'],
  });
  assert.equal(value(exchange, 'x-real-ip'), '192.0.2.7');
  assert.equal(value(exchange, 'content-length'), '3');
});

test('what a client says in our name is dropped, in every spelling', () => {
  const claims =
    'X-Real-IP x-real-ip X_Real_IP X-FORWARDED-PROTO X-Forwarded-Prefix x.forwarded.for X-Scheme X-Original-URI ssl-client-verify SSL-Client-Verify X-Forwarded-User';
  const exchange = forward({
    headers: [
      'Host',
      'h',
      ...claims.split(' ').flatMap((name) => [name, 'evil']),
      'X-Kept',
      '1',
      'Forwarded',
      'for=1.1.1.1',
    ],
  });
  assert.ok(!exchange.forwardHeaders.includes('evil'), names(exchange));
  assert.match(names(exchange), /X-Scheme X-Kept Forwarded$/, 'observed 11: Forwarded passes');
});

test('X-Request-ID of the client is kept when it is harmless, else made', () => {
  const sent = (text: string): string => forward({ headers: ['Host', 'h', 'X-Request-Id', text] }).requestId;
  for (const text of ['a', 'A-Z.0_9~+/=:-', 'x'.repeat(128)]) assert.equal(sent(text), text);
  for (const text of ['', 'a b', 'x'.repeat(129), 'ä', 'a"b']) assert.match(sent(text), /^[0-9a-f]{32}$/);
  assert.notEqual(sent(''), sent(''));
});

const proxied = fields(
  'Host: inner',
  'X-Forwarded-For: 203.0.113.9, 198.51.100.1, 10.1.1.1',
  'X-Forwarded-Proto: https',
  'X-Forwarded-Host: shop.example:8443',
  'X-Forwarded-Port: 8443',
  'X-Forwarded-Prefix: /p',
);

test('a trusted proxy says who the client is', () => {
  const exchange = forward({ host: 'inner', peerAddress: '10.0.0.1', headers: proxied }, ['10.0.0.0/8']);
  assert.equal(exchange.clientAddress, '198.51.100.1', 'the first from the right that is not trusted');
  assert.deepEqual([exchange.scheme, exchange.host, exchange.port], ['https', 'shop.example:8443', 8443]);
  assert.equal(value(exchange, 'host'), 'shop.example:8443');
  assert.equal(value(exchange, 'x-forwarded-for'), '198.51.100.1');
  assert.equal(value(exchange, 'x-original-forwarded-for'), '203.0.113.9, 198.51.100.1, 10.1.1.1');
  assert.equal(value(exchange, 'x-original-forwarded-host'), 'shop.example:8443');
  assert.equal(value(exchange, 'x-forwarded-prefix'), '/p');
});

test('anybody else says nothing', () => {
  const exchange = forward({ host: 'inner', headers: proxied }, ['10.0.0.0/8']);
  assert.deepEqual(
    [exchange.clientAddress, exchange.scheme, exchange.host, exchange.port],
    ['192.0.2.7', 'http', 'inner', 8080],
  );
  assert.equal(value(exchange, 'x-forwarded-prefix'), undefined);
});

test('when every peer is trusted the left-most address is the client', () => {
  const exchange = forward({ peerAddress: '10.0.0.1', headers: proxied }, ['0.0.0.0/0', '::/0']);
  assert.equal(exchange.clientAddress, '203.0.113.9');
});

test('nonsense of a trusted proxy is not believed', () => {
  const headers = fields(
    'Host: h',
    'X-Forwarded-For: unknown, 1.2.3.4:77, [2001:db8::1]:9, <script>',
    'X-Forwarded-Proto: gopher',
    'X-Forwarded-Host: a b',
    'X-Forwarded-Port: 99999',
  );
  const exchange = forward({ peerAddress: '::ffff:10.0.0.1', headers }, ['0.0.0.0/0']);
  assert.deepEqual(
    [exchange.clientAddress, exchange.scheme, exchange.host, exchange.port],
    ['10.0.0.1', 'http', 'h', 8080],
  );
  const next = forward({ headers: ['Host', 'h', 'X-Forwarded-For', '1.2.3.4:77, [2001:db8::1]:9'] }, [
    '0.0.0.0/0',
    '::/0',
  ]);
  assert.equal(next.clientAddress, '1.2.3.4');
});

test('HTTP/1.0 without Host gets one', () => {
  const exchange = forward({ host: '', headers: [], httpVersion: '1.0' });
  assert.equal(exchange.forwardHeaders[0], 'Host');
});
