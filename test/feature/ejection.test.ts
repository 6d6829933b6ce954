import assert from 'node:assert/strict';
import http from 'node:http';
import { test } from 'node:test';

import type { Answer } from '../support/client.ts';
import { ask } from '../support/client.ts';
import type { LogLine } from '../support/log-lines.ts';
import { ingress, service, yaml } from '../support/manifests.ts';
import { startBackend } from '../support/named-backend.ts';
import { startPodProcess } from '../support/pod-process.ts';
import type { Program } from '../support/program.ts';
import { startProgram } from '../support/program.ts';
import { slowness } from '../support/slowness.ts';
import { until } from '../support/until.ts';

/** Endpoints where requests fail are left out for a while, by every data worker. */

function manifest(ports: readonly number[], annotations: Readonly<Record<string, string>> = {}): string {
  return yaml(
    ...service(
      'web',
      ports.map((port) => ({ port })),
    ),
    ingress({ annotations }),
  );
}

/** Value of a metric, summed over its series; 0 when there is none. */
async function metric(program: Program, name: string): Promise<number> {
  const { text } = await program.admin('/metrics');
  const lines = text.split('\n').filter((line) => line.startsWith(`${name}{`));
  return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
}

/** So many requests on connections of their own, so that every worker gets some. */
async function askMany(program: Program, count: number, method = 'GET', path = '/'): Promise<Answer[]> {
  const one = (): Promise<Answer> =>
    ask({ port: program.httpPort, method, path, body: method === 'POST' ? 'body' : '' });
  return await Promise.all(Array.from({ length: count }, one));
}

/** Requests one after another by several clients until `stop`; every answer that is not 200 is kept. */
function load(program: Program, clients: number): { stop(): Promise<{ ok: number; bad: string[] }> } {
  const agent = new http.Agent({ keepAlive: true, maxSockets: clients });
  const traffic = { isOn: true };
  // A test that fails before it stops the load must not keep the process alive.
  void program.ended.then(() => (traffic.isOn = false));
  let ok = 0;
  const bad: string[] = [];
  const client = async (): Promise<void> => {
    while (traffic.isOn) {
      const status = await get(program, agent).catch((error: unknown) => String(error));
      if (status === '200') ok += 1;
      else bad.push(status);
    }
  };
  const all = Promise.all(Array.from({ length: clients }, client));
  return {
    stop: async () => {
      traffic.isOn = false;
      await all;
      agent.destroy();
      return { ok, bad };
    },
  };
}

function get(program: Program, agent: http.Agent): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = http.get(
      { host: '127.0.0.1', port: program.httpPort, agent, headers: { host: 'example.test' } },
      (response) => {
        response.resume();
        response.on('end', () => resolve(`${response.statusCode}`));
        response.on('error', reject);
      },
    );
    request.on('error', reject);
  });
}

interface Asked {
  readonly status: number;
  readonly ms: number;
}

async function askAt(program: Program, method: string, path: string): Promise<Asked> {
  const startedAt = performance.now();
  const { status } = await ask({ port: program.httpPort, method, path, body: method === 'POST' ? 'body' : '' });
  return { status, ms: performance.now() - startedAt };
}

function timeOf(line: LogLine): number {
  return Date.parse(String(line['time']));
}

