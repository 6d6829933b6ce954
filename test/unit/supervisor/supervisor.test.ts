import assert from 'node:assert/strict';
import http from 'node:http';
import type { TestContext } from 'node:test';
import { suite, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import type { Clock } from '../../../src/lib/clock.ts';
import { systemClock } from '../../../src/lib/clock.ts';
import { createLogger } from '../../../src/lib/logger.ts';
import type { ToControl } from '../../../src/model/messages.ts';
import type { Settings } from '../../../src/settings/settings.ts';
import { defaultSettings } from '../../../src/settings/table-access.ts';
import { bindSocket } from '../../../src/supervisor/sockets.ts';
import { Supervisor } from '../../../src/supervisor/supervisor.ts';
import { LogLines } from '../../support/log-lines.ts';
import { slowness } from '../../support/slowness.ts';
import { until } from '../../support/until.ts';

const programs = {
  worker: fileURLToPath(new URL('../../support/fake-worker.ts', import.meta.url)),
  control: fileURLToPath(new URL('../../support/fake-control.ts', import.meta.url)),
};

interface Running {
  readonly supervisor: Supervisor;
  readonly log: LogLines;
  readonly exitCode: Promise<number>;
  readonly adminPort: number;
}

async function start(t: TestContext, changes: Partial<Settings> = {}, clock: Clock = systemClock): Promise<Running> {
  const log = new LogLines();
  const settings: Settings = {
    ...defaultSettings(),
    listenAddress: '127.0.0.1',
    httpPort: 0,
    healthzPort: 0,
    workers: 2,
    shutdownLameduckMs: 0,
    shutdownDrainMs: 5_000,
    ...changes,
  };
  const logger = createLogger({ process: 'supervisor', level: 'debug', destination: log });
  const supervisor = new Supervisor({ settings, log: logger, clock, programs });
  const exitCode = supervisor.run();
  exitCode.catch(() => undefined);
  t.after(async () => {
    for (let at = 0; at < 3; at += 1) supervisor.signal('SIGTERM');
    await exitCode.catch(() => undefined);
  });
  const admin = await log.next({ event: 'listening', listener: 'admin' });
  return { supervisor, log, exitCode, adminPort: Number(admin['port']) };
}

async function serving(
  t: TestContext,
  changes: Partial<Settings> = {},
  clock: Clock = systemClock,
): Promise<Running & { httpPort: number }> {
  const running = await start(t, changes, clock);
  const line = await running.log.next({ event: 'listening', listener: 'http' });
  await running.log.next({ event: 'phase', phase: 'serving' });
  // The admin listener may accept later than the data workers do.
  await until(() => control(running));
  return { ...running, httpPort: Number(line['port']) };
}

/** One request on a connection of its own. */
function get(port: number, path = '/'): Promise<{ index: number; pid: number; version: number }> {
  return new Promise((resolve, reject) => {
    const request = http.get({ port, path, host: '127.0.0.1', agent: false }, (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => (text += chunk.toString()));
      response.on('end', () => resolve(JSON.parse(text) as { index: number; pid: number; version: number }));
    });
    request.on('error', reject);
  });
}

async function control(running: Running, path = '/'): Promise<{ pid: number; version: number; told: ToControl[] }> {
  return (await get(running.adminPort, path)) as unknown as { pid: number; version: number; told: ToControl[] };
}

function lastState(told: readonly ToControl[]): ToControl & { kind: 'state' } {
  return told.findLast((one) => one.kind === 'state') ?? assert.fail('no state');
}

