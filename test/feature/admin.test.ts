import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ask } from '../support/client.ts';
import { ingress, service, yaml } from '../support/manifests.ts';
import { startBackend } from '../support/named-backend.ts';
import type { Program } from '../support/program.ts';
import { startProgram } from '../support/program.ts';
import { until } from '../support/until.ts';

/** Sum of `nginx_ingress_controller_requests` of one Ingress; undefined when there is no series of it. */
async function requestsOf(program: Program, name: string): Promise<number | undefined> {
  const { text } = await program.admin('/metrics');
  const lines = text
    .split('\n')
    .filter((line) => line.startsWith('nginx_ingress_controller_requests{') && line.includes(`ingress="${name}"`));
  return lines.length === 0 ? undefined : lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
}

async function send(program: Program, count: number): Promise<void> {
  for (let at = 0; at < count; at += 1) assert.equal((await ask({ port: program.httpPort })).status, 200);
}

/** Waits until the metrics say exactly so. */
async function untilRequests(program: Program, expected: number): Promise<void> {
  await until(async () => ((await requestsOf(program, 'web')) === expected ? true : undefined));
}

test('totals stay when a worker dies, and go with their Ingress', async (t) => {
  const backend = await startBackend(t, 'web');
  const program = await startProgram(t, {
    manifests: {
      'web.yaml': yaml(...service('web', [{ port: backend.port }]), ingress()),
      'other.yaml': yaml(ingress({ name: 'other', host: 'other.test', paths: { '/': 'web' } })),
    },
  });
  await send(program, 20);
  await ask({ port: program.httpPort, host: 'other.test' });
  await untilRequests(program, 20);
  const killed = program.childPid('worker-0');
  process.kill(killed, 'SIGKILL');
  await until(() => (program.childPid('worker-0') === killed ? undefined : true));
  await untilRequests(program, 20);
  await send(program, 5);
  await untilRequests(program, 25);
  program.remove('other.yaml');
  await until(async () => ((await requestsOf(program, 'other')) === undefined ? true : undefined));
  await untilRequests(program, 25);
});

/** Value of `fairway_endpoint_in_flight` of one port; undefined when there is none. */
async function inFlightAt(program: Program, port: number): Promise<number | undefined> {
  const { text } = await program.admin('/metrics');
  const labels = `{namespace="default",service="web",endpoint="127.0.0.1:${port}"}`;
  const start = `fairway_endpoint_in_flight${labels} `;
  const line = text.split('\n').find((one) => one.startsWith(start));
  return line === undefined ? undefined : Number(line.slice(start.length));
}

test('an endpoint says how many requests it holds, until they are over', async (t) => {
  const backend = await startBackend(t, 'web');
  const manifests = { 'web.yaml': yaml(...service('web', [{ port: backend.port }]), ingress()) };
  const program = await startProgram(t, { manifests });
  assert.equal(await inFlightAt(program, backend.port), undefined);
  backend.hang();
  const asked = [1, 2, 3].map(() => ask({ port: program.httpPort }));
  await until(async () => ((await inFlightAt(program, backend.port)) === 3 ? true : undefined));
  await until(async () => (/<td class="w">3<\/td>/.test((await program.admin('/')).text) ? true : undefined));
  await backend.close();
  for (const answer of asked) assert.equal((await answer).status, 502);
  await until(async () => ((await inFlightAt(program, backend.port)) === undefined ? true : undefined));
});

test('the admin page shows what is served and what is wrong, and no private key', async (t) => {
  const backend = await startBackend(t, 'web');
  const program = await startProgram(t, {
    manifests: {
      'web.yaml': yaml(...service('web', [{ port: backend.port }]), ingress()),
      'broken.yaml': yaml(ingress({ name: 'broken', host: 'broken.test', paths: { '/': 'missing' } })),
    },
  });
  const { text } = await program.admin('/');
  for (const expected of ['example.test', `127.0.0.1:${backend.port}`, 'Ingress default/broken', 'worker 1']) {
    assert.ok(text.includes(expected), expected);
  }
  const diagnostics: unknown = JSON.parse((await program.admin('/diagnostics')).text);
  assert.match(JSON.stringify(diagnostics), /"name":"broken"/);
  const snapshot = (await program.admin('/snapshot')).text;
  assert.match(snapshot, /BEGIN CERTIFICATE/);
  for (const page of [text, snapshot]) assert.doesNotMatch(page, /PRIVATE KEY/);
});
