import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ask, cookieOf } from '../support/client.ts';
import { ingress, service, yaml } from '../support/manifests.ts';
import type { NamedBackend } from '../support/named-backend.ts';
import { startBackend } from '../support/named-backend.ts';
import { startProgram } from '../support/program.ts';
import { until } from '../support/until.ts';

const names = ['a', 'b', 'c', 'd'];

async function backends(t: Parameters<typeof startBackend>[0]): Promise<NamedBackend[]> {
  return Promise.all(names.map((name) => startBackend(t, name)));
}

function manifest(all: readonly NamedBackend[], annotations: Readonly<Record<string, string>>): string {
  return yaml(
    ...service(
      'web',
      all.map((backend) => ({ port: backend.port })),
    ),
    ingress({ annotations: { affinity: 'cookie', ...annotations } }),
  );
}

/** Who answers with this cookie, asked often enough that every worker and endpoint would show. */
async function answering(port: number, cookie: string): Promise<string[]> {
  const answers = await Promise.all(Array.from({ length: 30 }, () => ask({ port, headers: { Cookie: cookie } })));
  assert.ok(
    answers.every((answer) => answer.status === 200),
    answers.map((answer) => answer.status).join(),
  );
  return [...new Set(answers.map((answer) => String(answer.headers['x-backend'])))];
}

for (const mode of ['balanced', 'persistent']) {
  test(`a ${mode} session stays with its endpoint on every worker, and moves when it leaves`, async (t) => {
    const all = await backends(t);
    const program = await startProgram(t, { manifests: { 'web.yaml': manifest(all, { 'affinity-mode': mode }) } });
    const first = await ask({ port: program.httpPort });
    const cookie = cookieOf(first);
    assert.match(first.headers['set-cookie']?.[0] ?? '', /^INGRESSCOOKIE=[^;]+\|[0-9a-f]{32}; Path=\/; HttpOnly$/);
    const home = String(first.headers['x-backend']);
    assert.deepEqual(await answering(program.httpPort, cookie), [home]);
    const others = await Promise.all(Array.from({ length: 40 }, () => ask({ port: program.httpPort })));
    assert.ok(new Set(others.map((answer) => answer.headers['x-backend'])).size >= 3, 'new sessions are spread');
    // Another endpoint leaves: the session stays.
    const without = all.filter(
      (backend) => backend.name === home || backend.name === names.find((name) => name !== home),
    );
    program.write('web.yaml', manifest(without, { 'affinity-mode': mode }));
    await until(async () => (await answering(program.httpPort, 'none=1')).length <= 2 || undefined);
    assert.deepEqual(await answering(program.httpPort, cookie), [home]);
    // Its own endpoint leaves: it moves, to one other.
    program.write(
      'web.yaml',
      manifest(
        all.filter((backend) => backend.name !== home),
        { 'affinity-mode': mode },
      ),
    );
    const moved = await until(async () => {
      const now = await answering(program.httpPort, cookie);
      return now.includes(home) ? undefined : now;
    });
    if (mode === 'balanced') assert.equal(moved.length, 1);
  });
}

test('the session cookie has the attributes that were asked for', async (t) => {
  const all = await backends(t);
  const program = await startProgram(t, {
    manifests: {
      'web.yaml': manifest(all, {
        'session-cookie-name': 'SERVERID',
        'session-cookie-expires': '172800',
        'session-cookie-max-age': '3600',
        'session-cookie-domain': 'example.test',
        'session-cookie-path': '/shop',
        'session-cookie-samesite': 'Lax',
        'session-cookie-secure': 'true',
      }),
    },
  });
  const [text = ''] = (await ask({ port: program.httpPort })).headers['set-cookie'] ?? [];
  const [value, ...attributes] = text.split('; ');
  assert.match(value ?? '', /^SERVERID=/);
  assert.match(attributes[0] ?? '', /^Expires=\w{3}, \d\d-\w{3}-\d\d \d\d:\d\d:\d\d GMT$/);
  assert.deepEqual(attributes.slice(1), [
    'Max-Age=3600',
    'Domain=example.test',
    'Path=/shop',
    'Secure',
    'HttpOnly',
    'SameSite=Lax',
  ]);
});

test('an unknown cookie value is kept and pins an endpoint in balanced mode', async (t) => {
  const all = await backends(t);
  const program = await startProgram(t, { manifests: { 'web.yaml': manifest(all, {}) } });
  const answer = await ask({ port: program.httpPort, headers: { Cookie: 'INGRESSCOOKIE=whatever' } });
  assert.equal(answer.headers['set-cookie'], undefined);
  assert.equal((await answering(program.httpPort, 'INGRESSCOOKIE=whatever')).length, 1);
});

test('a session moves when its endpoint fails', async (t) => {
  const all = await backends(t);
  const program = await startProgram(t, {
    manifests: { 'web.yaml': manifest(all, { 'session-cookie-change-on-failure': 'true' }) },
  });
  const first = await ask({ port: program.httpPort });
  const home = all.find((backend) => backend.name === first.headers['x-backend']);
  await home?.close();
  const after = await ask({ port: program.httpPort, headers: { Cookie: cookieOf(first) } });
  assert.equal(after.status, 200);
  assert.notEqual(after.headers['x-backend'], home?.name);
  assert.notEqual(cookieOf(after), '');
  assert.deepEqual(await answering(program.httpPort, cookieOf(after)), [String(after.headers['x-backend'])]);
});
