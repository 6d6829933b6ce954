import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { test } from 'node:test';

import { ask, cookieOf } from '../support/client.ts';
import type { EndpointOptions } from '../support/manifests.ts';
import { ingress, service, yaml } from '../support/manifests.ts';
import type { NamedBackend } from '../support/named-backend.ts';
import { startBackend } from '../support/named-backend.ts';
import type { Program } from '../support/program.ts';
import { startProgram } from '../support/program.ts';
import { until } from '../support/until.ts';

type State = 'ready' | 'draining' | 'gone';

const conditions: Readonly<Record<State, Partial<EndpointOptions>>> = {
  ready: {},
  draining: { ready: false, serving: true, terminating: true },
  gone: { ready: false, serving: false, terminating: true },
};

function manifest(
  backends: ReadonlyMap<NamedBackend, State>,
  annotations: Readonly<Record<string, string>> = {},
): string {
  const endpoints = [...backends].map(([{ port }, state]) => ({ port, ...conditions[state] }));
  return yaml(...service('web', endpoints), ingress({ annotations }));
}

async function backends(t: TestContext): Promise<NamedBackend[]> {
  return await Promise.all(['a', 'b', 'c'].map((name) => startBackend(t, name)));
}

/** The same state for all, and another one for some. */
function states(
  all: readonly NamedBackend[],
  few: readonly NamedBackend[] = [],
  state: State = 'draining',
): Map<NamedBackend, State> {
  return new Map(all.map((backend) => [backend, few.includes(backend) ? state : 'ready']));
}

/** Who answers, asked often enough that every worker and endpoint would show. */
async function answering(program: Program, cookie = 'none=1'): Promise<string> {
  const asked = Array.from({ length: 30 }, () => ask({ port: program.httpPort, headers: { Cookie: cookie } }));
  const answers = await Promise.all(asked);
  return [
    ...new Set(answers.map(({ status, headers }) => (status === 200 ? String(headers['x-backend']) : `${status}`))),
  ]
    .sort()
    .join();
}

async function becomes(program: Program, expected: string, cookie?: string): Promise<void> {
  await until(async () => ((await answering(program, cookie)) === expected ? true : undefined));
}

test('an endpoint that terminates gets no new requests, finishes those in flight, and its idle connections are closed', async (t) => {
  const all = await backends(t);
  const [a] = all;
  assert.ok(a);
  const program = await startProgram(t, { manifests: { 'web.yaml': manifest(states(all)) } });
  await becomes(program, 'a,b,c');
  assert.ok(a.connections() > 0, 'idle connections are kept');
  const slow = Array.from({ length: 12 }, () => ask({ port: program.httpPort, path: '/?wait=5000' }));
  const inFlight = await until(() => {
    const waiting = a.seen.filter(({ url }) => url === '/?wait=5000').length;
    return waiting > 0 &&
      all.reduce((sum, one) => sum + one.seen.filter(({ url }) => url === '/?wait=5000').length, 0) === 12
      ? waiting
      : undefined;
  });
  program.write('web.yaml', manifest(states(all, [a])));
  // Only those with a request in flight are left.
  await until(() => (a.connections() === inFlight ? true : undefined), 4_500);
  const before = a.seen.length;
  assert.equal(await answering(program), 'b,c');
  program.write('web.yaml', manifest(states(all, [a], 'gone')));
  await becomes(program, 'b,c');
  assert.equal(a.seen.length, before, 'no request came after it began to drain');
  const answers = await Promise.all(slow);
  assert.deepEqual([...new Set(answers.map(({ status }) => status))], [200]);
  assert.equal(answers.filter(({ headers }) => headers['x-backend'] === 'a').length, inFlight);
  await until(() => (a.connections() === 0 ? true : undefined));
});

test('endpoints that terminate and still serve are what is left when none is ready', async (t) => {
  const all = await backends(t);
  const [a, b] = all;
  assert.ok(a !== undefined && b !== undefined);
  const program = await startProgram(t, { manifests: { 'web.yaml': manifest(states(all)) } });
  program.write('web.yaml', manifest(new Map([...states(all, [a, b]), ...states(all.slice(2), all.slice(2), 'gone')])));
  await becomes(program, 'a,b');
  program.write('web.yaml', manifest(states(all, all, 'gone')));
  await becomes(program, '503');
});

for (const mode of ['balanced', 'persistent']) {
  for (const drain of [undefined, 'keep', 'move']) {
    const kept = drain === undefined ? mode === 'persistent' : drain === 'keep';
    const asked = drain === undefined ? 'by default' : `with ${drain}`;
    test(`a ${mode} session ${kept ? 'stays with' : 'leaves'} an endpoint that terminates ${asked}`, async (t) => {
      const all = await backends(t);
      const annotations = {
        affinity: 'cookie',
        'affinity-mode': mode,
        ...(drain !== undefined && { 'fairway.dev/affinity-drain': drain }),
      };
      const program = await startProgram(t, { manifests: { 'web.yaml': manifest(states(all), annotations) } });
      const first = await ask({ port: program.httpPort });
      const cookie = cookieOf(first);
      const home = all.find(({ name }) => name === first.headers['x-backend']);
      assert.ok(home);
      const others = all.filter((one) => one !== home);
      program.write('web.yaml', manifest(states(all, [home]), annotations));
      // New sessions go to the others.
      await becomes(program, others.map(({ name }) => name).join());
      const now = await answering(program, cookie);
      if (kept) assert.equal(now, home.name);
      else assert.ok(!now.includes(home.name), now);
      program.write('web.yaml', manifest(states(all, [home], 'gone'), annotations));
      await until(async () => ((await answering(program, cookie)).includes(home.name) ? undefined : true));
    });
  }
}
