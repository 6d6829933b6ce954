import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { test } from 'node:test';

import { ask } from '../support/client.ts';
import { ingress, pod, service, yaml } from '../support/manifests.ts';
import type { NamedBackend } from '../support/named-backend.ts';
import { startBackend } from '../support/named-backend.ts';
import type { Program } from '../support/program.ts';
import { startProgram } from '../support/program.ts';
import { until } from '../support/until.ts';

const fast = {
  'fairway.dev/health-check-interval': '1s',
  'fairway.dev/health-check-timeout': '500ms',
  'fairway.dev/health-check-unhealthy-threshold': '1',
};

async function backends(t: TestContext): Promise<readonly [NamedBackend, NamedBackend]> {
  return [await startBackend(t, 'a'), await startBackend(t, 'b')];
}

/** Endpoints without pods. */
function bare(all: readonly NamedBackend[], annotations: Readonly<Record<string, string>>): string {
  return yaml(
    ...service(
      'web',
      all.map(({ port }) => ({ port })),
    ),
    ingress({ annotations: { ...fast, ...annotations } }),
  );
}

async function answering(program: Program): Promise<string> {
  const answers = await Promise.all(Array.from({ length: 20 }, () => ask({ port: program.httpPort })));
  return [
    ...new Set(answers.map(({ status, headers }) => (status === 200 ? String(headers['x-backend']) : `${status}`))),
  ]
    .sort()
    .join();
}

async function becomes(program: Program, expected: string): Promise<void> {
  await until(async () => ((await answering(program)) === expected ? true : undefined));
}

test('endpoints without pods are checked by HTTP as the Ingress says', async (t) => {
  const [a, b] = await backends(t);
  const annotations = { 'fairway.dev/health-check': 'http', 'fairway.dev/health-check-path': '/healthz' };
  const program = await startProgram(t, { manifests: { 'web.yaml': bare([a, b], annotations) } });
  await becomes(program, 'a,b');
  a.healthStatus = 404;
  await becomes(program, 'b');
  // Now 404 is what passes, and 200 fails.
  const unusual = { ...annotations, 'fairway.dev/health-check-expected-status': '404' };
  program.write('web.yaml', bare([a, b], unusual));
  await becomes(program, 'a');
});

test('endpoints without pods are checked by TCP as the Ingress says, and off brings them back', async (t) => {
  const [a, b] = await backends(t);
  const annotations = { 'fairway.dev/health-check': 'tcp', 'fairway.dev/ejection': 'off' };
  const program = await startProgram(t, {
    args: ['--proxy-next-upstream=off'],
    manifests: { 'web.yaml': bare([a, b], annotations) },
  });
  await becomes(program, 'a,b');
  await a.close();
  await becomes(program, 'b');
  program.write('web.yaml', bare([a, b], { ...annotations, 'fairway.dev/health-check': 'off' }));
  await becomes(program, '502,b');
});

test('what does not fit is said on the Ingress, and the probe stays in force', async (t) => {
  const [a, b] = await backends(t);
  const objects = (annotations: Readonly<Record<string, string>>): string =>
    yaml(
      ...service('web', [
        { port: a.port, pod: 'a' },
        { port: b.port, pod: 'b' },
      ]),
      pod('a', a.port, { failureThreshold: 1 }),
      pod('b', b.port),
      ingress({ annotations }),
    );
  const wrong = {
    'fairway.dev/health-check-port': 'nowhere',
    'fairway.dev/health-check-timeout': '1h',
    'fairway.dev/health-check-path': 'healthz',
  };
  const program = await startProgram(t, { manifests: { 'web.yaml': objects(wrong) } });
  const said = await until(async () => {
    const { text } = await program.admin('/diagnostics');
    return text.includes('health-check-unfit') ? text : undefined;
  });
  for (const part of ['no port named nowhere', 'could take 3600000 ms', 'not the path of a request'])
    assert.ok(said.includes(part), part);
  await becomes(program, 'a,b');
  a.healthStatus = 503;
  await becomes(program, 'b');
});

test('a probe that the pod template gets wrong is said, and the pod gets its requests', async (t) => {
  const [a] = await backends(t);
  const probes: readonly (readonly [string, object, RegExp])[] = [
    ['port', { httpGet: { path: '/', port: 'wbe' } }, /no port named wbe/],
    ['number', { httpGet: { path: '/', port: 70_000 } }, /neither a port nor the name of one/],
    ['scheme', { httpGet: { path: '/', port: a.port, scheme: 'ftp' } }, /is not a scheme/],
    ['host', { httpGet: { path: '/', port: a.port, host: 'metadata.internal' } }, /asks a host of its own/],
    ['path', { httpGet: { path: '/ x', port: a.port } }, /is not the path of a request/],
    [
      'header',
      { httpGet: { path: '/healthz', port: a.port, httpHeaders: [{ name: 'a b', value: 'c' }] } },
      /not a header/,
    ],
    ['grpc', { httpGet: undefined, grpc: { port: 'web' } }, /gRPC probes take a number only/],
    ['empty', { httpGet: undefined }, /^/],
  ];
  const objects = probes.flatMap(([name, probe]) => [
    ...service(name, [{ port: a.port, pod: name }]),
    pod(name, a.port, probe),
    ingress({ name, host: `${name}.test`, paths: { '/': name } }),
  ]);
  const program = await startProgram(t, { manifests: { 'web.yaml': yaml(...objects) } });
  const { text } = await program.admin('/diagnostics');
  for (const [name, , pattern] of probes) {
    assert.match(text, pattern, name);
    assert.equal((await ask({ port: program.httpPort, host: `${name}.test` })).status, 200, name);
  }
});
