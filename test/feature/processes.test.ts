import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import { suite, test } from 'node:test';

import { startProgram } from '../support/program.ts';
import { slowness } from '../support/slowness.ts';
import { get, load } from '../support/steady-load.ts';
import { until } from '../support/until.ts';

/** Supervisor, control process and data workers: who dies or hangs is replaced, and clients do not notice. */

/** A backend on loopback; answers its name, or half a second later for `/slow`. */
async function backend(t: TestContext, name: string): Promise<number> {
  const server = http.createServer((request, response) => {
    if (request.url === '/slow') setTimeout(() => response.end(name), 500);
    else response.end(name);
  });
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

function manifest(host: string, ports: readonly number[]): string {
  const endpoints = ports.map((port, at) => slice(port, at)).join('');
  return `
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web, namespace: shop}
spec:
  rules:
  - host: ${host}
    http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {clusterIP: 10.0.0.1, selector: {app: web}, ports: [{name: http, port: 80, targetPort: http}]}
${endpoints}`;
}

function slice(port: number, at: number): string {
  return `---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: web-${at}, namespace: shop, labels: {kubernetes.io/service-name: web}}
addressType: IPv4
ports: [{name: http, port: ${port}, protocol: TCP}]
endpoints: [{addresses: [127.0.0.1], conditions: {ready: true}}]
`;
}

function startTime(): () => number {
  const began = performance.now();
  return () => performance.now() - began;
}

suite('processes', () => {
  test('kill -9 of a worker under load: nobody is refused, and a new one serves within a second', async (t) => {
    const port = await backend(t, 'a');
    const program = await startProgram(t, { manifests: { 'web.yaml': manifest('shop.test', [port]) } });
    const clients = 8;
    const traffic = load(program, clients);
    await until(() => (program.accessLog.all.length > 50 ? true : undefined));
    const before = await slowness();
    const victim = program.childPid('worker-0');
    const lines = program.log.all.length;
    process.kill(victim, 'SIGKILL');
    const elapsed = startTime();
    await program.log.next({ event: 'child-died', child: 'worker-0', reason: 'killed' }, 5_000, lines);
    await program.log.next({ event: 'child-serving', child: 'worker-0' }, 5_000, lines);
    const replacedMs = elapsed();
    // Under the same load as the new worker had.
    const limitMs = 1_000 * Math.max(before, await slowness());
    const { errors, ok } = await traffic.stop();
    t.diagnostic(`${ok} answers, ${errors.length} errors, replaced after ${Math.round(replacedMs)} ms`);
    assert.ok(ok > 50);
    assert.deepEqual(
      errors.filter((code) => code !== 'ECONNRESET'),
      [],
    );
    // What the victim had in hand is lost with it, and no more: each client has one request at a time.
    assert.ok(errors.length <= clients, `${errors.length} resets`);
    assert.ok(replacedMs < limitMs, `${replacedMs} ms, more than ${limitMs}`);
  });

  test('a stopped worker is replaced within seconds, and the others serve meanwhile', async (t) => {
    const port = await backend(t, 'a');
    const program = await startProgram(t, { manifests: { 'web.yaml': manifest('shop.test', [port]) } });
    process.kill(program.childPid('worker-1'), 'SIGSTOP');
    const elapsed = startTime();
    await program.log.next({ event: 'child-silent', child: 'worker-1' }, 5_000);
    assert.equal((await get(program)).body, 'a');
    await program.log.next({ event: 'child-died', child: 'worker-1', reason: 'hung' }, 10_000);
    const tookMs = elapsed();
    assert.ok(tookMs > 4_500 && tookMs < 6_500 * (await slowness()), `${tookMs} ms`);
    await program.log.next({ event: 'child-started', child: 'worker-1' }, 5_000, program.log.all.length - 1);
    assert.equal((await get(program)).body, 'a');
  });

  test('kill -9 of the control process: routes stay, and later changes are served', async (t) => {
    const [first, second] = [await backend(t, 'a'), await backend(t, 'b')];
    const program = await startProgram(t, { manifests: { 'web.yaml': manifest('shop.test', [first]) } });
    const traffic = load(program, 2);
    const before = program.childPid('control');
    process.kill(before, 'SIGKILL');
    await program.log.next({ event: 'child-died', child: 'control', reason: 'killed' });
    // A readiness probe of this moment waits for the new one, and is not told that the start begins again.
    assert.deepEqual(await program.admin('/readyz'), { status: 200, text: 'ok\n' });
    assert.notEqual(program.childPid('control'), before);
    const { errors, ok } = await traffic.stop();
    assert.deepEqual(errors, []);
    assert.ok(ok > 0);
    program.write('web.yaml', manifest('shop.test', [second]));
    await until(async () => ((await get(program)).body === 'b' ? true : undefined));
  });

  test('SIGTERM: what is in flight completes, later connections are refused, exit code 0', async (t) => {
    const port = await backend(t, 'a');
    const program = await startProgram(t, { manifests: { 'web.yaml': manifest('shop.test', [port]) } });
    const slow = get(program, '/slow');
    await get(program);
    program.kill('SIGTERM');
    await program.log.next({ event: 'phase', phase: 'draining' });
    assert.deepEqual(await slow, { status: 200, body: 'a' });
    assert.equal(await program.ended, 0);
    await assert.rejects(get(program), { code: 'ECONNREFUSED' });
  });

  test('in the lameduck time /readyz says 503 and everything is served', async (t) => {
    const port = await backend(t, 'a');
    const args = ['--shutdown-lameduck', '2s'];
    const program = await startProgram(t, { args, manifests: { 'web.yaml': manifest('shop.test', [port]) } });
    program.kill('SIGTERM');
    await program.log.next({ event: 'phase', phase: 'lameduck' });
    await until(async () => ((await program.admin('/readyz')).status === 503 ? true : undefined), 1_000);
    assert.equal((await program.admin('/livez')).status, 200);
    assert.deepEqual(await get(program), { status: 200, body: 'a' });
    assert.equal(await program.ended, 0);
  });

  test('nothing is lost while the load balancer takes the pod out, on old connections and on new ones', async (t) => {
    const port = await backend(t, 'a');
    const args = ['--shutdown-lameduck', '3s'];
    const program = await startProgram(t, { args, manifests: { 'web.yaml': manifest('shop.test', [port]) } });
    const agent = new http.Agent({ keepAlive: true, maxSockets: 8 });
    t.after(() => agent.destroy());
    const [kept, fresh] = [load(program, 4, agent), load(program, 2)];
    await until(() => (program.accessLog.all.length > 20 ? true : undefined));
    program.kill('SIGTERM');
    program.kill('SIGTERM');
    // A load balancer looks every so often, and goes on sending until it has seen the answer.
    await until(async () => ((await program.admin('/readyz')).status === 503 ? true : undefined), 2_000);
    const seen = program.accessLog.all.length;
    await until(() => (program.accessLog.all.length > seen + 100 ? true : undefined));
    const [old, recent] = await Promise.all([kept.stop(), fresh.stop()]);
    assert.deepEqual([...old.errors, ...recent.errors], []);
    assert.ok(old.ok > 0 && recent.ok > 0);
    assert.equal(await program.ended, 0);
  });

  test('a change of the configuration during the lameduck time is served', async (t) => {
    const [first, second] = [await backend(t, 'a'), await backend(t, 'b')];
    const args = ['--shutdown-lameduck', '30s'];
    const program = await startProgram(t, { args, manifests: { 'web.yaml': manifest('shop.test', [first]) } });
    program.kill('SIGTERM');
    await program.log.next({ event: 'phase', phase: 'lameduck' });
    program.write('web.yaml', manifest('shop.test', [second]));
    await until(async () => ((await get(program)).body === 'b' ? true : undefined));
    program.kill('SIGINT');
    assert.equal(await program.ended, 0);
  });

  test('SIGTERM during the start ends within a second', async (t) => {
    const program = await startProgram(t, { waitFor: 'none' });
    await program.log.next({ event: 'starting' });
    const elapsed = startTime();
    program.kill('SIGTERM');
    assert.equal(await program.ended, 0);
    const tookMs = elapsed();
    const limitMs = 1_000 * (await slowness());
    assert.ok(tookMs < limitMs, `${tookMs} ms, more than ${limitMs}`);
  });

  test('SIGINT ends within seconds even with a long lameduck time', async (t) => {
    const program = await startProgram(t, { args: ['--shutdown-lameduck', '60s', '--shutdown-drain', '240s'] });
    const elapsed = startTime();
    program.kill('SIGINT');
    assert.equal(await program.ended, 0);
    // Nobody has anything to finish, so the five seconds are not used.
    const tookMs = elapsed();
    assert.ok(tookMs < 5_000 * (await slowness()), `${tookMs} ms`);
  });

  test('kill -9 of the supervisor leaves nothing behind', async (t) => {
    const program = await startProgram(t);
    const pids = ['control', 'worker-0', 'worker-1'].map((name) => program.childPid(name));
    program.kill('SIGKILL');
    await until(() => (pids.some(isAlive) ? undefined : true), 10_000);
    await assert.rejects(get(program), { code: 'ECONNREFUSED' });
  });
});

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
