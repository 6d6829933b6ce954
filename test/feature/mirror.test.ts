import assert from 'node:assert/strict';
import http from 'node:http';
import type { TestContext } from 'node:test';
import { test } from 'node:test';

import { ingress, service, yaml } from '../support/manifests.ts';
import type { Program } from '../support/program.ts';
import { startProgram } from '../support/program.ts';
import { closedPort, listenOn, rawServer } from '../support/raw-server.ts';
import { until } from '../support/until.ts';

/** Copies of requests: they arrive, and nothing that happens to them reaches the client. */

interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
}

/** A server that keeps what it gets. */
async function recorder(t: TestContext, status: number): Promise<{ readonly port: number; readonly seen: Seen[] }> {
  const seen: Seen[] = [];
  const server = http.createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('error', () => undefined);
    request.on('end', () => {
      const { headers, method = '', url = '' } = request;
      seen.push({ method, url, headers, body: Buffer.concat(chunks).toString('latin1') });
      response.writeHead(status).end(`${status}`);
    });
  });
  return { port: await listenOn(t, server), seen };
}

const target = 'http://shadow.default.svc.cluster.local';

interface Mirrored {
  readonly program: Program;
  readonly live: Seen[];
}

async function start(
  t: TestContext,
  shadowPort: number,
  annotations: Readonly<Record<string, string>> = { 'mirror-target': target },
): Promise<Mirrored> {
  const live = await recorder(t, 200);
  const objects = [
    ...service('web', [{ port: live.port }]),
    ...service('shadow', [{ port: shadowPort }]),
    ingress({ host: 'web.test', annotations: { 'proxy-body-size': '0', ...annotations } }),
  ];
  return { program: await startProgram(t, { manifests: { 'web.yaml': yaml(...objects) } }), live: live.seen };
}

interface Call {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer;
}

function call(program: Program, { body, headers = {}, method = 'GET', path = '/' }: Call = {}): Promise<number> {
  return new Promise((resolve, reject) => {
    const options = {
      port: program.httpPort,
      host: '127.0.0.1',
      method,
      path,
      headers: { host: 'web.test', ...headers },
    };
    const request = http.request(options, (response) => {
      response.resume();
      response.on('end', () => resolve(response.statusCode ?? 0));
    });
    request.on('error', reject);
    request.end(body);
  });
}

async function mirrored(program: Program, result: string): Promise<number> {
  const { text } = await program.admin('/metrics');
  const line = new RegExp(`^fairway_mirrored_requests_total\\{.*result="${result}".*\\} (\\d+)`, 'm').exec(text);
  return Number(line?.[1] ?? 0);
}

test('a copy has method, path, query, fields and body of the request, and the host of the target', async (t) => {
  const shadow = await recorder(t, 500);
  const { program, live } = await start(t, shadow.port);
  const headers = { 'x-tenant': 'a', 'transfer-encoding': 'chunked' };
  assert.equal(await call(program, { method: 'PUT', path: '/a/b?c=d', headers, body: Buffer.from('hello') }), 200);
  assert.equal(await call(program, { path: '/plain' }), 200);
  await until(() => shadow.seen.length === 2);
  const [put, get] = shadow.seen.toSorted((a, b) => (a.method < b.method ? 1 : -1));
  assert.deepEqual([put?.method, put?.url, put?.body], ['PUT', '/a/b?c=d', 'hello']);
  assert.equal(put?.headers.host, 'shadow.default.svc.cluster.local');
  assert.equal(put.headers['x-tenant'], 'a');
  assert.equal(put.headers['x-request-id'], live[0]?.headers['x-request-id']);
  assert.deepEqual([get?.method, get?.url, get?.body], ['GET', '/plain', '']);
  await until(async () => (await mirrored(program, 'sent')) === 2);
});

