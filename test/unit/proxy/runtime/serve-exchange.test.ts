import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { RequestHead } from '../../../../src/proxy/exchange/exchange.ts';
import type { Exchange } from '../../../../src/proxy/exchange/exchange.ts';
import { headerValue } from '../../../../src/proxy/exchange/headers.ts';
import { serveExchange } from '../../../../src/proxy/runtime/serve-exchange.ts';
import { endpoint, upstreamOf } from '../../../support/endpoints.ts';
import type { RuntimeFixture, ScriptedTry } from '../../../support/proxy.ts';
import {
  ScriptedTransport,
  exchangeOf,
  forwardRoute,
  runtimeFixture,
  snapshotOf,
  virtualHost,
} from '../../../support/proxy.ts';

const pods = [endpoint(1), endpoint(2), endpoint(3)];
const usual = { on: ['error', 'timeout'], tries: 3, timeoutMs: 0 } as const;

function shop(): RuntimeFixture {
  return runtimeFixture(snapshotOf([virtualHost('h', forwardRoute('/', { retry: usual }))], [upstreamOf(pods)]));
}

async function serve(
  fixture: RuntimeFixture,
  head: Partial<RequestHead> = {},
  script?: (attempt: number, exchange: Exchange) => ScriptedTry,
): Promise<{ exchange: Exchange; transport: ScriptedTransport }> {
  const transport = new ScriptedTransport(script);
  const exchange = exchangeOf(head);
  await serveExchange(exchange, transport, fixture.runtime);
  assert.ok(exchange.finished);
  return { exchange, transport };
}

function page(status: string): string {
  return `<html>\r\n<head><title>${status}</title></head>\r\n<body>\r\n<center><h1>${status}</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n`;
}

test('a request goes to an endpoint of its route and its answer to the client', async () => {
  const { exchange, transport } = await serve(shop(), { target: '/a?b' }, () => ({
    status: 201,
    headers: ['X-A', '1', 'Server', 'x'],
  }));
  assert.equal(transport.tries.length, 1);
  assert.ok(pods.some(({ id }) => id === transport.tries[0]?.endpoint));
  assert.equal(transport.tries[0]?.target, '/a?b');
  assert.deepEqual(transport.tries[0]?.headers.slice(0, 2), ['Host', 'h']);
  assert.deepEqual(transport.options[0]?.timeouts, { connectMs: 5000, sendMs: 60_000, readMs: 60_000 });
  assert.deepEqual(transport.answers, [
    { status: 201, headers: ['Date', transport.answers[0]?.headers[1], 'X-A', '1'], body: 'relayed' },
  ]);
  assert.deepEqual([exchange.failure, exchange.labels.path, exchange.endpoint?.inFlight], [undefined, '/', 0]);
});

test('unknown hosts and paths get nginx’ page of 146 bytes', async () => {
  const fixture = runtimeFixture(snapshotOf([virtualHost('h', forwardRoute('/a'))], [upstreamOf(pods)]));
  for (const head of [{ host: 'other' }, { target: '/b' }]) {
    const { exchange, transport } = await serve(fixture, head);
    assert.deepEqual([exchange.failure, transport.answers[0]?.status], ['no-route', 404]);
    assert.equal(transport.answers[0]?.body, page('404 Not Found'));
    assert.equal(transport.answers[0]?.body.length, 146);
    assert.deepEqual(transport.answers[0]?.headers.slice(2), ['Content-Type', 'text/html', 'Content-Length', '146']);
  }
});

test('/healthz is answered where no rule names the host, and is an ordinary path where one does', async () => {
  const fixture = runtimeFixture(
    snapshotOf([virtualHost('h', forwardRoute('/')), virtualHost('*', forwardRoute('/', {}, '*'))], [upstreamOf(pods)]),
  );
  const unknown = await serve(fixture, { host: '10.0.0.9', target: '/healthz' });
  assert.deepEqual([unknown.transport.answers[0]?.status, unknown.transport.answers[0]?.body], [200, '']);
  assert.equal((await serve(fixture, { target: '/healthz' })).transport.tries.length, 1);
  assert.equal((await serve(fixture, { host: 'other', target: '/healthzz' })).transport.tries.length, 1);
  const own = runtimeFixture(snapshotOf([virtualHost('*', forwardRoute('/healthz', {}, '*'))], [upstreamOf(pods)]));
  assert.equal((await serve(own, { target: '/healthz' })).transport.tries.length, 1);
});

