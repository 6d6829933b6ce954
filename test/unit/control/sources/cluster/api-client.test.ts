import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { test } from 'node:test';

import { ApiClient } from '../../../../../src/control/sources/cluster/api-client.ts';
import { openClusterAccess } from '../../../../../src/control/sources/cluster/kubeconfig.ts';
import type { Timers } from '../../../../../src/control/sources/cluster/timers.ts';
import { systemClock } from '../../../../../src/lib/clock.ts';
import { until } from '../../../../support/until.ts';

const timings = { connectMs: 4_000, headMs: 15_000, pageMs: 60_000, writeMs: 10_000 };

test('a connection has a shorter deadline than an answer, and only while it is being made', async (t) => {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const stop = new AbortController();
  const cancelled: number[] = [];
  const timers: Timers = {
    after: (ms) => () => void cancelled.push(ms),
  };
  const client = clientOf(port, timers);
  t.after(() => {
    stop.abort();
    client.close();
    server.close();
  });

  const answer = client.stream({ method: 'GET', path: '/readyz', signal: stop.signal });
  answer.catch(() => undefined);
  await until(() => (cancelled.length > 0 ? true : undefined));
  assert.deepEqual(cancelled, [timings.connectMs], 'connected, and still waiting for the answer');
  stop.abort();
  await assert.rejects(answer);
});

test('a connection that is not made in time is a timeout', async () => {
  // Fires while the kernel still waits for the other side.
  const timers: Timers = {
    after: (ms, run) => {
      if (ms === timings.connectMs) queueMicrotask(run);
      return () => undefined;
    },
  };
  const client = clientOf(1, timers);
  const answer = client.stream({ method: 'GET', path: '/readyz', signal: new AbortController().signal });
  await assert.rejects(answer, {
    failure: 'timeout',
    message: 'no connection to http://127.0.0.1:1 within 4 s',
  });
  client.close();
});

function clientOf(port: number, timers: Timers): ApiClient {
  const settings = { kubeconfig: '', apiserverHost: `http://127.0.0.1:${port}` };
  return new ApiClient({
    access: openClusterAccess(settings, systemClock, {}),
    timers,
    userAgent: 'fairway (test)',
    timings,
  });
}