test('an endpoint that refuses one connection is out of every worker within 100 ms, and back after a second', async (t) => {
  const backends = await Promise.all(['a', 'b', 'c'].map((name) => startBackend(t, name)));
  const [a] = backends;
  assert.ok(a);
  const args = ['--workers=2', '--log-level=debug'];
  const program = await startProgram(t, {
    args,
    manifests: { 'web.yaml': manifest(backends.map(({ port }) => port)) },
  });
  await a.close();
  // One after the other, so that one worker meets the endpoint first.
  await until(async () => {
    assert.equal((await ask({ port: program.httpPort })).status, 200);
    return program.log.with({ event: 'endpoint-ejected' }).length > 0 || undefined;
  });
  const traffic = load(program, 8);
  const ejected = await program.log.next({ event: 'endpoint-ejected', endpoint: `127.0.0.1:${a.port}` });
  assert.deepEqual([ejected['reason'], ejected['durationMs'], ejected['times']], ['refused', 1_000, 1]);
  const followed = await program.log.next({ event: 'ejection-followed', endpoint: `127.0.0.1:${a.port}` });
  assert.notEqual(followed['process'], ejected['process']);
  const tookMs = timeOf(followed) - timeOf(ejected);
  // It still refuses when it returns: out again at once.
  await until(async () => ((await metric(program, 'fairway_ejections_total')) >= 2 ? true : undefined));
  const { bad, ok } = await traffic.stop();
  assert.deepEqual(bad, []);
  // Tries at the endpoint while it was out: those that were under way when the other worker heard of it.
  const late = program.accessLog.all
    .filter((line) => String(line['upstream_addr']).includes(`:${a.port}`))
    .map((line) => timeOf(line) - timeOf(ejected))
    .filter((ms) => ms > 0 && ms < 900);
  const limitMs = 100 * (await slowness());
  t.diagnostic(
    `${ok} answers; the other worker followed after ${Math.max(0, tookMs)} ms, last try after ${Math.max(0, ...late)} ms`,
  );
  assert.ok(tookMs < limitMs, `the other worker followed after ${tookMs} ms`);
  assert.ok(
    late.every((ms) => ms < limitMs),
    `tries at ${late.join()} ms`,
  );
  // It still refuses when it returns: out again at once, for twice the time.
  await until(async () => ((await metric(program, 'fairway_ejections_total')) >= 2 ? true : undefined));
  await a.open();
  await until(
    async () => (await askMany(program, 10)).some(({ headers }) => headers['x-backend'] === 'a') || undefined,
  );
});

test('one of three pods that dies again and again costs no GET', async (t) => {
  const pods = await Promise.all(['a', 'b', 'c'].map((name) => startPodProcess(t, name)));
  const program = await startProgram(t, { manifests: { 'web.yaml': manifest(pods.map(({ port }) => port)) } });
  const traffic = load(program, 6);
  for (const pod of [...pods, ...pods.slice(0, 1)]) {
    const before = await metric(program, 'fairway_ejections_total');
    await pod.kill();
    await until(async () => ((await metric(program, 'fairway_ejections_total')) > before ? true : undefined));
    await pod.restart();
    const served = program.accessLog.all.length;
    await until(() => {
      const lines = program.accessLog.all.slice(served);
      return lines.some((line) => line['upstream_addr'] === `127.0.0.1:${pod.port}`) || undefined;
    });
  }
  const { bad, ok } = await traffic.stop();
  t.diagnostic(`${ok} answers, ${await metric(program, 'fairway_retries_total')} retries`);
  assert.deepEqual(bad, []);
  assert.ok(ok > 200, `${ok} answers`);
});

test('an endpoint that hangs is out after five requests in a row, and later POSTs are not lost', async (t) => {
  const backends = await Promise.all(['a', 'b'].map((name) => startBackend(t, name)));
  const [a] = backends;
  assert.ok(a);
  const annotations = { 'proxy-read-timeout': '1', 'fairway.dev/ejection-base-time': '20s' };
  const text = manifest(
    backends.map(({ port }) => port),
    annotations,
  );
  const program = await startProgram(t, { args: ['--workers=2'], manifests: { 'web.yaml': text } });
  a.hang();
  const answers = await askMany(program, 40);
  assert.ok(answers.every(({ status }) => status === 200));
  await until(async () => ((await metric(program, 'fairway_endpoints_ejected')) === 1 ? true : undefined));
  assert.match((await program.admin('/')).text, /ejected.*requests failed in a row; left out for \d+ s more/s);
  const posts = await askMany(program, 30, 'POST');
  assert.deepEqual([...new Set(posts.map(({ status }) => status))], [200]);
});

test('an endpoint that hangs costs one request per worker when it returns, and no POST', async (t) => {
  const backends = await Promise.all(['a', 'b', 'c'].map((name) => startBackend(t, name)));
  const [a] = backends;
  assert.ok(a);
  const text = manifest(
    backends.map(({ port }) => port),
    { 'proxy-read-timeout': '1' },
  );
  const program = await startProgram(t, { args: ['--workers=2'], manifests: { 'web.yaml': text } });
  const ejected = async (count: number): Promise<void> =>
    void (await until(async () => ((await metric(program, 'fairway_ejections_total')) >= count ? true : undefined)));
  const asked: Promise<Asked>[] = [];
  // Three GETs and a POST every 40 ms, whatever becomes of those before.
  const timer = setInterval(() => {
    for (const method of ['GET', 'GET', 'GET', 'POST']) asked.push(askAt(program, method, `/${asked.length}`));
  }, 40);
  t.after(() => clearInterval(timer));
  a.hang();
  await ejected(1);
  // Until the other worker has heard of it.
  const otherMs = 200 * (await slowness());
  await new Promise((resolve) => setTimeout(resolve, otherMs));
  const first = asked.length;
  await ejected(3);
  clearInterval(timer);
  const answers = (await Promise.all(asked)).slice(first);
  const lines = await until(() => (program.accessLog.all.length >= asked.length ? program.accessLog.all : undefined));
  const met = lines.filter(
    (line) =>
      String(line['upstream_addr']).includes(`:${a.port}`) && Number(String(line['request_uri']).slice(1)) >= first,
  );
  const slow = answers.filter(({ ms }) => ms > 900).length;
  t.diagnostic(`${answers.length} answers, ${slow} of them slow, ${met.length} requests met the endpoint`);
  assert.deepEqual([...new Set(answers.map(({ status }) => status))], [200]);
  assert.ok(answers.length > 100, `${answers.length} answers`);
  assert.ok(met.length >= 1 && met.length <= 6, `${met.length} requests met the endpoint`);
  assert.deepEqual([...new Set(met.map((line) => line['method']))], ['GET']);
});

