import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ask } from '../support/client.ts';
import { ingress, service, yaml } from '../support/manifests.ts';
import { startBackend } from '../support/named-backend.ts';
import { startProgram } from '../support/program.ts';
import { until } from '../support/until.ts';

/** Names of the Services that hosts and paths lead to. */
async function served(
  port: number,
  requests: Readonly<Record<string, readonly [host: string, path: string]>>,
): Promise<Record<string, string>> {
  const entries = Object.entries(requests).map(async ([name, [host, path]]) => {
    const answer = await ask({ port, host, path });
    return [name, answer.status === 200 ? String(answer.headers['x-backend']) : String(answer.status)] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}

test('hosts and paths lead to their Services', async (t) => {
  const [a, b, c] = await Promise.all(['a', 'b', 'c'].map((name) => startBackend(t, name)));
  assert.ok(a && b && c);
  const program = await startProgram(t, {
    manifests: {
      'all.yaml': yaml(
        ...[a, b, c].flatMap((backend) => service(backend.name, [{ port: backend.port }])),
        ingress({ name: 'one', host: 'one.test', paths: { '/': 'a', '/foo': 'b' } }),
        ingress({ name: 'exact', host: 'one.test', pathType: 'Exact', paths: { '/foo': 'c', '/only': 'c' } }),
        ingress({ name: 'text', host: 'text.test', pathType: 'ImplementationSpecific', paths: { '/foo': 'b' } }),
        ingress({ name: 'wild', host: '*.wild.test', paths: { '/': 'b' } }),
        ingress({ name: 'wild-exact', host: 'x.wild.test', paths: { '/': 'c' } }),
      ),
    },
  });
  assert.deepEqual(
    await served(program.httpPort, {
      root: ['one.test', '/'],
      rootDeep: ['one.test', '/any/thing'],
      prefixSegment: ['one.test', '/foo/bar'],
      prefixNotSegment: ['one.test', '/foobar'],
      exactBeatsPrefix: ['one.test', '/foo'],
      exactOnly: ['one.test', '/only'],
      exactNotDeeper: ['one.test', '/only/x'],
      hostUpperCaseAndPort: ['ONE.test:8080', '/foo/x'],
      textPrefix: ['text.test', '/foobar'],
      textOther: ['text.test', '/fo'],
      wildcard: ['y.wild.test', '/'],
      wildcardExactHost: ['x.wild.test', '/'],
      wildcardTwoLabels: ['a.b.wild.test', '/'],
      wildcardItself: ['wild.test', '/'],
      unknownHost: ['nobody.test', '/'],
      unknownHealth: ['nobody.test', '/healthz'],
    }),
    {
      root: 'a',
      rootDeep: 'a',
      prefixSegment: 'b',
      prefixNotSegment: 'a',
      exactBeatsPrefix: 'c',
      exactOnly: 'c',
      exactNotDeeper: 'a',
      hostUpperCaseAndPort: 'b',
      textPrefix: 'b',
      textOther: '404',
      wildcard: 'b',
      wildcardExactHost: 'c',
      wildcardTwoLabels: '404',
      wildcardItself: '404',
      unknownHost: '404',
      unknownHealth: 'undefined',
    },
  );
  const page = await ask({ port: program.httpPort, host: 'nobody.test' });
  assert.equal(page.body.length, 146);
  assert.equal(page.headers['server'], undefined);
});

test('the older of two Ingresses keeps a path, and the younger is told', async (t) => {
  const [old, young] = await Promise.all(['old', 'young'].map((name) => startBackend(t, name)));
  assert.ok(old && young);
  const program = await startProgram(t, {
    manifests: {
      'services.yaml': yaml(...service('old', [{ port: old.port }]), ...service('young', [{ port: young.port }])),
      // The younger comes first by name: age decides.
      'a.yaml': yaml(ingress({ name: 'a', paths: { '/': 'young' }, creationTimestamp: '2026-02-02T00:00:00Z' })),
      'b.yaml': yaml(ingress({ name: 'b', paths: { '/': 'old' }, creationTimestamp: '2026-01-01T00:00:00Z' })),
    },
  });
  assert.equal((await ask({ port: program.httpPort })).headers['x-backend'], 'old');
  const diagnostics = (await program.admin('/diagnostics')).text;
  assert.match(diagnostics, /path-conflict/);
  assert.match(diagnostics, /default\/b/);
});

test('a Service without endpoints is 503, a missing one too, and both are said', async (t) => {
  const program = await startProgram(t, {
    manifests: {
      'all.yaml': yaml(
        { apiVersion: 'v1', kind: 'Service', metadata: { name: 'empty' }, spec: { ports: [{ port: 80 }] } },
        ingress({ paths: { '/empty': 'empty', '/missing': 'missing' } }),
      ),
    },
  });
  for (const path of ['/empty', '/missing']) {
    const answer = await ask({ port: program.httpPort, path });
    assert.equal(answer.status, 503, path);
    assert.equal(answer.body.length, 190);
  }
  assert.match((await program.admin('/diagnostics')).text, /missing/);
  assert.match((await program.admin('/metrics')).text, /orphan_ingress\{[^}]*type="no-service"[^}]*\} 1/);
});

test('edits of the folder take effect at once, and a broken file changes nothing else', async (t) => {
  const [one, two] = await Promise.all(['one', 'two'].map((name) => startBackend(t, name)));
  assert.ok(one && two);
  const program = await startProgram(t, {
    manifests: {
      'services.yaml': yaml(...service('one', [{ port: one.port }]), ...service('two', [{ port: two.port }])),
      'web.yaml': yaml(ingress({ paths: { '/': 'one' } })),
    },
  });
  const backend = async (path: string): Promise<unknown> =>
    (await ask({ port: program.httpPort, path })).headers['x-backend'];
  assert.equal(await backend('/'), 'one');
  program.write('more.yaml', yaml(ingress({ name: 'more', paths: { '/more': 'two' } })));
  await until(async () => ((await backend('/more')) === 'two' ? true : undefined));
  program.write('web.yaml', '{ this is: [not yaml');
  await until(async () => ((await program.admin('/diagnostics')).text.includes('web.yaml') ? true : undefined));
  assert.equal(await backend('/'), 'one');
  assert.equal(await backend('/more'), 'two');
  program.write('web.yaml', yaml(ingress({ paths: { '/': 'two' } })));
  await until(async () => ((await backend('/')) === 'two' ? true : undefined));
  program.remove('more.yaml');
  program.remove('web.yaml');
  await until(async () => ((await ask({ port: program.httpPort })).status === 404 ? true : undefined));
});