const refused: readonly (readonly [what: string, head: Partial<RequestHead>, status: number])[] = [
  ['TRACE', { method: 'TRACE' }, 405],
  ['CONNECT', { method: 'CONNECT', target: 'h:80' }, 405],
  ['OPTIONS *', { method: 'OPTIONS', target: '*' }, 400],
  ['an invalid Host', { host: 'a b' }, 400],
  ['no Host', { host: '', headers: [] }, 400],
  ['an empty Host', { host: '', headers: ['Host', ''], httpVersion: '1.0' }, 400],
  ['two Hosts', { headers: ['Host', 'h', 'host', 'h'] }, 400],
  ['an absolute target for another host', { target: 'http://other/' }, 400],
  ['a path above the root', { target: '/../x' }, 400],
  ['invalid percent encoding', { target: '/%zz' }, 400],
  ['an encoded NUL', { target: '/%00' }, 400],
  ['a fragment', { target: '/a#b' }, 400],
  ['an upgrade with a body', { upgrade: true, headers: ['Host', 'h', 'Content-Length', '3'] }, 400],
];

for (const [what, head, status] of refused) {
  test(`${what} is answered with ${status} and reaches no endpoint`, async () => {
    const { exchange, transport } = await serve(shop(), head);
    assert.equal(transport.tries.length, 0);
    assert.equal(transport.answers[0]?.status, status);
    assert.equal(exchange.failure, status === 405 ? 'method-refused' : 'bad-request');
    assert.equal(transport.answers[0]?.body, page(status === 405 ? '405 Not Allowed' : '400 Bad Request'));
  });
}

test('HTTP/1.0 without Host takes the catch-all', async () => {
  const fixture = runtimeFixture(snapshotOf([virtualHost('*', forwardRoute('/', {}, '*'))], [upstreamOf(pods)]));
  const { transport } = await serve(fixture, { host: '', headers: [], httpVersion: '1.0' });
  assert.equal(transport.tries.length, 1);
});

test('bytes are forwarded as they came, unless they held dot segments', async () => {
  const targets: readonly (readonly [string, string])[] = [
    ['/a//b%2fc%41?x=/../y', '/a//b%2fc%41?x=/../y'],
    ['/a/../b?x', '/b?x'],
    ['/a/%2e%2E/b%7e', '/b~'],
    ['/a/./', '/a/'],
    ['http://h/a?b', '/a?b'],
    ['http://H', '/'],
  ];
  for (const [target, forwarded] of targets) {
    const { transport } = await serve(shop(), { target });
    assert.equal(transport.tries[0]?.target, forwarded, target);
  }
});

test('a guarded route cannot be reached around by an encoded slash', async () => {
  const closed = { ...forwardRoute('/admin'), action: { kind: 'respond', status: 503, reason: 'no secret' } as const };
  const fixture = runtimeFixture(snapshotOf([virtualHost('h', closed, forwardRoute('/'))], [upstreamOf(pods)]));
  for (const target of ['/admin%2Fx', '/x/..%2fadmin', '/%61dmin%5Cx', '/x/..;/admin/y', '/x/%2e%2e;a=b/admin']) {
    const { transport } = await serve(fixture, { target });
    assert.deepEqual([target, transport.tries.length, transport.answers[0]?.status], [target, 0, 400]);
  }
  for (const target of ['/admin/x', '//admin', '/x/../admin', '/%61dmin']) {
    const { exchange, transport } = await serve(fixture, { target });
    assert.deepEqual([target, transport.tries.length, exchange.failure], [target, 0, 'route-closed']);
  }
  const { transport } = await serve(fixture, { target: '/group%2Fproject' });
  assert.equal(transport.tries[0]?.target, '/group%2Fproject');
});

test('a missing slash is added before anything else, with query and without port', async () => {
  const redirect = { status: 308, preserveTrailingSlash: false, exemptPaths: [] } as const;
  const route = forwardRoute('/y/', { httpsRedirect: redirect });
  const fixture = runtimeFixture(snapshotOf([virtualHost('h', route)], [upstreamOf(pods)]));
  const bare = (await serve(fixture, { host: 'H:8080', target: '/y?a=b' })).transport.answers[0];
  assert.deepEqual([bare?.status, headerValue(bare?.headers ?? [], 'location')], [301, 'http://h/y/?a=b']);
  const full = (await serve(fixture, { host: 'h:8080', target: '/y/' })).transport.answers[0];
  assert.deepEqual([full?.status, headerValue(full?.headers ?? [], 'location')], [308, 'https://h/y']);
});

