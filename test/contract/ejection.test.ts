import assert from 'node:assert/strict';
import http from 'node:http';
import type { Socket } from 'node:net';
import { suite, test } from 'node:test';

import type { EngineName } from '../../src/proxy/engines/engine.ts';
import { engines } from '../../src/proxy/engines/table.ts';
import { ask } from '../support/client.ts';
import { startEngine } from '../support/engine.ts';
import { listenOn } from '../support/raw-server.ts';
import { until } from '../support/until.ts';

/** Kept connections to an endpoint that is ejected, with every engine. */

interface Mortal {
  readonly server: http.Server;
  readonly open: Set<Socket>;
  /** Answers those that wait, and from now on everyone at once. */
  readonly answer: () => void;
}

/** An endpoint that drops its connection in the middle of a request to `/die`, with the connections that are open. */
function mortal(): Mortal {
  const open = new Set<Socket>();
  const waiting: http.ServerResponse[] = [];
  let waits = true;
  const server = http.createServer((request, response) => {
    if (request.url === '/die') request.socket.destroy();
    else if (waits) waiting.push(response);
    else response.end('ok');
  });
  server.keepAliveTimeout = 60_000;
  server.on('connection', (socket) => {
    open.add(socket);
    socket.on('close', () => open.delete(socket));
  });
  const answer = (): void => {
    waits = false;
    for (const response of waiting) response.end('ok');
  };
  return { server, open, answer };
}

for (const name of Object.keys(engines) as EngineName[]) {
  suite(name, () => {
    test('idle connections to an endpoint that is ejected are closed, and it is dialled anew when it returns', async (t) => {
      const { server, open, answer } = mortal();
      const other = http.createServer((_request, response) => response.end('other'));
      const ports = [await listenOn(t, server), await listenOn(t, other)];
      const engine = await startEngine(t, name, {
        endpoints: ports,
        policies: { retry: { on: ['error'], tries: 2, timeoutMs: 0 } },
      });
      const get = async (path: string): Promise<void> => {
        const { status } = await ask({ port: engine.httpPort, host: 'h.test', path });
        assert.equal(status, 200);
      };
      // All are under way at the same time, so that each opens a connection.
      const first = Promise.all(Array.from({ length: 30 }, () => get('/ok')));
      await until(() => open.size === 15 || undefined);
      answer();
      await first;
      // Each one that dies takes its own connection with it: five of fifteen.
      for (let at = 0; at < 20 && open.size > 0; at += 1) await get('/die');
      await until(() => open.size === 0 || undefined);
      const ejected = engine.counters.samples().find(({ metric }) => metric === 'fairway_ejections_total');
      assert.ok((ejected?.values[0] ?? 0) > 0);
      await until(async () => {
        await get('/ok');
        return open.size > 0 || undefined;
      });
      // What is idle now is kept as before.
      const kept = [...open];
      await get('/ok');
      await get('/ok');
      assert.ok(kept.some((socket) => open.has(socket)));
      assert.deepEqual(engine.bugs, []);
    });
  });
}
