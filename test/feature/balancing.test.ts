import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ask } from '../support/client.ts';
import { ingress, service, yaml } from '../support/manifests.ts';
import { startBackend } from '../support/named-backend.ts';
import { startProgram } from '../support/program.ts';

const names = ['a', 'b', 'c'];

/** Requests per backend, one after the other so that nothing is in flight at a choice. */
async function spread(
  port: number,
  host: string,
  count: number,
  path: (at: number) => string = () => '/',
): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  for (let at = 0; at < count; at += 1) {
    const answer = await ask({ port, host, path: path(at) });
    assert.equal(answer.status, 200, host);
    const name = String(answer.headers['x-backend']);
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return counts;
}

test('every algorithm serves, and shares as it promises', async (t) => {
  const backends = await Promise.all(names.map((name) => startBackend(t, name)));
  const algorithms = ['round_robin', 'least_conn', 'random_two', 'ewma', 'ip_hash', 'weighted'];
  const program = await startProgram(t, {
    args: ['--workers=1'],
    manifests: {
      'all.yaml': yaml(
        ...[...algorithms, 'hash'].flatMap((name) =>
          service(
            name.replace('_', '-'),
            backends.map((backend) => ({ port: backend.port })),
          ),
        ),
        ...algorithms.map((name) =>
          ingress({
            name: name.replace('_', '-'),
            host: `${name.replace('_', '-')}.test`,
            paths: { '/': name.replace('_', '-') },
            annotations: { 'fairway.dev/load-balance': name },
          }),
        ),
        ingress({
          name: 'hash',
          host: 'hash.test',
          paths: { '/': 'hash' },
          annotations: { 'upstream-hash-by': '$request_uri' },
        }),
      ),
    },
  });
  for (const name of ['round-robin', 'weighted', 'least-conn']) {
    const counts = await spread(program.httpPort, `${name}.test`, 30);
    assert.deepEqual([...counts.values()], [10, 10, 10], name);
  }
  for (const name of ['random-two', 'ewma']) {
    const counts = await spread(program.httpPort, `${name}.test`, 30);
    assert.ok(counts.size >= 2, name);
  }
  assert.equal((await spread(program.httpPort, 'ip-hash.test', 10)).size, 1);
  assert.equal((await spread(program.httpPort, 'hash.test', 10, () => '/same')).size, 1);
  assert.equal((await spread(program.httpPort, 'hash.test', 60, (at) => `/${at}`)).size, 3);
});

test('a wrong algorithm is a diagnostic that lists the right ones, and the default serves', async (t) => {
  const backend = await startBackend(t, 'a');
  const program = await startProgram(t, {
    manifests: {
      'all.yaml': yaml(
        ...service('web', [{ port: backend.port }]),
        ingress({ annotations: { 'load-balance': 'magic' } }),
      ),
    },
  });
  assert.equal((await ask({ port: program.httpPort })).status, 200);
  assert.match((await program.admin('/diagnostics')).text, /magic.*round_robin.*least_conn.*ewma/s);
});

test('a refused endpoint costs no request, whatever the method', async (t) => {
  const backends = await Promise.all(names.map((name) => startBackend(t, name)));
  const program = await startProgram(t, {
    manifests: {
      'all.yaml': yaml(
        ...service(
          'web',
          backends.map((backend) => ({ port: backend.port })),
        ),
        ingress(),
      ),
    },
  });
  await backends[0]?.close();
  for (let at = 0; at < 12; at += 1) {
    const answer = await ask({
      port: program.httpPort,
      method: at % 2 === 0 ? 'GET' : 'POST',
      body: at % 2 === 0 ? '' : 'body',
    });
    assert.equal(answer.status, 200);
  }
  assert.match(
    (await program.admin('/metrics')).text,
    /fairway_retries_total\{[^}]*failure="connect-refused"[^}]*\} [1-9]/,
  );
});