test('path, host and body of copies can be chosen', async (t) => {
  const shadow = await recorder(t, 200);
  const { program } = await start(t, shadow.port, {
    'mirror-target': `${target}/copy/$request_method?of=$http_x_tenant`,
    'mirror-host': 'mirror.$host',
    'mirror-request-body': 'off',
  });
  assert.equal(await call(program, { method: 'POST', headers: { 'x-tenant': 'b' }, body: Buffer.from('secret') }), 200);
  await until(() => shadow.seen.length === 1);
  const [copy] = shadow.seen;
  assert.deepEqual([copy?.method, copy?.url, copy?.body], ['POST', '/copy/POST?of=b', '']);
  assert.equal(copy?.headers.host, 'mirror.web.test');
  // What a client puts into a variable must not become part of the request line.
  assert.equal(await call(program, { headers: { 'x-tenant': 'a b HTTP/1.1' } }), 200);
  await until(async () => (await mirrored(program, 'failed')) === 1);
  assert.equal(shadow.seen.length, 1);
});

test('a target that refuses costs nothing', async (t) => {
  const { program, live } = await start(t, await closedPort());
  const started = performance.now();
  for (let round = 0; round < 20; round += 1) assert.equal(await call(program), 200);
  assert.ok(performance.now() - started < 5_000);
  assert.equal(live.length, 20);
  await until(async () => (await mirrored(program, 'failed')) === 20);
});

test('a target that reads nothing neither slows an upload nor keeps it in memory', async (t) => {
  const port = await rawServer(t, (socket) => socket.pause());
  const { program, live } = await start(t, port);
  const body = Buffer.alloc(20 * 1024 * 1024, 'x');
  const started = performance.now();
  assert.equal(await call(program, { method: 'POST', body }), 200);
  assert.ok(performance.now() - started < 15_000, 'the deadline of copies is a minute');
  assert.equal(live[0]?.body.length, body.length);
  await until(async () => (await mirrored(program, 'dropped')) === 1);
});

test('a request that is tried again is copied once', async (t) => {
  const shadow = await recorder(t, 200);
  const live = await recorder(t, 200);
  const dead = [await closedPort(), await closedPort()].map((port) => ({ port }));
  const objects = [
    ...service('web', [{ port: live.port }, ...dead]),
    ...service('shadow', [{ port: shadow.port }]),
    ingress({ host: 'web.test', annotations: { 'mirror-target': target } }),
  ];
  const program = await startProgram(t, { manifests: { 'web.yaml': yaml(...objects) } });
  for (let round = 0; round < 9; round += 1) {
    assert.equal(await call(program, { method: 'POST', body: Buffer.from(`${round}`) }), 200);
  }
  await until(() => shadow.seen.length === 9);
  assert.deepEqual(shadow.seen.map(({ body }) => body).toSorted(), '012345678'.split(''));
  await until(async () => (await mirrored(program, 'sent')) === 9);
});

test('a client that leaves in the middle of its body ends the copy as well', async (t) => {
  let closed = 0;
  const port = await rawServer(t, (socket) => {
    socket.resume();
    socket.on('error', () => undefined);
    socket.on('close', () => (closed += 1));
  });
  const { program } = await start(t, port);
  const options = {
    port: program.httpPort,
    host: '127.0.0.1',
    method: 'POST',
    headers: { host: 'web.test', 'content-length': 100_000 },
  };
  const request = http.request(options);
  request.on('error', () => undefined);
  request.write(Buffer.alloc(50_000));
  setTimeout(() => request.destroy(), 300);
  await until(async () => (await mirrored(program, 'aborted')) === 1);
  await until(() => closed === 1);
});

test('targets outside of the own namespace are refused, and the requests served', async (t) => {
  const live = await recorder(t, 200);
  const targets = {
    other: 'http://payments.prod.svc.cluster.local',
    local: 'http://localhost/mirror',
    address: 'http://169.254.169.254/latest',
    variable: 'http://$http_x_target/',
    scheme: 'ftp://example.com/',
  };
  const ingresses = Object.entries(targets).map(([name, url]) =>
    ingress({ name, host: `${name}.test`, annotations: { 'mirror-target': url } }),
  );
  const program = await startProgram(t, {
    manifests: { 'web.yaml': yaml(...service('web', [{ port: live.port }]), ...ingresses) },
  });
  for (const name of Object.keys(targets))
    assert.equal(await call(program, { headers: { host: `${name}.test` } }), 200);
  const { text } = await program.admin('/diagnostics');
  for (const name of ['other', 'local', 'address']) {
    assert.match(text, new RegExp(`mirror-refused[^}]*default[^}]*${name}`), name);
  }
  for (const name of ['variable', 'scheme']) assert.match(text, new RegExp(`annotation-invalid[^}]*${name}`), name);
});
