import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { fork } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import http from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { test } from 'node:test';

import { endpointId, hostPattern, listenerId, routeId, upstreamId } from '../../../../src/model/ids.ts';
import type { FromWorker, ToWorker } from '../../../../src/model/messages.ts';
import type { Snapshot } from '../../../../src/model/snapshot.ts';
import { emptySnapshot } from '../../../../src/model/snapshot.ts';
import { diffSnapshots } from '../../../../src/model/update.ts';
import { parseInvocation } from '../../../../src/settings/parse.ts';
import { bindSocket } from '../../../../src/supervisor/sockets.ts';
import { answering, backend, hanging, okAnswer, untilEnd } from '../../../support/backends.ts';
import { slowness } from '../../../support/slowness.ts';
import { until } from '../../../support/until.ts';

/** A data worker as the supervisor sees it: a process that gets and sends messages. */
interface Worker {
  readonly child: ChildProcess;
  readonly port: number;
  readonly messages: FromWorker[];
  /** What it wrote to standard output (access log) and standard error (program log). */
  readonly stdout: () => string;
  readonly stderr: () => string;
  send(message: ToWorker, handle?: unknown): void;
  /** The next message of this kind from now on. */
  heard<K extends FromWorker['kind']>(kind: K): Promise<Extract<FromWorker, { kind: K }>>;
  readonly exited: Promise<number | string>;
}

const file = join(import.meta.dirname, '../../../../src/proxy/worker.ts');

async function startWorker(t: TestContext, snapshot: Snapshot, args: readonly string[] = []): Promise<Worker> {
  const invocation = parseInvocation(['--manifests=/nowhere', '--shutdown-drain=1s', ...args], {});
  assert.equal(invocation.kind, 'serve');
  const child = fork(file, [], {
    serialization: 'advanced',
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    execArgv: ['--disable-warning=DEP0060', '--import', `data:text/javascript,${encodeURIComponent(bugOnSignal)}`],
  });
  t.after(() => child.kill('SIGKILL'));
  const messages: FromWorker[] = [];
  const arrivals = new EventEmitter();
  const texts = { stdout: '', stderr: '' };
  child.stdout?.on('data', (chunk: Buffer) => (texts.stdout += chunk.toString()));
  child.stderr?.on('data', (chunk: Buffer) => (texts.stderr += chunk.toString()));
  child.on('message', (message) => {
    messages.push(message as FromWorker);
    arrivals.emit((message as FromWorker).kind, message);
  });
  const exited = new Promise<number | string>((resolve) => {
    child.once('exit', (code, signal) => resolve(code ?? signal ?? ''));
  });
  const socket = bindSocket({ address: '127.0.0.1', port: 0, what: 'test', flag: 'test' });
  t.after(() => socket.close());
  const worker: Worker = {
    child,
    port: socket.port,
    messages,
    stdout: () => texts.stdout,
    stderr: () => texts.stderr,
    send: (message, handle) => void child.send(message, handle as never),
    heard: async (kind) => {
      const [message] = (await once(arrivals, kind)) as [never];
      return message;
    },
    exited,
  };
  const applied = worker.heard('applied');
  const settings = { ...(invocation.kind === 'serve' ? invocation.settings : undefined) };
  worker.send({ kind: 'birth', index: 3, count: 4, settings, ticketKeys: new Uint8Array(48) });
  worker.send({ kind: 'update', update: diffSnapshots(emptySnapshot, snapshot) });
  await applied;
  const listening = worker.heard('listening');
  worker.send({ kind: 'listener', id: listenerId('http'), socket: 1, port: socket.port }, socket.handle);
  await listening;
  return worker;
}

/** Stands for a bug that no `try` of ours sees. */
const bugOnSignal = `process.on('SIGUSR2', () => { throw new Error('a bug'); });`;

function snapshotFor(port: number, version = 1): Snapshot {
  const upstream = upstreamId('shop', 'web', '80');
  const host = hostPattern('h.test');
  const labels = { namespace: 'shop', ingress: 'web', service: 'web', servicePort: '80', path: '/', host: 'h.test' };
  return {
    ...emptySnapshot,
    version,
    virtualHosts: new Map([
      [
        host,
        {
          host,
          routes: [
            {
              id: routeId('shop/web', host, 'prefix', '/'),
              source: { kind: 'Ingress', namespace: 'shop', name: 'web' },
              match: { kind: 'prefix', path: '/' },
              action: { kind: 'forward', upstream },
              policies: { labels },
            },
          ],
        },
      ],
    ]),
    upstreams: new Map([
      [
        upstream,
        {
          id: upstream,
          namespace: 'shop',
          service: 'web',
          port: '80',
          protocol: 'http',
          balancing: { algorithm: 'round_robin' },
          endpoints: [{ id: endpointId('127.0.0.1', port), address: '127.0.0.1', port, state: 'ready', weight: 1 }],
        },
      ],
    ]),
  };
}

