import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';

import { scout } from '../../../../../src/control/sources/cluster/scout.ts';
import { ServerPulse } from '../../../../../src/control/sources/cluster/server-pulse.ts';
import { FakeApi, sendStatus } from '../../../../support/fake-api/fake-api.ts';
import { clientOf } from '../../../../support/fake-api/reflector-harness.ts';
import { FakeTime, FakeTimers } from '../../../../support/fake-time.ts';
import { until } from '../../../../support/until.ts';

interface Setup {
  readonly api: FakeApi;
  readonly pulse: ServerPulse;
  /** Ends with the next beat and not before. */
  readonly wait: () => Promise<void>;
  /** Lets the scout look once, and waits until it has seen. */
  readonly look: () => Promise<void>;
}

async function setup(t: TestContext): Promise<Setup> {
  const api = await new FakeApi().start();
  const client = clientOf(api);
  const time = new FakeTime();
  const timers = new FakeTimers(time);
  const pulse = new ServerPulse();
  const stop = new AbortController();
  const running = scout({ client, pulse, timers, random: () => 0.5, everyMs: 3_000 }, stop.signal);
  t.after(async () => {
    stop.abort();
    await running;
    client.close();
    await api.stop();
  });
  const others = new FakeTimers(time);
  const rests = (): true | undefined => (timers.pending().length > 0 ? true : undefined);
  return {
    api,
    pulse,
    wait: () => pulse.wait(others, 3_600_000, stop.signal),
    look: async () => {
      await until(rests);
      time.jump(3_000);
      timers.fire();
      await until(rests);
    },
  };
}

test('nobody waits: nothing is asked', async (t) => {
  const { api, pulse } = await setup(t);
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(api.requests, []);
  await pulse.wait(new FakeTimers(new FakeTime()), 1, AbortSignal.abort());
});

test('a server that comes back wakes all who wait', async (t) => {
  const { api, wait, look } = await setup(t);
  await api.stop();
  const woken: number[] = [];
  const waiting = [1, 2, 3].map(async (one) => {
    await wait();
    woken.push(one);
  });
  await look();
  await look();
  assert.deepEqual(woken, []);
  await api.start();
  api.inject({ times: 1, act: (response) => sendStatus(response, 500, 'NotReady') });
  await look();
  assert.deepEqual(woken, []);
  await look();
  await Promise.all(waiting);
  assert.deepEqual(woken, [1, 2, 3]);
});

test('a server that was never away wakes nobody, however long one waits', async (t) => {
  const { api, wait, look } = await setup(t);
  let woken = false;
  void wait().then(() => (woken = true));
  for (let round = 0; round < 5; round += 1) await look();
  assert.equal(woken, false);
  assert.equal(api.requests.length, 5);
});
