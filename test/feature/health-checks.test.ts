import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ask } from '../support/client.ts';
import { ingress, pod, service, yaml } from '../support/manifests.ts';
import type { NamedBackend } from '../support/named-backend.ts';
import { startBackend } from '../support/named-backend.ts';
import type { Program } from '../support/program.ts';
import { startProgram } from '../support/program.ts';
import { slowness } from '../support/slowness.ts';
import { until } from '../support/until.ts';

function manifest(backends: readonly NamedBackend[]): string {
  return yaml(
    ...service(
      'web',
      backends.map((backend) => ({ port: backend.port, pod: backend.name })),
    ),
    ...backends.map((backend) => pod(backend.name, backend.port)),
    ingress(),
  );
}

/** Names of the backends that answer, asked often enough that every worker and endpoint would show. */
async function answering(program: Program): Promise<string> {
  const answers = await Promise.all(Array.from({ length: 40 }, () => ask({ port: program.httpPort })));
  return [
    ...new Set(
      answers.map((answer) => (answer.status === 200 ? String(answer.headers['x-backend']) : String(answer.status))),
    ),
  ]
    .sort()
    .join();
}

test('an endpoint whose readiness probe fails leaves the pool of every worker and returns', async (t) => {
  const backends = await Promise.all(['a', 'b', 'c'].map((name) => startBackend(t, name)));
  const [a] = backends;
  assert.ok(a);
  const program = await startProgram(t, { manifests: { 'web.yaml': manifest(backends) } });
  await until(async () => ((await answering(program)) === 'a,b,c' ? true : undefined));
  a.healthStatus = 503;
  await until(async () => ((await answering(program)) === 'b,c' ? true : undefined));
  assert.match((await program.admin('/metrics')).text, /fairway_endpoint_healthy\{[^}]*\} 0/);
  assert.match((await program.admin('/')).text, /HTTP 503/);
  a.healthStatus = 200;
  await until(async () => ((await answering(program)) === 'a,b,c' ? true : undefined));
});

test('every endpoint is checked once per period, not once per worker', async (t) => {
  const backends = await Promise.all(['a', 'b'].map((name) => startBackend(t, name)));
  const program = await startProgram(t, { args: ['--workers=3'], manifests: { 'web.yaml': manifest(backends) } });
  const [a] = backends;
  assert.ok(a);
  await until(() => (a.checks >= 1 ? true : undefined));
  const before = a.checks;
  const started = performance.now();
  await until(() => (a.checks >= before + 3 ? true : undefined));
  const perSecond = 3 / ((performance.now() - started) / 1000);
  assert.ok(perSecond < 1.6, `${perSecond} checks per second`);
  await program.stop();
});

test('when every endpoint fails its check, checks are ignored and that is said', async (t) => {
  const backends = await Promise.all(['a', 'b'].map((name) => startBackend(t, name)));
  const program = await startProgram(t, { manifests: { 'web.yaml': manifest(backends) } });
  for (const backend of backends) backend.healthStatus = 500;
  await until(() => (program.log.all.some((line) => /ignored/.test(String(line['message']))) ? true : undefined));
  assert.equal(await answering(program), 'a,b');
  await until(async () => (/all-checks-fail/.test((await program.admin('/diagnostics')).text) ? true : undefined));
  for (const backend of backends) backend.healthStatus = 200;
  await until(async () => (/all-checks-fail/.test((await program.admin('/diagnostics')).text) ? undefined : true));
});

test('an endpoint that hangs is out within its thresholds, and comes back', async (t) => {
  const backends = await Promise.all(['a', 'b'].map((name) => startBackend(t, name)));
  const [a] = backends;
  assert.ok(a);
  const program = await startProgram(t, { manifests: { 'web.yaml': manifest(backends) } });
  await a.close();
  await until(async () => ((await answering(program)) === 'b' ? true : undefined));
  await a.open();
  await until(async () => ((await answering(program)) === 'a,b' ? true : undefined));
});

test('an endpoint that accepts and never answers is out of every worker within its thresholds', async (t) => {
  const backends = await Promise.all(['a', 'b'].map((name) => startBackend(t, name)));
  const [a, b] = backends;
  assert.ok(a !== undefined && b !== undefined);
  // Both worst cases: the check before was just over, and each failure takes all of its time.
  const [intervalMs, timeoutMs, threshold] = [1_000, 500, 2];
  const promisedMs = threshold * intervalMs + timeoutMs + 200;
  const annotations = {
    'fairway.dev/health-check-timeout': `${timeoutMs}ms`,
    'fairway.dev/health-check-unhealthy-threshold': `${threshold}`,
    // Only the checks may notice it.
    'fairway.dev/ejection': 'off',
  };
  const objects = [
    ...service(
      'web',
      backends.map(({ name, port }) => ({ port, pod: name })),
    ),
    ingress({ annotations }),
  ];
  const pods = backends.map(({ name, port }) => pod(name, port));
  const program = await startProgram(t, {
    args: ['--workers=3'],
    manifests: { 'web.yaml': yaml(...objects, ...pods) },
  });
  await until(async () => ((await answering(program)) === 'a,b' ? true : undefined));
  const slow = await slowness();
  a.hang();
  const began = performance.now();
  let lastMs = 0;
  // Connections of their own, so that all workers are asked; b answers at once, a never.
  while (performance.now() - began < promisedMs * slow + 2_000) {
    const sentMs = performance.now() - began;
    const answers = Array.from({ length: 6 }, () =>
      ask({ port: program.httpPort, timeoutMs: 400 * slow }).catch(() => undefined),
    );
    if ((await Promise.all(answers)).includes(undefined)) lastMs = sentMs;
  }
  assert.ok(lastMs > 0, 'some requests hung');
  assert.ok(lastMs < promisedMs * slow, `the last one was sent after ${lastMs} ms, machine ${slow} times slower`);
  t.diagnostic(`out after ${Math.round(lastMs)} ms of ${promisedMs}, machine ${slow.toFixed(1)} times slower`);
});
