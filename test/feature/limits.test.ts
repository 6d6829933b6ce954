import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import type { TestContext } from 'node:test';
import { test } from 'node:test';

import { WebSocket } from 'ws';

import { webSocketEcho } from '../support/backends.ts';
import type { Answer } from '../support/client.ts';
import { ask, cookieOf } from '../support/client.ts';
import type { GatedBackend } from '../support/gated-backend.ts';
import { gatedBackend } from '../support/gated-backend.ts';
import { ingress, service, yaml } from '../support/manifests.ts';
import { metric } from '../support/metrics.ts';
import type { Program } from '../support/program.ts';
import { startProgram } from '../support/program.ts';
import { until } from '../support/until.ts';

/** Limits of connections to a Service, and the queue of requests that wait for a place. */

function manifest(ports: readonly number[], annotations: Readonly<Record<string, string>>): string {
  const named = Object.entries(annotations).map(([key, value]) => [
    key.includes('/') ? key : `fairway.dev/${key}`,
    value,
  ]);
  return yaml(
    ...service(
      'web',
      ports.map((port) => ({ port })),
    ),
    ingress({ annotations: Object.fromEntries(named) }),
  );
}

function start(
  t: TestContext,
  ports: readonly number[],
  annotations: Readonly<Record<string, string>>,
  args: readonly string[] = ['--workers=1'],
): Promise<Program> {
  return startProgram(t, { manifests: { 'web.yaml': manifest(ports, annotations) }, args });
}

/** Resolves when the metric says so. */
async function counted(program: Program, name: string, label: string, value: number): Promise<void> {
  await until(async () => ((await metric(program, name, label)) === value ? true : undefined));
}

/** Resolves when so many requests wait in the queue. */
function waiting(program: Program, count: number): Promise<void> {
  return counted(program, 'fairway_requests_waiting', 'reason="queue"', count);
}

/** Requests with these targets, each in the queue before the next is sent. */
async function queueUp(program: Program, paths: readonly string[]): Promise<Promise<Answer>[]> {
  const before = await metric(program, 'fairway_requests_waiting', 'reason="queue"');
  const answers: Promise<Answer>[] = [];
  for (const path of paths) {
    answers.push(ask({ port: program.httpPort, path }));
    await waiting(program, before + answers.length);
  }
  return answers;
}

/** A request that holds a place at the backend until it is answered. */
async function occupy(program: Program, backend: GatedBackend, path = '/first'): Promise<Promise<Answer>[]> {
  const before = backend.held;
  const answer = ask({ port: program.httpPort, path });
  await until(() => (backend.held > before ? true : undefined));
  return [answer];
}

async function failureOf(program: Program, path: string): Promise<unknown> {
  const line = await until(() => program.accessLog.with({ request_uri: path })[0]);
  return line['failure'];
}

for (const workers of [1, 2]) {
  test(`${workers} workers never send more at a time than the limit, and lose nothing`, async (t) => {
    const backends = [await gatedBackend(t, 'a'), await gatedBackend(t, 'b')];
    for (const backend of backends) backend.open(10);
    const ports = backends.map(({ port }) => port);
    const program = await start(t, ports, { 'max-connections-per-endpoint': '4' }, [`--workers=${workers}`]);
    const answers = await Promise.all(
      Array.from({ length: 120 }, (_, at) => ask({ port: program.httpPort, path: `/${at}` })),
    );
    assert.deepEqual(
      answers.filter(({ status }) => status !== 200).map(({ status }) => status),
      [],
    );
    for (const { most, mostConnections, seen } of backends) {
      assert.ok(most <= 4 && most >= 2, `${most} at a time`);
      assert.ok(mostConnections <= 4, `${mostConnections} connections`);
      assert.ok(seen.length >= 20, 'both endpoints are used');
    }
    await waiting(program, 0);
  });
}