test('half of a pool stays, and the last endpoint always does', async (t) => {
  const backends = await Promise.all(['a', 'b'].map((name) => startBackend(t, name)));
  const alone = await startBackend(t, 'alone');
  const program = await startProgram(t, {
    manifests: {
      'web.yaml': manifest(backends.map(({ port }) => port)),
      'alone.yaml': yaml(
        ...service('alone', [{ port: alone.port }]),
        ingress({ name: 'alone', host: 'alone.test', paths: { '/': 'alone' } }),
      ),
    },
  });
  for (const backend of [...backends, alone]) await backend.close();
  assert.ok((await askMany(program, 10)).every(({ status }) => status === 502));
  assert.equal((await ask({ port: program.httpPort, host: 'alone.test' })).status, 502);
  assert.ok((await metric(program, 'fairway_ejections_prevented_total')) > 0);
  assert.equal(await metric(program, 'fairway_endpoints_ejected'), 1);
  // Nobody waits for the end of an ejection when an endpoint is there again.
  await alone.open();
  assert.equal((await ask({ port: program.httpPort, host: 'alone.test' })).status, 200);
  for (const backend of backends) await backend.open();
  assert.ok((await askMany(program, 10)).every(({ status }) => status === 200));
});

test('statuses count as failures when an annotation says so, and off is off', async (t) => {
  const backends = await Promise.all(['a', 'b', 'c', 'd'].map((name) => startBackend(t, name)));
  const [a, b, c, d] = backends;
  assert.ok(a && b && c && d);
  const program = await startProgram(t, {
    args: ['--workers=1'],
    manifests: {
      'web.yaml': manifest([a.port, b.port], {
        'fairway.dev/ejection-consecutive-failures': '2',
        'fairway.dev/ejection-statuses': '404',
        'fairway.dev/ejection-base-time': '20s',
      }),
      'off.yaml': yaml(
        ...service('off', [{ port: c.port }, { port: d.port }]),
        ingress({
          name: 'off',
          host: 'off.test',
          paths: { '/': 'off' },
          annotations: { 'fairway.dev/ejection': 'off' },
        }),
      ),
    },
  });
  a.status = 404;
  await c.close();
  const statuses: number[] = [];
  for (let at = 0; at < 12; at += 1) {
    statuses.push((await ask({ port: program.httpPort })).status);
    assert.equal((await ask({ port: program.httpPort, host: 'off.test' })).status, 200);
  }
  assert.equal(statuses.filter((status) => status === 404).length, 2);
  assert.ok((await metric(program, 'fairway_retries_total')) > 4, 'with off the endpoint that refuses is tried again');
  assert.equal(await metric(program, 'fairway_ejections_total'), 1);
});

test('a lone endpoint that is started anew costs nothing but a moment', async (t) => {
  const backend = await startBackend(t, 'a');
  const program = await startProgram(t, { manifests: { 'web.yaml': manifest([backend.port]) } });
  assert.equal((await ask({ port: program.httpPort })).status, 200);
  await backend.close();
  const waiting = Promise.all(['GET', 'POST'].map((method) => ask({ port: program.httpPort, method, body: '' })));
  await new Promise((resolve) => setTimeout(resolve, 60));
  await backend.open();
  assert.deepEqual(
    (await waiting).map(({ status }) => status),
    [200, 200],
  );
  await backend.close();
  assert.equal((await ask({ port: program.httpPort })).status, 502, 'it is not waited for much longer');
});
