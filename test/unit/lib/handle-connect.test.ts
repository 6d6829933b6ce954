import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { getSystemErrorName } from 'node:util';

import { connectHandle } from '../../../src/lib/handle-connect.ts';
import { HandleSocket } from '../../../src/lib/handle-socket.ts';
import type { TcpHandle } from '../../../src/lib/node-handles.ts';
import { nodeHandles } from '../../../src/lib/node-handles.ts';
import { closedPort, rawServer } from '../../support/raw-server.ts';

const handles = nodeHandles;
assert.ok(handles !== undefined, 'this Node has the handles that we know');

interface Connecting {
  readonly handle: TcpHandle;
  readonly outcome: Promise<string>;
  readonly told: string[];
}

/** @returns what is told: `connected`, or the name of the error */
function connecting(t: TestContext, address: string, port: number): Connecting {
  assert.ok(handles !== undefined);
  const { promise, resolve } = Promise.withResolvers<string>();
  const told: string[] = [];
  const onConnect = (status: number): void => {
    told.push(status === 0 ? 'connected' : getSystemErrorName(status));
    resolve(told[0] ?? '');
  };
  const handle = connectHandle(handles, address, port, { onConnect });
  assert.deepEqual(told, [], 'nothing is told within the call');
  t.after(() => handle.close());
  return { handle, outcome: promise, told };
}

for (const address of ['127.0.0.1', '::ffff:127.0.0.1']) {
  test(`a connection to ${address} can be read and written`, async (t) => {
    const port = await rawServer(t, (socket: Socket) =>
      socket.once('data', (bytes: Buffer) => socket.end(`heard ${bytes.toString()}`)),
    );
    const { handle, outcome } = connecting(t, address, port);
    assert.equal(await outcome, 'connected');
    const socket = new HandleSocket(handles, handle, undefined, () => undefined);
    const { promise, resolve } = Promise.withResolvers<string>();
    socket.owner = { ...socket.owner, onInput: (bytes, from, to) => resolve(bytes.toString('latin1', from, to)) };
    socket.resume();
    socket.writeText('question');
    assert.equal(await promise, 'heard question');
    assert.deepEqual([socket.remoteAddress, socket.remotePort], [address, port]);
  });
}

test('nobody listens', async (t) => {
  assert.equal(await connecting(t, '127.0.0.1', await closedPort()).outcome, 'ECONNREFUSED');
});

for (const port of [0, -1, 65_536, 1.5, NaN, 2 ** 32 + 80]) {
  test(`${port} is no port`, async (t) => {
    const { outcome, told } = connecting(t, '127.0.0.1', port);
    assert.equal(await outcome, 'EINVAL');
    await nextTurn();
    assert.deepEqual(told, ['EINVAL']);
  });
}

for (const address of ['', 'localhost', '127.0.0.1.', '127.1', 'a:b', '127.0.0.1\0', '1.2.3.4:80']) {
  test(`${JSON.stringify(address)} is no address`, async (t) => {
    assert.equal(await connecting(t, address, 80).outcome, 'EINVAL');
  });
}

test('a handle that is closed while it connects tells so', async (t) => {
  const port = await rawServer(t, () => undefined);
  const { handle, outcome } = connecting(t, '127.0.0.1', port);
  handle.close();
  assert.equal(await outcome, 'ECANCELED');
});
