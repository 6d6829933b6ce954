import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import type { TestContext } from 'node:test';
import { test } from 'node:test';

import type { ListenerId } from '../../../src/model/ids.ts';
import { listenerId } from '../../../src/model/ids.ts';
import type { Listener } from '../../../src/model/listener.ts';
import { Listeners } from '../../../src/supervisor/listeners.ts';

const http = listenerId('http');
const https = listenerId('https');

function wanted(...listeners: readonly Listener[]): ReadonlyMap<ListenerId, Listener> {
  return new Map(listeners.map((one) => [one.id, one]));
}

function listener(id: ListenerId, port = 0, address = '127.0.0.1'): Listener {
  return { id, address, port, protocol: id === https ? 'https' : 'http' };
}

function listenersFor(t: TestContext, workers: number): Listeners {
  const listeners = new Listeners(workers);
  t.after(() => listeners.close());
  return listeners;
}

/** @returns `accepted` or the error's name */
async function connect(port: number): Promise<string> {
  const socket = net.connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return 'accepted';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? '';
  } finally {
    socket.destroy();
  }
}

test('every listener has a socket for each worker, with numbers of their own', (t) => {
  const listeners = listenersFor(t, 2);
  assert.deepEqual(listeners.set(wanted(listener(http), listener(https))), []);
  assert.deepEqual(
    listeners.sockets.map(({ id, number, owner }) => [id, number, owner]),
    [
      [http, 1, 0],
      [http, 2, 1],
      [https, 3, 0],
      [https, 4, 1],
    ],
  );
  const [first, second] = listeners.bound;
  assert.notEqual(first?.port, second?.port);
  for (const { id, bound } of listeners.sockets) {
    assert.equal(bound.port, (id === http ? first : second)?.port);
  }
});

test('a single worker owns nothing alone', (t) => {
  const listeners = listenersFor(t, 1);
  listeners.set(wanted(listener(http)));
  assert.deepEqual(
    listeners.sockets.map(({ owner }) => owner),
    [undefined],
  );
});

test('what stays the same keeps its sockets, what goes is closed', async (t) => {
  const listeners = listenersFor(t, 2);
  listeners.set(wanted(listener(http), listener(https)));
  const before = listeners.sockets;
  const port = before[2]?.bound.port ?? 0;
  const servers = before.slice(2).map(({ bound }) => net.createServer().listen(bound.handle));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  assert.equal(await connect(port), 'accepted');
  listeners.set(wanted(listener(http)));
  assert.deepEqual(listeners.sockets, before.slice(0, 2));
  servers.forEach((server) => server.close());
  assert.equal(await connect(port), 'ECONNREFUSED');
});

test('another port means other sockets, and it is said again when one accepts there', (t) => {
  const listeners = listenersFor(t, 2);
  listeners.set(wanted(listener(http)));
  const before = listeners.sockets;
  assert.equal(listeners.accepts(http), before[0]?.bound);
  assert.equal(listeners.accepts(http), undefined);
  const other = new Listeners(1);
  other.set(wanted(listener(https)));
  const port = other.bound[0]?.port ?? 0;
  other.close();
  assert.deepEqual(listeners.set(wanted(listener(http, port))), []);
  assert.deepEqual(
    listeners.sockets.map(({ number, bound }) => [number, bound.port]),
    [
      [3, port],
      [4, port],
    ],
  );
  assert.equal(listeners.allAccept([http]), false);
  assert.equal(listeners.accepts(http), listeners.sockets[0]?.bound);
});

test('a port that cannot be had leaves in place what it should replace, and is said once', async (t) => {
  const server = net.createServer().listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  const { port } = server.address() as net.AddressInfo;
  const listeners = listenersFor(t, 2);
  listeners.set(wanted(listener(http)));
  const before = listeners.sockets;
  const change = wanted(listener(http, port), listener(https));
  assert.deepEqual(
    listeners.set(change).map(({ code }) => code),
    ['port-in-use'],
  );
  assert.deepEqual(listeners.sockets.slice(0, 2), before);
  assert.equal(listeners.sockets.length, 4);
  assert.deepEqual(listeners.set(change), []);
});