async function get(port: number, path: string): Promise<{ readonly status: number; readonly body: string }> {
  const request = http.get({ host: '127.0.0.1', port, path, headers: { host: 'h.test' }, agent: false });
  const [answer] = (await once(request, 'response')) as [http.IncomingMessage];
  let body = '';
  for await (const chunk of answer) body += String(chunk);
  return { status: answer.statusCode ?? 0, body };
}

test('a worker serves what it is told, logs it, and counts it', async (t) => {
  const upstream = await answering(t, okAnswer('hi'));
  const worker = await startWorker(t, snapshotFor(upstream.port));
  assert.deepEqual(await get(worker.port, '/a'), { status: 200, body: 'hi' });
  const collected = worker.heard('collected');
  worker.send({ kind: 'collect', request: 7 });
  const { request, samples } = await collected;
  assert.equal(request, 7);
  const valueOf = (metric: string, at: number): number | undefined =>
    samples.find((one) => one.metric === metric && (one.labels[1] ?? '200') === '200')?.values[at];
  assert.equal(valueOf('nginx_ingress_controller_requests', 0), 1);
  assert.equal(valueOf('nginx_ingress_controller_nginx_process_num_procs', 0), 1);
  assert.ok(Number(valueOf('nginx_ingress_controller_nginx_process_resident_memory_bytes', 0)) > 10_000_000);
  assert.ok(Number(valueOf('nginx_ingress_controller_nginx_process_cpu_seconds_total', 0)) > 0);
  await until(() => (worker.stdout().endsWith('\n') ? true : undefined));
  const line = JSON.parse(worker.stdout()) as Record<string, unknown>;
  assert.deepEqual([line['status'], line['request_uri'], line['upstream_status']], [200, '/a', '200']);
});

test('a worker beats ten times a second', async (t) => {
  const worker = await startWorker(t, snapshotFor(1));
  await worker.heard('heartbeat');
  const startedAt = performance.now();
  for (let beat = 0; beat < 5; beat += 1) {
    const { loopUtilization, loopDelayMs, rssBytes } = await worker.heard('heartbeat');
    assert.ok(loopUtilization >= 0 && loopUtilization <= 1 && loopDelayMs >= 0 && rssBytes > 10_000_000);
  }
  const took = performance.now() - startedAt;
  // Beats that come late come behind one another, so that four of them may stand closer together than they were sent.
  assert.ok(took > 100 && took < 3_000 * (await slowness()), `${took} ms`);
});

test('an update that does not fit is rejected, and what was served is served', async (t) => {
  const upstream = await answering(t, okAnswer('hi'));
  const worker = await startWorker(t, snapshotFor(upstream.port));
  const rejected = worker.heard('rejected');
  worker.send({ kind: 'update', update: diffSnapshots(snapshotFor(1, 41), snapshotFor(2, 42)) });
  const { version, what, why, fix } = await rejected;
  assert.equal(version, 42);
  assert.ok(what !== '' && why !== '' && fix !== '');
  assert.equal((await get(worker.port, '/')).status, 200);
});

test('series of an Ingress that is gone are collected no more', async (t) => {
  const upstream = await answering(t, okAnswer('hi'));
  const before = snapshotFor(upstream.port);
  const worker = await startWorker(t, before);
  await get(worker.port, '/');
  const applied = worker.heard('applied');
  worker.send({ kind: 'update', update: diffSnapshots(before, { ...emptySnapshot, version: 2 }) });
  await applied;
  const collected = worker.heard('collected');
  worker.send({ kind: 'collect', request: 1 });
  const { samples } = await collected;
  assert.equal(
    samples.some((one) => one.metric === 'nginx_ingress_controller_requests'),
    false,
  );
});

test('signals are for the supervisor: a worker serves on', async (t) => {
  const upstream = await answering(t, okAnswer('hi'));
  const worker = await startWorker(t, snapshotFor(upstream.port));
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) worker.child.kill(signal);
  await worker.heard('heartbeat');
  assert.equal((await get(worker.port, '/')).status, 200);
});

