import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { connect } from 'node:net';
import type { TestContext } from 'node:test';
import { test } from 'node:test';

import { backend, untilEnd } from '../../../support/backends.ts';
import type { Backend } from '../../../support/backends.ts';
import type { RunningEngine } from '../../../support/engine.ts';
import { startEngine } from '../../../support/engine.ts';
import { MovedTime } from '../../../support/moved-time.ts';
import { until } from '../../../support/until.ts';

/** Deadlines of clients, on a clock that the tests move. */

/** How often a client is looked at. */
const lookMs = 20_000;

interface World extends RunningEngine {
  readonly time: MovedTime;
  readonly upstream: Backend;
  readonly client: Socket;
}

async function world(t: TestContext, serve: (socket: Socket) => void): Promise<World> {
  const time = new MovedTime(t);
  const upstream = await backend(t, serve);
  const policies = { timeouts: { connectMs: 600_000, sendMs: 600_000, readMs: 600_000 } };
  const running = await startEngine(t, 'native', { endpoints: [upstream.port], policies }, time.clock);
  const client = connect(running.httpPort, '127.0.0.1');
  t.after(() => client.destroy());
  return { ...running, time, upstream, client };
}

/** One look after the other while the kernel carries what is on its way. */
async function looks(
  time: MovedTime,
  count: number,
  between: () => Promise<void> | void = () => undefined,
): Promise<void> {
  for (let left = count; left > 0; left -= 1) {
    time.pass(lookMs + 100);
    await between();
    for (let turns = 20; turns > 0; turns -= 1) await new Promise(setImmediate);
  }
}

const upload = 'POST /slow HTTP/1.1\r\nHost: h.test\r\nContent-Length: 1000000\r\n\r\n';

test('a body that trickles gets 408, and the request ends upstream', async (t) => {
  const { client, entry, time, upstream } = await world(t, () => undefined);
  client.write(`${upload}some`);
  await once(upstream.events, 'head');
  const closed = once(upstream.events, 'close');
  const ended = untilEnd(client);
  await looks(time, 1);
  client.write('x'.repeat(4000));
  await looks(time, 1);
  const { text } = await ended;
  assert.match(text, /^HTTP\/1\.1 408 Request Time-?out\r\n/i);
  assert.match(text, /\r\nConnection: close\r\n/);
  await closed;
  const { failure, status } = await entry('/slow');
  assert.deepEqual([status, failure], [408, 'client-timeout']);
});

test('a body of 240 bytes per second is awaited as long as it takes', async (t) => {
  const { client, log, time, upstream } = await world(t, () => undefined);
  client.write(upload);
  await once(upstream.events, 'head');
  await looks(time, 12, () => void client.write('x'.repeat(5000)));
  assert.deepEqual(log, []);
  assert.equal(client.destroyed, false);
});

test('a body that the upstream does not take is not the fault of the client', async (t) => {
  const { client, log, time, upstream } = await world(t, (socket) => void socket.pause());
  client.write('POST /slow HTTP/1.1\r\nHost: h.test\r\nContent-Length: 100000000\r\n\r\n');
  client.write(Buffer.alloc(50_000_000));
  await once(upstream.events, 'head');
  await until(() => (client.writableLength > 0 ? true : undefined));
  await new Promise((resolve) => setTimeout(resolve, 100));
  await looks(time, 12);
  assert.deepEqual(log, []);
});

function endless(socket: Socket): void {
  socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n');
  const more = (): void => {
    while (!socket.destroyed && socket.write(Buffer.alloc(256 * 1024)));
  };
  socket.on('drain', more);
  more();
}

test('a client that reads nothing of its answer for a minute is reset, and its upstream let go', async (t) => {
  const { client, entry, time, upstream } = await world(t, endless);
  client.write('GET /stuck HTTP/1.1\r\nHost: h.test\r\n\r\n');
  await once(client, 'readable');
  await until(() => ([...upstream.open].some((socket) => socket.writableNeedDrain) ? true : undefined));
  await new Promise((resolve) => setTimeout(resolve, 100));
  const closed = once(upstream.events, 'close');
  await looks(time, 5);
  await closed;
  const { reset } = await untilEnd(client);
  assert.equal(reset, true);
  const { failure, status } = await entry('/stuck');
  assert.deepEqual([status, failure], [200, 'client-closed']);
});

test('a client that reads a little now and then keeps its answer', async (t) => {
  const { client, log, time, upstream } = await world(t, endless);
  client.write('GET /slow HTTP/1.1\r\nHost: h.test\r\n\r\n');
  await once(client, 'readable');
  await looks(time, 12, async () => {
    // As much as fits into the buffers of the kernel: less may open no window.
    for (let bytes = 0; bytes < 8_000_000;) {
      const chunk = client.read() as Buffer | null;
      if (chunk === null) await once(client, 'readable');
      else bytes += chunk.length;
    }
  });
  assert.deepEqual(log, []);
  assert.equal(client.destroyed, false);
  assert.equal(upstream.open.size, 1);
});

test('a client that shut its side and reads nothing is cut within seconds', async (t) => {
  const { client, entry, time, upstream } = await world(t, endless);
  client.allowHalfOpen = true;
  client.end('GET /half HTTP/1.1\r\nHost: h.test\r\n\r\n');
  await once(client, 'readable');
  await until(() => ([...upstream.open].some((socket) => socket.writableNeedDrain) ? true : undefined));
  await new Promise((resolve) => setTimeout(resolve, 100));
  const closed = once(upstream.events, 'close');
  for (let left = 6; left > 0; left -= 1) time.pass(2_100);
  await closed;
  assert.equal((await entry('/half')).failure, 'client-closed');
});

test('a client that shuts its side before the 101 ends its tunnel', async (t) => {
  const { client, entry, upstream } = await world(t, (socket) => {
    const switches = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n';
    setTimeout(() => socket.write(switches), 200);
  });
  client.end('GET /ws HTTP/1.1\r\nHost: h.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
  client.resume();
  await once(upstream.events, 'close');
  assert.equal((await entry('/ws')).status, 101);
});

test('a request that waits is not timed out for a body that nobody asks for or takes', async (t) => {
  const time = new MovedTime(t);
  const served = await backend(t, (socket) => void socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'));
  const policies = { holdMs: 600_000 };
  const running = await startEngine(t, 'native', { policies }, time.clock);
  const client = connect(running.httpPort, '127.0.0.1');
  t.after(() => client.destroy());
  client.write('POST /asked HTTP/1.1\r\nHost: h.test\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n');
  const waits = (): boolean => running.counters.samples().some(({ metric }) => metric === 'fairway_requests_waiting');
  await until(() => (waits() ? true : undefined));
  await looks(time, 12);
  assert.deepEqual(running.log, []);
  running.publish({ endpoints: [served.port], policies });
  const [asked] = (await once(client, 'data')) as [Buffer];
  assert.equal(asked.toString(), 'HTTP/1.1 100 Continue\r\n\r\n');
  // Right after the wait it has had no time to send.
  await looks(time, 1);
  client.write('body');
  assert.equal((await running.entry('/asked')).status, 200);
});
