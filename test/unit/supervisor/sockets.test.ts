import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import { test } from 'node:test';

import { OperatorError } from '../../../src/lib/operator-error.ts';
import { holderOfPort } from '../../../src/supervisor/port-holder.ts';
import type { BoundSocket } from '../../../src/supervisor/sockets.ts';
import { bindSocket, bindSockets } from '../../../src/supervisor/sockets.ts';

function bind(t: TestContext, address: string, port: number): BoundSocket {
  const socket = bindSocket({ address, port, what: 'The HTTP listener', flag: 'http-port' });
  t.after(() => socket.close());
  return socket;
}

function bindError(address: string, port: number): OperatorError {
  try {
    bindSocket({ address, port, what: 'The HTTP listener', flag: 'http-port' }).close();
  } catch (error) {
    if (error instanceof OperatorError) return error;
  }
  return assert.fail('no OperatorError');
}

async function listeningServer(t: TestContext, host = '127.0.0.1'): Promise<number> {
  const server = net.createServer().listen(0, host);
  t.after(() => server.close());
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

test('port 0 gives a port of the kernel', (t) => {
  const socket = bind(t, '127.0.0.1', 0);
  assert.equal(socket.address, '127.0.0.1');
  assert.ok(socket.port > 1024);
});

test('no address is every address', (t) => {
  const socket = bind(t, '', 0);
  assert.match(socket.address, /^(::|0\.0\.0\.0)$/);
});

test('a bound socket does not accept: clients are refused until somebody listens', async (t) => {
  const socket = bind(t, '127.0.0.1', 0);
  const client = net.connect(socket.port, '127.0.0.1');
  const [error] = (await once(client, 'error')) as [NodeJS.ErrnoException];
  assert.equal(error.code, 'ECONNREFUSED');
});

test('a port in use names who holds it and the flag', async (t) => {
  const port = await listeningServer(t);
  const error = bindError('127.0.0.1', port);
  assert.equal(error.code, 'port-in-use');
  const holder = holderOfPort(port);
  assert.match(String(holder), new RegExp(`^process ${process.pid} \\(`));
  assert.equal(
    error.message,
    `The HTTP listener cannot use 127.0.0.1, port ${port}: it is in use by ${holder}. ` +
      'Stop that process, or choose another port with --http-port.',
  );
});

test('an address of another machine', () => {
  const error = bindError('192.0.2.1', 0);
  assert.equal(error.code, 'address-not-available');
});

test('nobody holds a free port', async (t) => {
  const port = bind(t, '127.0.0.1', 0).port;
  assert.equal(holderOfPort(port), undefined);
});

test('closing twice is no mistake', (t) => {
  const socket = bind(t, '127.0.0.1', 0);
  socket.close();
  socket.close();
});

/** Accepts on all of these in this process; counts what came on each. */
async function accepting(t: TestContext, sockets: readonly BoundSocket[]): Promise<number[]> {
  const counts = sockets.map(() => 0);
  for (const [at, { handle }] of sockets.entries()) {
    const server = net.createServer((socket) => {
      counts[at] = (counts[at] ?? 0) + 1;
      socket.end();
    });
    server.listen(handle, 4096);
    await once(server, 'listening');
    t.after(() => server.close());
  }
  return counts;
}

/** @returns after the server has closed all connections */
async function connectTimes(port: number, times: number): Promise<void> {
  for (let done = 0; done < times; done += 1) {
    const socket = net.connect(port, '127.0.0.1').resume();
    await once(socket, 'close');
  }
}

function bindGroup(t: TestContext, address: string, count: number, flag?: 'none'): readonly BoundSocket[] {
  const sockets = bindSockets({ address, port: 0, what: 'The HTTP listener', flag: 'http-port' }, count, flag);
  t.after(() => sockets.forEach((socket) => socket.close()));
  return sockets;
}

test('a group has one port, also when the kernel chooses it, and the kernel spreads connections over it', async (t) => {
  for (const address of ['127.0.0.1', '']) {
    const sockets = bindGroup(t, address, 3);
    assert.equal(sockets.length, 3);
    assert.equal(new Set(sockets.map((one) => `${one.address} ${one.port}`)).size, 1);
    const counts = await accepting(t, sockets);
    await connectTimes(sockets[0]?.port ?? 0, 150);
    assert.equal(counts[0] ?? 0, 150 - (counts[1] ?? 0) - (counts[2] ?? 0));
    // 50 of 150 are expected with a standard deviation of 5.8: less than 20 happens once in 10 million times.
    assert.ok(Math.min(...counts) >= 20, counts.join());
  }
});

test('those of a group that nobody listens on get no connections', async (t) => {
  const sockets = bindGroup(t, '127.0.0.1', 2);
  const counts = await accepting(t, sockets.slice(1));
  await connectTimes(sockets[0]?.port ?? 0, 20);
  assert.deepEqual(counts, [20]);
});

test('one socket for one worker, and one for all where there are no groups', (t) => {
  assert.equal(bindGroup(t, '127.0.0.1', 1).length, 1);
  assert.equal(bindGroup(t, '127.0.0.1', 4, 'none').length, 1);
});

test("a group that listens is no one else's: the port is in use", async (t) => {
  const sockets = bindGroup(t, '127.0.0.1', 2);
  await accepting(t, sockets);
  const port = sockets[0]?.port ?? 0;
  assert.throws(() => bindSockets({ address: '127.0.0.1', port, what: 'The HTTP listener', flag: 'http-port' }, 2), {
    code: 'port-in-use',
  });
});