test('all endpoints together have a limit as well', async (t) => {
  const backends = [await gatedBackend(t, 'a'), await gatedBackend(t, 'b')];
  const ports = backends.map(({ port }) => port);
  const program = await start(t, ports, { 'max-connections': '3' });
  const answers = Array.from({ length: 8 }, (_, at) => ask({ port: program.httpPort, path: `/${at}` }));
  await waiting(program, 5);
  const held = (): number => backends.reduce((sum, backend) => sum + backend.held, 0);
  await until(() => (held() === 3 ? true : undefined));
  let most = 0;
  const watch = setInterval(() => (most = Math.max(most, held())), 1);
  t.after(() => clearInterval(watch));
  for (const backend of backends) backend.open(5);
  for (const answer of await Promise.all(answers)) assert.equal(answer.status, 200);
  assert.ok(most <= 3, `${most} at a time`);
});

test('requests that wait go in the order in which they came', async (t) => {
  const backend = await gatedBackend(t);
  const program = await start(t, [backend.port], { 'max-connections-per-endpoint': '1' });
  const answers = await occupy(program, backend);
  answers.push(...(await queueUp(program, ['/1', '/2', '/3', '/4'])));
  for (const answer of answers) {
    await until(() => (backend.held === 1 ? true : undefined));
    backend.answer();
    assert.equal((await answer).status, 200);
  }
  assert.deepEqual(backend.seen, ['/first', '/1', '/2', '/3', '/4']);
  assert.equal(backend.most, 1);
  await counted(program, 'fairway_request_wait_seconds_count', 'reason="queue"', 4);
});

test('beyond the bound of the queue the answer is 503 with Retry-After', async (t) => {
  const backend = await gatedBackend(t);
  const program = await start(t, [backend.port], {
    'max-connections-per-endpoint': '1',
    'max-pending-requests': '2',
  });
  const answers = await occupy(program, backend);
  answers.push(...(await queueUp(program, ['/1', '/2'])));
  const refused = await ask({ port: program.httpPort, path: '/3' });
  assert.deepEqual([refused.status, refused.headers['retry-after']], [503, '5']);
  assert.equal(await failureOf(program, '/3'), 'queue-full');
  await counted(program, 'fairway_requests_shed_total', 'failure="queue-full"', 1);
  backend.open();
  for (const answer of await Promise.all(answers)) assert.equal(answer.status, 200);
});

test('a request waits no longer than the timeout', async (t) => {
  const backend = await gatedBackend(t);
  const program = await start(t, [backend.port], { 'max-connections': '1', 'pending-timeout': '300ms' });
  const [first] = await occupy(program, backend);
  const startedAt = performance.now();
  const late = await ask({ port: program.httpPort, path: '/late' });
  const waitedMs = performance.now() - startedAt;
  assert.deepEqual([late.status, late.headers['retry-after']], [503, '5']);
  assert.ok(waitedMs >= 290 && waitedMs < 5_000, `${waitedMs} ms`);
  assert.equal(await failureOf(program, '/late'), 'queue-timeout');
  backend.open();
  assert.equal((await first)?.status, 200);
  assert.deepEqual(backend.seen, ['/first']);
});

test('a client that goes away leaves the queue at once', async (t) => {
  const backend = await gatedBackend(t);
  const program = await start(t, [backend.port], { 'max-connections-per-endpoint': '1' });
  const answers = await occupy(program, backend);
  const leaving = connect(program.httpPort, '127.0.0.1');
  leaving.write('GET /gone HTTP/1.1\r\nHost: example.test\r\n\r\n');
  await waiting(program, 1);
  answers.push(...(await queueUp(program, ['/after'])));
  leaving.resetAndDestroy();
  const line = await until(() => program.accessLog.with({ request_uri: '/gone' })[0], 3_000);
  assert.deepEqual([line['status'], line['failure']], [499, 'client-closed']);
  await waiting(program, 1);
  backend.open();
  for (const answer of await Promise.all(answers)) assert.equal(answer.status, 200);
  assert.deepEqual(backend.seen, ['/first', '/after']);
});

