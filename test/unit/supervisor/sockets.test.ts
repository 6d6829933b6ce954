import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import { test } from 'node:test';

import { OperatorError } from '../../../src/lib/operator-error.ts';
import { holderOfPort } from '../../../src/supervisor/port-holder.ts';
import type { BoundSocket } from '../../../src/supervisor/sockets.ts';
import { bindSocket } from '../../../src/supervisor/sockets.ts';

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