test('without endpoints the answer is nginx’ 503 page of 190 bytes', async () => {
  for (const upstreams of [[upstreamOf([])], []]) {
    const fixture = runtimeFixture(snapshotOf([virtualHost('h', forwardRoute('/'))], upstreams));
    const { exchange, transport } = await serve(fixture);
    assert.deepEqual(
      [exchange.failure, transport.answers[0]?.status, transport.answers[0]?.body.length],
      ['no-endpoint', 503, 190],
    );
    assert.equal(transport.answers[0]?.body, page('503 Service Temporarily Unavailable'));
  }
});

test('Strict-Transport-Security is on every HTTPS answer', async () => {
  for (const head of [{}, { host: 'other' }, { target: '/../x' }, { method: 'TRACE' }]) {
    const { transport } = await serve(shop(), { ...head, secure: true });
    assert.equal(
      headerValue(transport.answers[0]?.headers ?? [], 'strict-transport-security'),
      'max-age=31536000; includeSubDomains',
    );
  }
});

test('another endpoint is tried first, three in all, then the last failure is the answer', async () => {
  const { exchange, transport } = await serve(shop(), {}, () => ({ outcome: { failure: 'connect-refused' } }));
  assert.equal(new Set(transport.tries.map((one) => one.endpoint)).size, 3);
  assert.equal(transport.tries.length, 3);
  assert.deepEqual(
    [exchange.failure, transport.answers[0]?.status, exchange.tried.length],
    ['connect-refused', 502, 3],
  );
  assert.equal(transport.answers[0]?.body, page('502 Bad Gateway'));
});

test('the only endpoint is tried three times; a silent one gives 504', async () => {
  const fixture = runtimeFixture(
    snapshotOf([virtualHost('h', forwardRoute('/', { retry: usual }))], [upstreamOf(pods.slice(0, 1))]),
  );
  const { transport } = await serve(fixture, {}, () => ({ outcome: { failure: 'read-timeout' } }));
  assert.deepEqual([transport.tries.length, transport.answers[0]?.status], [3, 504]);
  const post = await serve(fixture, { method: 'POST' }, () => ({ outcome: { failure: 'read-timeout' } }));
  assert.deepEqual([post.transport.tries.length, post.transport.answers[0]?.status], [1, 504]);
});

test('an endpoint that answers after others failed leaves no failure behind', async () => {
  const { exchange, transport } = await serve(shop(), {}, (attempt) =>
    attempt < 3 ? { outcome: { failure: 'upstream-reset' } } : { status: 200 },
  );
  assert.deepEqual([exchange.failure, exchange.status, transport.answers.length], [undefined, 200, 1]);
});

test('a session that begins with a failed try gets its cookie from the endpoint that answers', async () => {
  const affinity = {
    mode: 'persistent',
    cookieName: 'S',
    path: '/',
    conditionalSameSiteNone: false,
    secure: 'https',
    changeOnFailure: false,
    whileDraining: 'keep',
    upstreamHash: 'x',
  } as const;
  const route = forwardRoute('/', { retry: usual, affinity });
  const fixture = runtimeFixture(snapshotOf([virtualHost('h', route)], [upstreamOf(pods)]));
  const first = await serve(fixture, {}, (attempt) =>
    attempt === 1 ? { outcome: { failure: 'connect-refused' } } : { status: 200 },
  );
  const cookie = headerValue(first.transport.answers[0]?.headers ?? [], 'set-cookie')?.split(';')[0] ?? '';
  assert.match(cookie, /^S=[0-9a-f]{16}\|x$/);
  const again = await serve(fixture, { headers: ['Host', 'h', 'Cookie', cookie] });
  assert.equal(again.transport.tries[0]?.endpoint, first.transport.tries[1]?.endpoint);
});

