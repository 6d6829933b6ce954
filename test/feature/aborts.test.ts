import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { connect, createServer } from 'node:net';
import type { TestContext } from 'node:test';
import { suite, test } from 'node:test';
import { connect as connectTls } from 'node:tls';

import { ingress, service, yaml } from '../support/manifests.ts';
import type { Program } from '../support/program.ts';
import { startProgram } from '../support/program.ts';
import { listenOn } from '../support/raw-server.ts';
import { until } from '../support/until.ts';

/** Clients that break off in masses: no worker ends, and nothing of them is left. */

const head = 'Host: example.test\r\n';
const upgrade = 'Connection: Upgrade\r\nUpgrade: websocket\r\n';
const kilobytes = 'x'.repeat(50_000);
const megabyte = Buffer.alloc(1024 * 1024);

/** What a client says before it goes; where it is cut off is left to chance. */
const requests = [
  `GET / HTTP/1.1\r\n${head}\r\n`,
  `GET /big HTTP/1.1\r\n${head}\r\n`,
  `GET /never HTTP/1.1\r\n${head}\r\n`,
  `POST / HTTP/1.1\r\n${head}Content-Length: 100000\r\n\r\n${kilobytes}`,
  `POST / HTTP/1.1\r\n${head}Transfer-Encoding: chunked\r\n\r\nc350\r\n${kilobytes}\r\n0\r\n\r\n`,
  `GET /switch HTTP/1.1\r\n${head}${upgrade}\r\nframes`,
  `GET / HTTP/1.1\r\n${head}\r\nGET /big HTTP/1.1\r\n${head}\r\n`,
];

/** Answers, answers much, switches protocols, or says nothing; resets now and then. */
async function backend(t: TestContext): Promise<number> {
  const server = createServer((socket) => {
    socket.on('data', (chunk: Buffer) => {
      const text = chunk.toString('latin1');
      if (Math.random() < 0.02) socket.resetAndDestroy();
      else if (text.startsWith('GET /big')) {
        socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${megabyte.length}\r\n\r\n`);
        socket.write(megabyte);
      } else if (text.startsWith('GET /switch')) {
        socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
      } else if (text.startsWith('GET / ')) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi');
    });
  });
  return await listenOn(t, server);
}

async function start(t: TestContext): Promise<Program> {
  const port = await backend(t);
  const objects = yaml(
    ...service('web', [{ port }]),
    ingress({ annotations: { 'proxy-body-size': '0', 'ssl-redirect': 'false' } }),
  );
  return await startProgram(t, {
    manifests: { 'web.yaml': objects },
    args: ['--access-log=false', '--upstream-keepalive-timeout=1'],
  });
}

/** Descriptors and memory of both workers. */
function used(program: Program): { readonly files: number; readonly megabytes: number } {
  const pids = ['worker-0', 'worker-1'].map((name) => program.childPid(name));
  const files = pids.map((pid) => readdirSync(`/proc/${pid}/fd`).length);
  const pages = pids.map((pid) => Number(readFileSync(`/proc/${pid}/statm`, 'latin1').split(' ')[1]));
  const sum = (numbers: readonly number[]): number => numbers.reduce((all, one) => all + one, 0);
  return { files: sum(files), megabytes: Math.round((sum(pages) * 4096) / 1e6) };
}

/** Runs this many of them, fifty at a time. */
async function inParallel(count: number, run: (at: number) => Promise<void>): Promise<void> {
  let next = 0;
  const one = async (): Promise<void> => {
    while (next < count) {
      next += 1;
      await run(next);
    }
  };
  await Promise.all(Array.from({ length: 50 }, one));
}

function closed(socket: Socket): Promise<void> {
  socket.on('error', () => undefined);
  return socket.closed ? Promise.resolve() : new Promise((resolve) => socket.once('close', () => resolve()));
}

/** Sends some bytes of some request, waits some turns, and resets. */
async function resetSomewhere(program: Program, at: number): Promise<void> {
  const request = requests[at % requests.length] ?? '';
  const secure = at % 10 === 0;
  const socket = connect(secure ? program.httpsPort : program.httpPort, '127.0.0.1');
  const ended = closed(socket);
  const over = secure ? connectTls({ socket, rejectUnauthorized: false, servername: 'example.test' }) : socket;
  over.on('error', () => undefined);
  await Promise.race([once(over, secure ? 'secureConnect' : 'connect').catch(() => undefined), ended]);
  const cut = Math.random() < 0.5 ? request.length : Math.floor(Math.random() * request.length);
  over.write(request.slice(0, cut), 'latin1');
  for (let turns = Math.floor(Math.random() * 4); turns > 0; turns -= 1) await new Promise(setImmediate);
  socket.resetAndDestroy();
  await ended;
}

async function isBackAt(program: Program, before: { readonly files: number }): Promise<void> {
  // What the kernel did not say is noticed by deadlines.
  let files = 0;
  await until(() => {
    ({ files } = used(program));
    return files <= before.files + 10 ? true : undefined;
  }, 40_000).catch(() => assert.fail(`${files} descriptors, ${before.files} before`));
}

async function stillServes(program: Program): Promise<void> {
  const socket = connect(program.httpPort, '127.0.0.1');
  socket.write(`GET / HTTP/1.1\r\n${head}Connection: close\r\n\r\n`);
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  await once(socket, 'end');
  assert.match(Buffer.concat(chunks).toString(), /^HTTP\/1\.1 (?:200|502|504) /);
}

suite('clients that break off', () => {
  test('10,000 resets at random points end no worker and leave nothing', async (t) => {
    const program = await start(t);
    const atFirst = used(program);
    await inParallel(5_000, (at) => resetSomewhere(program, at));
    await isBackAt(program, atFirst);
    const halfway = used(program);
    await inParallel(5_000, (at) => resetSomewhere(program, at));
    await isBackAt(program, atFirst);
    const atLast = used(program);
    t.diagnostic(JSON.stringify({ atFirst, halfway, atLast }));
    assert.ok(atLast.megabytes < halfway.megabytes * 1.2 + 20, 'memory grows');
    assert.deepEqual(program.log.with({ event: 'child-died' }), []);
    assert.deepEqual(program.log.with({ level: 'error' }), []);
    await stillServes(program);
  });

  test('1,000 uploads and 1,000 downloads that are broken off leave nothing', async (t) => {
    const program = await start(t);
    const atFirst = used(program);
    const upload = async (): Promise<void> => {
      const socket = connect(program.httpPort, '127.0.0.1');
      const ended = closed(socket);
      socket.write(`POST / HTTP/1.1\r\n${head}Content-Length: 1000000\r\n\r\n${kilobytes}`, () => socket.destroy());
      await ended;
    };
    const download = async (): Promise<void> => {
      const socket = connect(program.httpPort, '127.0.0.1');
      const ended = closed(socket);
      socket.write(`GET /big HTTP/1.1\r\n${head}\r\n`);
      socket.once('data', () => socket.destroy());
      await ended;
    };
    for (const run of [upload, download]) {
      await inParallel(500, run);
      await isBackAt(program, atFirst);
      const halfway = used(program);
      await inParallel(500, run);
      await isBackAt(program, atFirst);
      const atLast = used(program);
      t.diagnostic(JSON.stringify({ atFirst, halfway, atLast }));
      assert.ok(atLast.megabytes < halfway.megabytes * 1.2 + 20, 'memory grows');
    }
    assert.deepEqual(program.log.with({ event: 'child-died' }), []);
    await stillServes(program);
  });
});