test('a drain finishes what is in flight, says so, and ends the process', async (t) => {
  const upstream = await backend(t, (socket) => void setTimeout(() => socket.write(okAnswer('finished')), 300));
  const worker = await startWorker(t, snapshotFor(upstream.port));
  const answer = get(worker.port, '/slow');
  await once(upstream.events, 'head');
  const drained = worker.heard('drained');
  worker.send({ kind: 'lameduck', durationMs: 0 });
  worker.send({ kind: 'drain', deadlineMs: 5_000 });
  assert.deepEqual(await answer, { status: 200, body: 'finished' });
  assert.equal((await drained).openConnections, 0);
  assert.equal(await worker.exited, 0);
  assert.match(worker.stdout(), /"request_uri":"\/slow"/);
});

test('a worker accepts on several sockets of a listener, and closes the one that it shall', async (t) => {
  const upstream = await answering(t, okAnswer('web'));
  const worker = await startWorker(t, snapshotFor(upstream.port));
  const second = bindSocket({ address: '127.0.0.1', port: 0, what: 'test', flag: 'test' });
  t.after(() => second.close());
  const listening = worker.heard('listening');
  worker.send({ kind: 'listener', id: listenerId('http'), socket: 2, port: second.port }, second.handle);
  assert.deepEqual(await listening, { kind: 'listening', id: 'http', socket: 2 });
  assert.equal((await get(second.port, '/')).status, 200);
  // The worker has the last copy now.
  second.close();
  assert.equal((await get(second.port, '/')).status, 200);
  worker.send({ kind: 'close-listener', socket: 2 });
  worker.send({ kind: 'close-listener', socket: 2 });
  await until(() =>
    get(second.port, '/').then(
      () => undefined,
      (error: NodeJS.ErrnoException) => (error.code === 'ECONNREFUSED' ? true : undefined),
    ),
  );
  assert.equal((await get(worker.port, '/')).status, 200);
});

test('at the deadline of a drain what is left is cut and counted', async (t) => {
  const upstream = await hanging(t);
  const worker = await startWorker(t, snapshotFor(upstream.port));
  const socket = connect(worker.port, '127.0.0.1');
  const ended = untilEnd(socket);
  socket.write('GET / HTTP/1.1\r\nHost: h.test\r\n\r\n');
  await once(upstream.events, 'head');
  const drained = worker.heard('drained');
  worker.send({ kind: 'drain', deadlineMs: 100 });
  assert.equal((await drained).openConnections, 1);
  await ended;
  assert.equal(await worker.exited, 0);
});

test('a worker whose supervisor is gone finishes and ends', async (t) => {
  const upstream = await hanging(t);
  const worker = await startWorker(t, snapshotFor(upstream.port));
  const socket = connect(worker.port, '127.0.0.1');
  const ended = untilEnd(socket);
  socket.write('GET / HTTP/1.1\r\nHost: h.test\r\n\r\n');
  await once(upstream.events, 'head');
  worker.child.disconnect();
  assert.equal(await worker.exited, 0);
  await ended;
});

test('a bug at the top is logged with its stack; what is in flight gets a second; the process ends with 1', async (t) => {
  const upstream = await backend(t, (socket) => void setTimeout(() => socket.write(okAnswer('finished')), 300));
  const worker = await startWorker(t, snapshotFor(upstream.port));
  const answer = get(worker.port, '/slow');
  await once(upstream.events, 'head');
  const leaving = worker.heard('leaving');
  worker.child.kill('SIGUSR2');
  await leaving;
  assert.equal((await answer).body, 'finished');
  assert.equal(await worker.exited, 1);
  const line = worker
    .stderr()
    .split('\n')
    .find((one) => one.includes('worker-bug'));
  const logged = JSON.parse(line ?? '{}') as { process: string; error: { message: string; stack: string } };
  assert.equal(logged.process, 'worker-3');
  assert.match(logged.error.stack, /a bug\n\s+at/);
});

test('an access log that cannot be opened is said, and goes to standard output', async (t) => {
  const worker = await startWorker(t, snapshotFor(1), ['--access-log-path=/no/such/folder/log']);
  assert.equal((await get(worker.port, '/refused')).status, 502);
  assert.match(worker.stderr(), /"code":"log-not-writable".*go to standard output now/);
  await until(() => (worker.stdout().includes('"failure":"connect-refused"') ? true : undefined));
});
