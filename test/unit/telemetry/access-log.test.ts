import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { AccessLogEntry } from '../../../src/telemetry/access-log.ts';
import { createAccessLog, jsonLine, nginxLine } from '../../../src/telemetry/access-log.ts';

const entry: AccessLogEntry = {
  timeMs: Date.UTC(2026, 10, 6, 3, 1, 9, 7),
  clientAddress: '192.0.2.7',
  user: '',
  method: 'GET',
  target: '/a?b=c',
  httpVersion: '1.1',
  host: 'shop.example',
  scheme: 'https',
  status: 200,
  failure: '',
  bytesSent: 312,
  bodyBytesSent: 12,
  requestBytes: 80,
  durationMs: 12.4,
  referer: undefined,
  userAgent: 'curl/8.5.0',
  requestId: '0123456789abcdef0123456789abcdef',
  namespace: 'shop',
  ingress: 'web',
  service: 'cart',
  servicePort: '80',
  routePath: '/',
  canary: '',
  tries: [{ endpoint: '10.0.0.1:8080', status: 200, bytes: 12, durationMs: 11.6 }],
  connectMs: 0,
  headerMs: 11,
};

test('the nginx form is the line of ingress-nginx', () => {
  assert.equal(
    nginxLine(entry),
    '192.0.2.7 - - [06/Nov/2026:03:01:09 +0000] "GET /a?b=c HTTP/1.1" 200 12 "-" "curl/8.5.0" 80 0.012 ' +
      '[shop-cart-80] [] 10.0.0.1:8080 12 0.012 200 0123456789abcdef0123456789abcdef\n',
  );
});

test('a request that a canary took names both upstreams', () => {
  const taken = { ...entry, canary: 'shop-next-80' };
  assert.match(nginxLine(taken), / \[shop-cart-80\] \[shop-next-80\] 10\.0\.0\.1:8080 /);
  assert.equal(JSON.parse(jsonLine(taken)).proxy_alternative_upstream_name, 'shop-next-80');
  assert.equal('proxy_alternative_upstream_name' in JSON.parse(jsonLine(entry)), false);
});

test('several tries are lists, in both forms', () => {
  const tries = [
    { endpoint: '10.0.0.1:8080', status: 502, bytes: 0, durationMs: 1 },
    { endpoint: '10.0.0.2:8080', status: 200, bytes: 5, durationMs: 2 },
  ];
  const line = nginxLine({ ...entry, tries });
  assert.match(line, / 10\.0\.0\.1:8080, 10\.0\.0\.2:8080 0, 5 0\.001, 0\.002 502, 200 /);
  assert.equal(JSON.parse(jsonLine({ ...entry, tries })).upstream_status, '502, 200');
});

test('a try that the client did not wait for has no status', () => {
  const tries = [{ endpoint: '10.0.0.1:8080', status: 0, bytes: 0, durationMs: 5 }];
  assert.match(nginxLine({ ...entry, status: 499, tries }), / 499 12 .* 10\.0\.0\.1:8080 0 0\.005 - 0123/);
});

test('a request that no route took has no upstream', () => {
  const none = { ...entry, namespace: '', ingress: '', service: '', servicePort: '', tries: [], status: 404 };
  assert.match(nginxLine(none), / \[upstream-default-backend\] \[\] - - - - /);
  assert.equal('upstream_addr' in JSON.parse(jsonLine(none)), false);
});

test('a request that went to the default backend has its name in ingress-nginx, and what is no request has no line', () => {
  const fallback = { ...entry, ingress: '', servicePort: '' };
  assert.match(nginxLine(fallback), / \[upstream-default-backend\] \[\] 10\.0\.0\.1:8080 /);
  assert.match(nginxLine({ ...entry, method: '', target: '' }), /\] "-" /);
});

test('nothing that a client sends breaks out of its field or line', () => {
  const hostile = { ...entry, target: '/"\\\u0000\n\u00e9', userAgent: 'a" 200 1 "x\r\nGET', referer: '' };
  const line = nginxLine(hostile);
  assert.match(line, /"GET \/\\x22\\x5C\\x00\\x0A\\xE9 HTTP\/1\.1"/);
  assert.match(line, / "" "a\\x22 200 1 \\x22x\\x0D\\x0AGET" /);
  assert.equal(line.indexOf('\n'), line.length - 1);
  const json = jsonLine(hostile);
  assert.equal(json.indexOf('\n'), json.length - 1);
  assert.equal(JSON.parse(json).http_user_agent, hostile.userAgent);
});

test('characters beyond one byte are escaped as their UTF-8 bytes', () => {
  assert.match(nginxLine({ ...entry, requestId: '\u20ac' }), / \\xE2\\x82\\xAC\n$/);
});

test('a long field is cut at 2 KiB', () => {
  const long = { ...entry, userAgent: 'x'.repeat(100_000) };
  assert.equal(JSON.parse(jsonLine(long)).http_user_agent.length, 2048);
  assert.ok(nginxLine(long).length < 3000);
});

test('the failure is named in JSON', () => {
  const line = JSON.parse(jsonLine({ ...entry, status: 504, failure: 'read-timeout' }));
  assert.equal(line.failure, 'read-timeout');
  assert.equal(line.status, 504);
  assert.equal(line.time, '2026-11-06T03:01:09.007Z');
  assert.equal(line.request_time, 0.012);
});

test('the log writes one line for each entry', () => {
  const lines: string[] = [];
  const destination = { write: (line: string) => void lines.push(line), dropped: 0, flush: () => Promise.resolve() };
  createAccessLog('nginx', destination).write(entry);
  createAccessLog('json', destination).write(entry);
  assert.deepEqual(lines, [nginxLine(entry), jsonLine(entry)]);
});