test('answers with a status that may be tried again are thrown away, but never the last one', async () => {
  const retry = { on: ['http_503'], tries: 3, timeoutMs: 0 } as const;
  const fixture = runtimeFixture(snapshotOf([virtualHost('h', forwardRoute('/', { retry }))], [upstreamOf(pods)]));
  const good = await serve(fixture, {}, (attempt) => ({ status: attempt === 1 ? 503 : 200 }));
  assert.deepEqual([good.transport.tries.length, good.transport.answers.map((one) => one.status)], [2, [200]]);
  const bad = await serve(fixture, {}, () => ({ status: 503 }));
  assert.deepEqual([bad.transport.tries.length, bad.transport.answers.map((one) => one.body)], [3, ['relayed']]);
});

test('a client that went away gets no answer and no retry', async () => {
  const { exchange, transport } = await serve(shop(), {}, () => ({ outcome: { failure: 'client-closed' } }));
  assert.deepEqual(
    [transport.tries.length, transport.answers.length, exchange.status, exchange.failure],
    [1, 0, 499, 'client-closed'],
  );
});

test('an answer that breaks off in the middle is neither repeated nor followed by a page', async () => {
  const { exchange, transport } = await serve(shop(), {}, () => ({
    status: 200,
    outcome: { failure: 'upstream-reset' },
  }));
  assert.deepEqual(
    [transport.tries.length, transport.answers.length, exchange.status, exchange.failure],
    [1, 1, 200, 'upstream-reset'],
  );
});

test('a head that cannot be written to the client is a 502', async () => {
  const { transport } = await serve(shop(), { method: 'POST' }, () => ({
    status: 200,
    outcome: { failure: 'upstream-invalid', committed: false },
  }));
  assert.equal(transport.answers.at(-1)?.status, 502);
});

test('an endpoint counts what it holds, and feels slow when it fails', async () => {
  const fixture = shop();
  let during = 0;
  const { exchange } = await serve(fixture, { method: 'POST' }, () => ({
    meanwhile: ({ endpoint: state }) => {
      during = state?.inFlight ?? 0;
    },
    outcome: { failure: 'upstream-reset' },
  }));
  assert.deepEqual([during, exchange.tried[0]?.inFlight, exchange.tried[0]?.latencyMs], [1, 0, 1000]);
});

test('failures and retries are counted per service', async () => {
  const fixture = shop();
  await serve(fixture, {}, (attempt) =>
    attempt === 1 ? { outcome: { failure: 'connect-refused' } } : { status: 200 },
  );
  const counted = fixture.runtime.parts.counters.samples().filter(({ metric }) => /failures|retries/.test(metric));
  assert.deepEqual(
    counted.map(({ metric, labels, values }) => [metric, ...labels, ...values]),
    [
      ['fairway_upstream_failures_total', 'shop', 'cart', 'connect-refused', 1],
      ['fairway_retries_total', 'shop', 'cart', 'connect-refused', 1],
    ],
  );
});

test('hash upstreams are asked with the text of their variables, ip_hash with the client’s address', async () => {
  const upstream = upstreamOf(pods, { algorithm: 'hash', hashBy: '$arg_user' });
  const fixture = runtimeFixture(snapshotOf([virtualHost('h', forwardRoute('/'))], [upstream]));
  const endpoints = new Set<string>();
  for (let at = 0; at < 30; at += 1) {
    const { transport } = await serve(fixture, { target: `/${at}?user=7` });
    endpoints.add(transport.tries[0]?.endpoint ?? '');
  }
  assert.equal(endpoints.size, 1);
  fixture.serve(snapshotOf([virtualHost('h', forwardRoute('/'))], [upstreamOf(pods, { algorithm: 'ip_hash' })]));
  const seen = new Set<string>();
  for (let at = 0; at < 60; at += 1) {
    const { transport } = await serve(fixture, { peerAddress: `192.0.2.${at % 30}` });
    seen.add(`${at % 30} ${transport.tries[0]?.endpoint}`);
  }
  assert.equal(seen.size, 30);
});

test('AUTO_HTTP upstreams are spoken to as the client came', async () => {
  const fixture = runtimeFixture(
    snapshotOf([virtualHost('h', forwardRoute('/'))], [{ ...upstreamOf(pods), protocol: 'as-client' }]),
  );
  assert.equal((await serve(fixture, { secure: true })).transport.options[0]?.protocol, 'https');
  assert.equal((await serve(fixture)).transport.options[0]?.protocol, 'http');
});