test('a client that resets in the middle of a large body leaves the queue within seconds', async (t) => {
  // The reference engine does not hear of it before it reads on.
  if (process.env['TEST_ENGINE'] === 'http-proxy') return t.skip('node:http says nothing of a socket that is not read');
  const backend = await gatedBackend(t);
  const program = await start(t, [backend.port], {
    'max-connections-per-endpoint': '1',
    'pending-timeout': '60s',
    'nginx.ingress.kubernetes.io/proxy-body-size': '0',
  });
  const [first] = await occupy(program, backend);
  const leaving = connect(program.httpPort, '127.0.0.1');
  leaving.on('error', () => undefined);
  leaving.write('POST /gone HTTP/1.1\r\nHost: example.test\r\nContent-Length: 9000000\r\n\r\n');
  leaving.write(Buffer.alloc(9_000_000));
  await waiting(program, 1);
  leaving.resetAndDestroy();
  const line = await until(() => program.accessLog.with({ request_uri: '/gone' })[0], 8_000);
  assert.deepEqual([line['status'], line['failure']], [499, 'client-closed']);
  backend.open();
  assert.equal((await first)?.status, 200);
  return undefined;
});

test('a client that ends its side in good order is gone after a second', async (t) => {
  const backend = await gatedBackend(t);
  const program = await start(t, [backend.port], { 'max-connections-per-endpoint': '1' });
  const [first] = await occupy(program, backend);
  const leaving = connect(program.httpPort, '127.0.0.1');
  leaving.write('GET /gone HTTP/1.1\r\nHost: example.test\r\n\r\n');
  await waiting(program, 1);
  leaving.end();
  const line = await until(() => program.accessLog.with({ request_uri: '/gone' })[0], 5_000);
  assert.deepEqual([line['status'], line['failure']], [499, 'client-closed']);
  backend.open();
  assert.equal((await first)?.status, 200);
});

test('a WebSocket tunnel holds its place until it is closed', async (t) => {
  const backend = await webSocketEcho(t);
  const program = await start(t, [backend.port], { 'max-connections-per-endpoint': '1' });
  const socket = new WebSocket(`ws://127.0.0.1:${program.httpPort}/`, { headers: { Host: 'example.test' } });
  await once(socket, 'open');
  const [answer] = await queueUp(program, ['/page']);
  socket.close();
  assert.equal((await answer)?.status, 200);
});

test('a body waits with its request and arrives whole', async (t) => {
  const backend = await gatedBackend(t);
  const program = await start(t, [backend.port], {
    'max-connections-per-endpoint': '1',
    'nginx.ingress.kubernetes.io/proxy-body-size': '0',
  });
  const [first] = await occupy(program, backend);
  const body = Buffer.alloc(3_000_000, 'abcdefghij').toString('latin1');
  const uploads = ['/small', '/large'].map((path) =>
    ask({ port: program.httpPort, path, method: 'POST', body: path === '/large' ? body : 'few bytes' }),
  );
  await waiting(program, 2);
  backend.open();
  const [small, large] = await Promise.all(uploads);
  assert.equal(small?.body, '/small few bytes');
  assert.equal(large?.status, 200);
  assert.ok(large?.body === `/large ${body}`, 'every byte arrives');
  assert.equal((await first)?.status, 200);
});

test('a client that waits to be asked for its body may wait as long as the request', async (t) => {
  const backend = await gatedBackend(t);
  const program = await start(t, [backend.port], { 'max-connections-per-endpoint': '1' });
  const [first] = await occupy(program, backend);
  const client = connect(program.httpPort, '127.0.0.1');
  client.write('POST /asked HTTP/1.1\r\nHost: example.test\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n');
  await waiting(program, 1);
  backend.open();
  const [asked] = (await once(client, 'data')) as [Buffer];
  assert.match(asked.toString(), /^HTTP\/1\.1 100 Continue\r\n\r\n$/);
  client.write('body');
  const [answered] = (await once(client, 'data')) as [Buffer];
  assert.match(answered.toString(), /^HTTP\/1\.1 200 OK\r\n/);
  client.destroy();
  assert.equal((await first)?.status, 200);
});

