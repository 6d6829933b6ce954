import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import type { TestContext } from 'node:test';
import { suite, test } from 'node:test';

import { connectionsByProcess } from '../bench/cpu.ts';
import { ingress, service, yaml } from '../support/manifests.ts';
import { startBackend } from '../support/named-backend.ts';
import type { Program } from '../support/program.ts';
import { startProgram } from '../support/program.ts';
import { slowness } from '../support/slowness.ts';
import { load } from '../support/steady-load.ts';
import { until } from '../support/until.ts';

/** Which data worker accepts: how new connections are spread, and who takes those of a worker that does not. */

async function serving(t: TestContext, args: readonly string[] = []): Promise<Program> {
  const { port } = await startBackend(t, 'a');
  const objects = yaml(ingress({ host: 'shop.test', paths: { '/': 'web' } }), ...service('web', [{ port }]));
  return await startProgram(t, { args, manifests: { 'web.yaml': objects } });
}

/** Opens connections that stay. @returns how many each worker accepted */
async function spread(program: Program, count: number): Promise<number[]> {
  const sockets = Array.from({ length: count }, () => net.connect(program.httpPort, '127.0.0.1'));
  try {
    await Promise.all(sockets.map((socket) => once(socket, 'connect')));
    return await until(() => {
      const counts = connectionsByProcess(program.pid, program.httpPort);
      return counts.reduce((sum, one) => sum + one, 0) === count ? counts : undefined;
    });
  } finally {
    for (const socket of sockets) socket.destroy();
  }
}

/** Connections with a request each, which nobody has accepted yet when all workers are stopped. */
async function queueRequests(program: Program, count: number): Promise<Promise<string>[]> {
  const sockets = Array.from({ length: count }, () => net.connect(program.httpPort, '127.0.0.1'));
  const answers = sockets.map(async (socket) => {
    let text = '';
    socket.on('data', (chunk) => (text += chunk.toString()));
    socket.write('GET / HTTP/1.1\r\nHost: shop.test\r\nConnection: close\r\n\r\n');
    const [error] = (await Promise.race([once(socket, 'end'), once(socket, 'error')])) as [NodeJS.ErrnoException?];
    return error?.code ?? text.split('\r\n', 1)[0] ?? '';
  });
  await Promise.all(sockets.map((socket) => once(socket, 'connect')));
  return answers;
}

suite('accepting', () => {
  test('connections are spread evenly over two workers', async (t) => {
    const counts = await spread(await serving(t), 400);
    t.diagnostic(counts.join(' : '));
    assert.equal(counts.length, 2);
    // By the binomial law less than 151 of 400 fall to one of two once in 1.5 million times, less than 160 once in 20,000.
    assert.ok(Math.min(...counts) >= 151, counts.join(' : '));
  });

  test('connections are spread over three workers', async (t) => {
    const counts = await spread(await serving(t, ['--workers=3']), 300);
    t.diagnostic(counts.join(' : '));
    assert.equal(counts.length, 3);
    // 100 are expected with a standard deviation of 8.2: less than 60 once in a million times.
    assert.ok(Math.min(...counts) >= 60, counts.join(' : '));
  });

  test('when a worker hangs, new connections wait until that is suspected, and no longer', async (t) => {
    const program = await serving(t);
    // Enough of them that not all are in the hands of the victim.
    const clients = 24;
    const before = await slowness();
    const traffic = load(program, clients);
    await until(() => (program.accessLog.all.length > 50 ? true : undefined));
    const victim = program.childPid('worker-1');
    process.kill(victim, 'SIGSTOP');
    await program.log.next({ event: 'stand-in', listener: 'http', index: 0, insteadOf: 1 }, 5_000);
    const seen = program.accessLog.all.length;
    await until(() => (program.accessLog.all.length > seen + 100 ? true : undefined), 5_000);
    assert.equal(program.log.with({ event: 'child-died' }).length, 0);
    await program.log.next({ event: 'child-died', child: 'worker-1', reason: 'hung' }, 30_000);
    const limitMs = 1_000 * Math.max(before, await slowness());
    const { errors, longestMs, ok } = await traffic.stop();
    t.diagnostic(`${ok} answers, ${errors.length} errors, ${Math.round(longestMs)} ms at most`);
    // What it had accepted dies with it: each client has one request at a time.
    assert.deepEqual(
      errors.filter((code) => code !== 'ECONNRESET'),
      [],
    );
    assert.ok(errors.length < clients, `${errors.length} resets`);
    assert.ok(longestMs < limitMs, `${longestMs} ms, more than ${limitMs}`);
  });

  test('a worker that hung and goes on is not killed, and accepts for itself again', async (t) => {
    const program = await serving(t);
    const victim = program.childPid('worker-0');
    process.kill(victim, 'SIGSTOP');
    await program.log.next({ event: 'stand-in', listener: 'http', index: 1, insteadOf: 0 }, 5_000);
    process.kill(victim, 'SIGCONT');
    await until(async () => ((await spread(program, 20)).length === 2 ? true : undefined));
    assert.equal(program.log.with({ event: 'child-died' }).length, 0);
  });

  test('what the kernel has queued when the program ends is served', async (t) => {
    const program = await serving(t);
    const pids = ['worker-0', 'worker-1'].map((name) => program.childPid(name));
    for (const pid of pids) process.kill(pid, 'SIGSTOP');
    const answers = await queueRequests(program, 200);
    program.kill('SIGTERM');
    await program.log.next({ event: 'phase', phase: 'draining' });
    for (const pid of pids) process.kill(pid, 'SIGCONT');
    assert.deepEqual(new Set(await Promise.all(answers)), new Set(['HTTP/1.1 200 OK']));
    assert.equal(await program.ended, 0);
  });

  test('what waits for a worker that is killed is served by the other one', async (t) => {
    const program = await serving(t);
    const pids = ['worker-0', 'worker-1'].map((name) => program.childPid(name));
    for (const pid of pids) process.kill(pid, 'SIGSTOP');
    const answers = await queueRequests(program, 200);
    process.kill(program.childPid('worker-0'), 'SIGKILL');
    process.kill(program.childPid('worker-1'), 'SIGCONT');
    assert.deepEqual(new Set(await Promise.all(answers)), new Set(['HTTP/1.1 200 OK']));
  });
});
