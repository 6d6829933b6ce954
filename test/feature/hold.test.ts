import assert from 'node:assert/strict';
import { connect } from 'node:net';
import type { TestContext } from 'node:test';
import { test } from 'node:test';

import type { Answer } from '../support/client.ts';
import { ask } from '../support/client.ts';
import { gatedBackend } from '../support/gated-backend.ts';
import { ingress, service, yaml } from '../support/manifests.ts';
import { metric } from '../support/metrics.ts';
import type { Program } from '../support/program.ts';
import { startProgram } from '../support/program.ts';
import { until } from '../support/until.ts';

/** Requests for a Service without endpoints, which wait for the first one. */

type Annotations = Readonly<Record<string, string>>;

function rules(annotations: Annotations): object {
  const named = Object.entries(annotations).map(([key, value]) => [`fairway.dev/${key}`, value]);
  return ingress({ annotations: Object.fromEntries(named) });
}

/** @param service  a Service without endpoints, or none at all */
function start(
  t: TestContext,
  annotations: Annotations,
  { args = [], objects = service('web', []) }: { args?: readonly string[]; objects?: readonly object[] } = {},
): Promise<Program> {
  const manifests = {
    'ingress.yaml': yaml(rules(annotations)),
    ...(objects.length > 0 && { 'web.yaml': yaml(...objects) }),
  };
  return startProgram(t, { manifests, args });
}

async function held(program: Program, count: number): Promise<void> {
  await until(async () =>
    (await metric(program, 'fairway_requests_waiting', 'reason="hold"')) === count ? true : undefined,
  );
}

async function lineOf(program: Program, path: string): Promise<readonly unknown[]> {
  const line = await until(() => program.accessLog.with({ request_uri: path })[0]);
  return [line['status'], line['failure']];
}

for (const there of [true, false]) {
  test(`requests are held until the first endpoint is there, ${there ? 'with' : 'without'} a Service before`, async (t) => {
    const backend = await gatedBackend(t);
    backend.open();
    const program = await start(t, { 'hold-for-endpoints': '60s' }, { objects: there ? service('web', []) : [] });
    const body = Buffer.alloc(700_000, '0123456789').toString('latin1');
    const answers: Promise<Answer>[] = Array.from({ length: 6 }, (_, at) =>
      ask({ port: program.httpPort, path: `/${at}`, timeoutMs: 30_000 }),
    );
    answers.push(ask({ port: program.httpPort, path: '/upload', method: 'POST', body, timeoutMs: 30_000 }));
    await held(program, 7);
    program.write('web.yaml', yaml(...service('web', [{ port: backend.port }])));
    const all = await Promise.all(answers);
    assert.deepEqual(
      all.map(({ status }) => status),
      Array.from({ length: 7 }, () => 200),
    );
    assert.ok(all[6]?.body === `/upload ${body}`, 'the body arrives whole');
    await held(program, 0);
    // Once there are endpoints nothing is held.
    assert.equal((await ask({ port: program.httpPort })).status, 200);
  });
}

test('held requests go on under the limits of their Service', async (t) => {
  const backend = await gatedBackend(t);
  const annotations = { 'hold-for-endpoints': '60s', 'max-connections-per-endpoint': '2' };
  const program = await start(t, annotations, { args: ['--workers=1'] });
  const answers = Array.from({ length: 5 }, (_, at) => ask({ port: program.httpPort, path: `/${at}` }));
  await held(program, 5);
  program.write('web.yaml', yaml(...service('web', [{ port: backend.port }])));
  await held(program, 0);
  await until(() => (backend.held === 2 ? true : undefined));
  assert.equal(await metric(program, 'fairway_requests_waiting', 'reason="queue"'), 3);
  backend.open(5);
  for (const answer of await Promise.all(answers)) assert.equal(answer.status, 200);
  assert.equal(backend.most, 2);
});

test('held requests get 503 with Retry-After when no endpoint comes in time', async (t) => {
  const program = await start(t, { 'hold-for-endpoints': '400ms' });
  const startedAt = performance.now();
  const answer = await ask({ port: program.httpPort, path: '/late' });
  const waitedMs = performance.now() - startedAt;
  assert.deepEqual([answer.status, answer.headers['retry-after']], [503, '10']);
  assert.ok(waitedMs >= 390 && waitedMs < 5_000, `${waitedMs} ms`);
  assert.deepEqual(await lineOf(program, '/late'), [503, 'hold-timeout']);
});

test('held requests are bounded in number', async (t) => {
  const annotations = { 'hold-for-endpoints': '60s', 'max-pending-requests': '2' };
  const program = await start(t, annotations, { args: ['--workers=1'] });
  const clients = Array.from({ length: 2 }, () => connect(program.httpPort, '127.0.0.1'));
  for (const client of clients) client.write('GET /held HTTP/1.1\r\nHost: example.test\r\n\r\n');
  await held(program, 2);
  const answer = await ask({ port: program.httpPort, path: '/full' });
  assert.deepEqual([answer.status, answer.headers['retry-after']], [503, '10']);
  assert.deepEqual(await lineOf(program, '/full'), [503, 'hold-full']);
  // A client that goes away makes room for another one.
  clients[0]?.resetAndDestroy();
  assert.deepEqual(await lineOf(program, '/held'), [499, 'client-closed']);
  await held(program, 1);
  clients[1]?.destroy();
});

test('held requests get 503 at once when their route goes away, and without the annotation', async (t) => {
  const program = await start(t, { 'hold-for-endpoints': '60s' });
  const waiting = ask({ port: program.httpPort, path: '/held' });
  await held(program, 1);
  program.write('ingress.yaml', yaml(ingress({ host: 'other.test' })));
  const plain = await until(async () => {
    const answer = await ask({ port: program.httpPort, host: 'other.test' });
    return answer.status === 503 ? answer : undefined;
  });
  assert.equal(plain.headers['retry-after'], undefined);
  // The Service is still asked for, and an endpoint may still come: the request waits on.
  await held(program, 1);
  program.write('ingress.yaml', yaml(ingress({ host: 'other.test', paths: { '/': 'another' } })));
  assert.equal((await waiting).status, 503);
  assert.deepEqual(await lineOf(program, '/held'), [503, 'no-endpoint']);
});