test('a hash takes the next choice when its endpoint is full, a session waits for its own', async (t) => {
  const named = { a: await gatedBackend(t, 'a'), b: await gatedBackend(t, 'b') };
  const backends = Object.values(named);
  const ports = backends.map(({ port }) => port);
  const one = { 'max-connections-per-endpoint': '1' };
  const program = await start(t, ports, {
    ...one,
    'nginx.ingress.kubernetes.io/upstream-hash-by': '$request_uri',
  });
  const hashed = [ask({ port: program.httpPort, path: '/same' }), ask({ port: program.httpPort, path: '/same' })];
  await until(() => (backends.every(({ held }) => held === 1) ? true : undefined));
  for (const backend of backends) backend.answer();
  for (const answer of await Promise.all(hashed)) assert.equal(answer.status, 200);

  program.write('web.yaml', manifest(ports, { ...one, 'nginx.ingress.kubernetes.io/affinity': 'cookie' }));
  const login = await until(async () => {
    const answer = ask({ port: program.httpPort, path: '/login' });
    await until(() => (backends.some(({ held }) => held === 1) ? true : undefined));
    for (const backend of backends) backend.answer();
    return cookieOf(await answer) === '' ? undefined : await answer;
  });
  const cookie = cookieOf(login);
  const home = login.headers['x-backend'] === 'a' ? named.a : named.b;
  const mine = ask({ port: program.httpPort, path: '/1', headers: { Cookie: cookie } });
  await until(() => (home.held === 1 ? true : undefined));
  const next = ask({ port: program.httpPort, path: '/2', headers: { Cookie: cookie } });
  await waiting(program, 1);
  // The other endpoint has a place, which somebody else gets at once.
  const other = ask({ port: program.httpPort, path: '/other' });
  await until(() => (backends.every(({ held }) => held === 1) ? true : undefined));
  for (const backend of backends) backend.open();
  const answers = await Promise.all([mine, next, other]);
  assert.deepEqual(
    answers.map(({ status }) => status),
    [200, 200, 200],
  );
  assert.equal(answers[0]?.headers['x-backend'], answers[1]?.headers['x-backend']);
  assert.notEqual(answers[2]?.headers['x-backend'], answers[0]?.headers['x-backend']);
});

test('a limit that goes away lets everybody go', async (t) => {
  const backend = await gatedBackend(t);
  const program = await start(t, [backend.port], { 'max-connections': '1' });
  const answers = await occupy(program, backend);
  answers.push(...(await queueUp(program, ['/1', '/2'])));
  program.write('web.yaml', manifest([backend.port], {}));
  await until(() => (backend.held === 3 ? true : undefined));
  backend.open();
  for (const answer of await Promise.all(answers)) assert.equal(answer.status, 200);
});

test('a worker that ends answers those that still wait before it cuts connections', async (t) => {
  const backend = await gatedBackend(t);
  const program = await start(t, [backend.port], { 'max-connections': '1', 'pending-timeout': '60s' }, [
    '--workers=1',
    '--shutdown-drain=2s',
  ]);
  const [first] = await occupy(program, backend);
  const [late] = await queueUp(program, ['/late']);
  const cut = first?.catch((error: unknown) => String(error));
  program.kill('SIGTERM');
  assert.equal((await late)?.status, 503);
  await cut;
  assert.equal(await program.ended, 0);
});

test('what is written wrong is said, and limits nothing', async (t) => {
  const backend = await gatedBackend(t);
  backend.open();
  const program = await start(t, [backend.port], {
    'max-connections': '0',
    'max-connections-per-endpoint': 'many',
    'pending-timeout': '5 seconds',
    'max-pending-requests': '7',
    'nginx.ingress.kubernetes.io/hold-for-endpoints': '30s',
  });
  const { text } = await program.admin('/');
  for (const name of ['max-connections', 'max-connections-per-endpoint', 'pending-timeout']) {
    assert.match(text, new RegExp(`fairway\\.dev/${name}</code> of`), name);
  }
  assert.equal((await ask({ port: program.httpPort })).status, 200);
  assert.ok((await metric(program, 'fairway_diagnostics', 'code="annotation-invalid"')) >= 3);
  assert.equal(await metric(program, 'fairway_diagnostics', 'code="annotation-unknown"'), 1);
  assert.equal(await metric(program, 'fairway_diagnostics', 'code="annotation-without-effect"'), 1);
});
