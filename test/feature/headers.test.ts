import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ask } from '../support/client.ts';
import { ingress, service, yaml } from '../support/manifests.ts';
import type { Echo } from '../support/named-backend.ts';
import { startBackend } from '../support/named-backend.ts';
import type { Program } from '../support/program.ts';
import { startProgram } from '../support/program.ts';

async function start(t: Parameters<typeof startProgram>[0], args: readonly string[] = []): Promise<Program> {
  const backend = await startBackend(t, 'web');
  return startProgram(t, {
    args,
    manifests: { 'all.yaml': yaml(...service('web', [{ port: backend.port }]), ingress()) },
  });
}

function pairs(rawHeaders: readonly string[]): [string, string][] {
  return rawHeaders.flatMap((name, at) => (at % 2 === 0 ? [[name, rawHeaders[at + 1] ?? ''] as [string, string]] : []));
}

test('the backend gets the headers of ingress-nginx, in its order and spelling', async (t) => {
  const program = await start(t);
  const answer = await ask({
    port: program.httpPort,
    host: 'Example.TEST:99',
    headers: {
      'X-Forwarded-For': '198.51.100.7',
      'X-Forwarded-Host': 'evil.test',
      'X-Real-IP': '1.2.3.4',
      x_forwarded_for: 'smuggled',
      Forwarded: 'for=x',
      'X-Own': 'kept',
      'X-Request-ID': 'abc-123',
    },
  });
  const { rawHeaders } = JSON.parse(answer.body) as Echo;
  const found = pairs(rawHeaders);
  assert.deepEqual(found, [
    ['Host', 'Example.TEST:99'],
    ['X-Request-ID', 'abc-123'],
    ['X-Real-IP', '127.0.0.1'],
    ['X-Forwarded-For', '127.0.0.1'],
    ['X-Forwarded-Host', 'Example.TEST:99'],
    ['X-Forwarded-Port', String(program.httpPort)],
    ['X-Forwarded-Proto', 'http'],
    ['X-Forwarded-Scheme', 'http'],
    ['X-Scheme', 'http'],
    ['X-Original-Forwarded-For', '198.51.100.7'],
    ['X-Original-Forwarded-Host', 'evil.test'],
    ['Forwarded', 'for=x'],
    ['X-Own', 'kept'],
  ]);
});

test('over TLS the port is 443 and the scheme https, and the answer has HSTS', async (t) => {
  const program = await start(t);
  const answer = await ask({ port: program.httpsPort, tls: true });
  const headers = new Map(pairs((JSON.parse(answer.body) as Echo).rawHeaders));
  assert.equal(headers.get('X-Forwarded-Port'), '443');
  assert.equal(headers.get('X-Forwarded-Proto'), 'https');
  assert.match(headers.get('X-Request-ID') ?? '', /^[0-9a-f]{32}$/);
  assert.equal(answer.headers['strict-transport-security'], 'max-age=31536000; includeSubDomains');
  assert.equal(answer.headers['server'], undefined);
  const missing = await ask({ port: program.httpsPort, tls: true, host: 'nobody.test' });
  assert.equal(missing.status, 404);
  assert.equal(missing.headers['strict-transport-security'], 'max-age=31536000; includeSubDomains');
  assert.equal(missing.certificateName, 'Kubernetes Ingress Controller Fake Certificate');
});

test('a trusted proxy says who the client is', async (t) => {
  const program = await start(t, ['--use-forwarded-headers', '--proxy-real-ip-cidr=127.0.0.0/8']);
  const answer = await ask({
    port: program.httpPort,
    headers: { 'X-Forwarded-For': '198.51.100.7', 'X-Forwarded-Proto': 'https', 'X-Forwarded-Host': 'front.test' },
  });
  const headers = new Map(pairs((JSON.parse(answer.body) as Echo).rawHeaders));
  assert.equal(headers.get('X-Real-IP'), '198.51.100.7');
  assert.equal(headers.get('X-Forwarded-Proto'), 'https');
  assert.equal(headers.get('X-Forwarded-Host'), 'front.test');
});

test('bodies pass both ways unchanged, TRACE is 405 and OPTIONS * is 400', async (t) => {
  const program = await start(t);
  const body = 'x'.repeat(300_000);
  const answer = await ask({ port: program.httpPort, method: 'POST', path: '/a%2Fb?c=%20d', body });
  const echo = JSON.parse(answer.body) as Echo;
  assert.equal(echo.body, body);
  assert.equal(echo.url, '/a%2Fb?c=%20d');
  assert.equal((await ask({ port: program.httpPort, method: 'TRACE' })).status, 405);
  assert.equal((await ask({ port: program.httpPort, method: 'OPTIONS', path: '*' })).status, 400);
});

test('behind a Service the port is the one that clients use', async (t) => {
  const program = await start(t, ['--http-public-port=80']);
  const answer = await ask({ port: program.httpPort });
  const headers = new Map(pairs((JSON.parse(answer.body) as Echo).rawHeaders));
  assert.equal(headers.get('X-Forwarded-Port'), '80');
});