suite('the supervisor', () => {
  test('binds after the first update, serves on all workers, and tells the control process', async (t) => {
    const running = await serving(t);
    const answers = await Promise.all(Array.from({ length: 20 }, () => get(running.httpPort)));
    assert.deepEqual(new Set(answers.map((one) => one.version)), new Set([1]));
    const { told } = await control(running);
    assert.deepEqual(
      told.map((one) => one.kind).filter((kind) => kind === 'birth' || kind === 'admin-listener'),
      ['birth', 'admin-listener'],
    );
    const state = lastState(told);
    assert.equal(state.phase, 'serving');
    assert.deepEqual(state.listeners, [{ id: 'http', address: '127.0.0.1', port: running.httpPort }]);
    assert.deepEqual(
      state.workers.map((one) => one.index),
      [0, 1],
    );
  });

  test('relays updates, and reports back with the number of the worker', async (t) => {
    const running = await serving(t);
    await control(running, '/update');
    await until(async () => ((await get(running.httpPort)).version === 2 ? true : undefined));
    await control(running, '/collect');
    const collected = await until(async () => {
      const all = (await control(running)).told.filter((one) => one.kind === 'collected');
      return all.length === 2 ? all : undefined;
    });
    const { workers } = lastState((await control(running)).told);
    assert.deepEqual(
      collected.toSorted((a, b) => a.index - b.index).map(({ index, pid, request }) => [index, pid, request]),
      workers.map(({ index, pid }) => [index, pid, 7]),
    );
  });

  test('a worker that is killed is replaced, refuses nobody, and gets the whole snapshot', async (t) => {
    const running = await serving(t, { workers: 1 });
    await control(running, '/update');
    const victim = await until(async () => {
      const answer = await get(running.httpPort);
      return answer.version === 2 ? answer : undefined;
    });
    process.kill(victim.pid, 'SIGKILL');
    await running.log.next({ event: 'child-died', child: 'worker-0', reason: 'killed' });
    const began = performance.now();
    // Nobody listens now: the connection waits in the queue of the socket that the supervisor holds.
    const answer = await get(running.httpPort);
    assert.notEqual(answer.pid, victim.pid);
    assert.equal(answer.version, 2);
    const tookMs = performance.now() - began;
    assert.ok(tookMs < 1_000 * (await slowness()), `${tookMs} ms`);
    const state = lastState((await control(running)).told);
    assert.deepEqual(state.deaths, { killed: 1 });
    assert.equal(state.workers[0]?.restarts, 1);
  });

  test('a worker whose loop is stuck is killed and replaced, the other one serves', async (t) => {
    const running = await serving(t);
    const hung = get(running.httpPort, '/hang').catch(() => 'reset');
    await running.log.next({ event: 'child-silent' }, 5_000);
    assert.equal((await get(running.httpPort)).version, 1);
    await running.log.next({ event: 'child-died', reason: 'hung' }, 15_000);
    assert.equal(await hung, 'reset');
    await until(async () => {
      const { workers } = lastState((await control(running)).told);
      return workers.every((one) => one.pid > 0 && one.appliedVersion === 1) ? true : undefined;
    });
  });

  test('a worker that leaves has a stand-in until its successor accepts', async (t) => {
    const running = await serving(t);
    const { index } = await get(running.httpPort, '/leave');
    await running.log.next({ event: 'stand-in', listener: 'http', index: 1 - index, insteadOf: index });
    assert.equal(running.log.with({ event: 'child-died' }).length, 0);
    const answers = await Promise.all(Array.from({ length: 40 }, () => get(running.httpPort)));
    assert.deepEqual(new Set(answers.map((one) => one.index)), new Set([1 - index]));
    await running.log.next({ event: 'child-died', child: `worker-${index}`, reason: 'crashed' });
    // Half of them would wait for ever in a queue that nobody reads.
    await until(async () => ((await get(running.httpPort)).index === index ? true : undefined));
  });

  test('a worker that rejects an update keeps the old one and takes the next', async (t) => {
    const running = await serving(t, { podName: 'rejects-2', workers: 1 });
    await control(running, '/update');
    const told = await until(async () => (await control(running)).told.find((one) => one.kind === 'rejected'));
    assert.deepEqual([told.version, told.index, told.why], [2, 0, 'the test asks']);
    assert.equal((await get(running.httpPort)).version, 1);
    await control(running, '/update');
    await until(async () => ((await get(running.httpPort)).version === 3 ? true : undefined));
  });

  test('a control process that is killed is replaced with the snapshot, and nothing on the wire changes', async (t) => {
    const running = await serving(t);
    await control(running, '/update');
    const before = await control(running);
    process.kill(before.pid, 'SIGKILL');
    await running.log.next({ event: 'child-died', child: 'control', reason: 'killed' });
    assert.equal((await get(running.httpPort)).version, 2);
    const after = await control(running);
    assert.notEqual(after.pid, before.pid);
    assert.equal(after.version, 2);
    const state = await until(async () => (await control(running)).told.findLast((one) => one.kind === 'state'));
    assert.deepEqual([state.phase, state.controlRestarts, state.deaths], ['serving', 1, {}]);
    await control(running, '/update');
    await until(async () => ((await get(running.httpPort)).version === 3 ? true : undefined));
  });

  test('a control process that leaves out an update is replaced', async (t) => {
    const running = await serving(t);
    // Its answer may be cut off: it is killed for what it did.
    await control(running, '/skip').catch(() => undefined);
    await running.log.next({ event: 'child-died', child: 'control', reason: 'out-of-step' });
    assert.equal((await control(running)).version, 1);
    assert.equal((await get(running.httpPort)).version, 1);
  });

  test('a worker that always dies at its start backs off, and that is said once', async (t) => {
    const running = await start(t, { podName: 'dies-at-start', workers: 1 });
    await running.log.next({ event: 'crash-loop', child: 'worker-0', reason: 'crashed' }, 30_000);
    const delays = running.log.with({ event: 'child-died' }).map((line) => line['restartInMs']);
    assert.deepEqual(delays.slice(0, 6), [0, 125, 250, 500, 1_000, 2_000]);
    const state = await until(async () => {
      const last = lastState((await control(running)).told);
      return last.crashLooping ? last : undefined;
    });
    assert.equal(state.phase, 'starting');
    assert.equal(running.log.with({ event: 'crash-loop' }).length, 1);
  });

  test('SIGTERM finishes what is in flight, refuses what comes later, and ends with 0', async (t) => {
    const running = await serving(t, { workers: 1 });
    const slow = get(running.httpPort, '/slow');
    // The request is in the worker once another one, sent after it, has been answered.
    await get(running.httpPort);
    running.supervisor.signal('SIGTERM');
    running.supervisor.signal('SIGTERM');
    await running.log.next({ event: 'phase', phase: 'draining' });
    assert.equal((await slow).version, 1);
    assert.equal(await running.exitCode, 0);
    await assert.rejects(get(running.httpPort), { code: 'ECONNREFUSED' });
    await assert.rejects(get(running.adminPort), { code: 'ECONNREFUSED' });
  });

  test('in the lameduck time everything is served, and a worker that dies is replaced', async (t) => {
    const running = await serving(t, { workers: 1, shutdownLameduckMs: 60_000 });
    running.supervisor.signal('SIGTERM');
    const { told } = await until(async () => {
      const answer = await control(running);
      return answer.told.some((one) => one.kind === 'drain') ? answer : undefined;
    });
    assert.equal(lastState(told).phase, 'lameduck');
    const { pid } = await get(running.httpPort);
    process.kill(pid, 'SIGKILL');
    assert.notEqual((await get(running.httpPort)).pid, pid);
  });

  test('the lameduck time ends although timers fire early', async (t) => {
    // Timers count whole milliseconds of the event loop, so that the clock may say a moment less when they fire.
    const slowClock: Clock = { now: () => performance.now() * 0.5, wall: () => Date.now() };
    const running = await serving(t, { shutdownLameduckMs: 400 }, slowClock);
    running.supervisor.signal('SIGTERM');
    await running.log.next({ event: 'phase', phase: 'draining' }, 5_000);
    assert.equal(await running.exitCode, 0);
  });

  test('a third SIGTERM within a second ends at once', async (t) => {
    const running = await serving(t, { shutdownLameduckMs: 60_000 });
    for (let at = 0; at < 3; at += 1) running.supervisor.signal('SIGTERM');
    assert.equal(await running.exitCode, 143);
  });

  test('SIGTERM before anything is served ends within a second', async (t) => {
    const running = await start(t, { podName: 'never-ready', shutdownLameduckMs: 60_000 });
    const began = performance.now();
    running.supervisor.signal('SIGTERM');
    assert.equal(await running.exitCode, 0);
    const tookMs = performance.now() - began;
    assert.ok(tookMs < 1_000 * (await slowness()), `${tookMs} ms`);
  });

  test('what the control process cannot go on from ends the program at the start', async (t) => {
    const running = await start(t, { podName: 'fatal-at-start' });
    await assert.rejects(running.exitCode, { name: 'OperatorError', message: 'Nothing works: the test asks. None.' });
  });

  test('later it ends nothing: the data workers go on', async (t) => {
    const running = await serving(t);
    await control(running, '/fatal').catch(() => undefined);
    await running.log.next({ event: 'child-died', child: 'control', reason: 'gave-up' });
    assert.equal((await get(running.httpPort)).version, 1);
  });

  test('ports in use end the program with the holder and the flag', async (t) => {
    const first = await serving(t);
    const admin = await start(t, { healthzPort: 0, httpPort: first.httpPort });
    await assert.rejects(
      admin.exitCode,
      /The HTTP listener cannot use 127\.0\.0\.1, port \d+: it is in use by process/,
    );
    const log = createLogger({ process: 'supervisor', level: 'error', destination: new LogLines() });
    const settings = { ...defaultSettings(), listenAddress: '127.0.0.1', healthzPort: first.adminPort };
    const second = new Supervisor({ settings, log, clock: systemClock, programs });
    await assert.rejects(second.run(), /The admin listener cannot use .*--healthz-port/);
  });
});

test('a socket that is closed everywhere is free again', () => {
  const socket = bindSocket({ address: '127.0.0.1', port: 0, what: 'A', flag: 'a' });
  socket.close();
  bindSocket({ address: '127.0.0.1', port: socket.port, what: 'A', flag: 'a' }).close();
});
