import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { test } from 'node:test';
import type { TestContext } from 'node:test';

import type { IngressStatus } from '../../../../src/control/compile/compilation.ts';
import type { LoadBalancerAddress } from '../../../../src/control/objects/kinds.ts';
import type { StatusWriter } from '../../../../src/control/status/status-writer.ts';
import { createStatusWriter } from '../../../../src/control/status/status-writer.ts';
import { createLogger } from '../../../../src/lib/logger.ts';
import type { Counters } from '../../../../src/telemetry/counters.ts';
import { createCounters } from '../../../../src/telemetry/counters.ts';
import { FakeApi, sendStatus } from '../../../support/fake-api/fake-api.ts';
import { clientOf } from '../../../support/fake-api/reflector-harness.ts';
import { rightsOfFairway } from '../../../support/fake-api/rights.ts';
import { settled } from '../../../support/fake-api/settled.ts';
import { FakeLeadership } from '../../../support/fake-leadership.ts';
import { FakeTime, FakeTimers } from '../../../support/fake-time.ts';
import { LogLines } from '../../../support/log-lines.ts';
import { until } from '../../../support/until.ts';

const ingresses = 'networking.k8s.io/ingresses';
const address: LoadBalancerAddress = { ip: '192.0.2.1' };

interface Setup {
  readonly api: FakeApi;
  readonly writer: StatusWriter;
  readonly leadership: FakeLeadership;
  readonly time: FakeTime;
  readonly timers: FakeTimers;
  readonly log: LogLines;
  readonly counters: Counters;
}

async function setup(t: TestContext, leading = true): Promise<Setup> {
  const api = await new FakeApi({ rights: rightsOfFairway('fairway', 'leader') }).start();
  const client = clientOf(api);
  const leadership = new FakeLeadership(leading);
  const time = new FakeTime();
  const timers = new FakeTimers(time);
  const log = new LogLines();
  const counters = createCounters({ timeBuckets: [1], lengthBuckets: [1], sizeBuckets: [1] });
  const writer = createStatusWriter({
    client,
    elector: leadership,
    clock: time,
    timers,
    random: () => 0.5,
    log: createLogger({ process: 'test', level: 'debug', destination: log }),
    counters,
  });
  t.after(async () => {
    writer.stop();
    client.close();
    await api.stop();
  });
  return { api, writer, leadership, time, timers, log, counters };
}

function status(name: string, wanted: readonly LoadBalancerAddress[], current: readonly LoadBalancerAddress[] = []) {
  return { ingress: { kind: 'Ingress', namespace: 'shop', name }, wanted, current } satisfies IngressStatus;
}

function ingress(api: FakeApi, name: string): void {
  api.set(ingresses, { metadata: { name, namespace: 'shop' }, spec: { rules: [] } });
}

function written(api: FakeApi, name: string): unknown {
  const found = api.store.get(ingresses, 'shop', name)?.['status'] as { loadBalancer?: { ingress?: unknown } };
  return found?.loadBalancer?.ingress;
}

test('what differs is patched, and nothing but the status', async (t) => {
  const { api, writer, counters } = await setup(t);
  for (const name of ['a', 'b', 'c', 'd']) ingress(api, name);
  writer.update([
    status('a', [address]),
    status('b', [address, { hostname: 'lb' }], [{ hostname: 'lb' }, address]),
    status('c', [], [address]),
    status('d', [{ hostname: 'lb' }], [address]),
  ]);
  await until(() => (api.requests.length >= 2 ? true : undefined));
  await settled(api);
  const paths = api.requests.map(({ method, path }) => `${method} ${path}`).sort();
  assert.deepEqual(paths, [
    'PATCH /apis/networking.k8s.io/v1/namespaces/shop/ingresses/a/status',
    'PATCH /apis/networking.k8s.io/v1/namespaces/shop/ingresses/d/status',
  ]);
  assert.deepEqual(written(api, 'a'), [address]);
  assert.deepEqual(written(api, 'd'), [{ hostname: 'lb' }]);
  assert.deepEqual(api.store.get(ingresses, 'shop', 'a')?.['spec'], { rules: [] });
  assert.deepEqual(api.forbidden, []);
  const [ok] = counters.samples().filter(({ metric, values }) => metric === 'fairway_status_writes_total' && values[0]);
  assert.deepEqual([ok?.labels, ok?.values], [['ok'], [2]]);
});

test('who does not lead writes nothing, and writes when it leads', async (t) => {
  const { api, writer, leadership } = await setup(t, false);
  ingress(api, 'a');
  writer.update([status('a', [address])]);
  await settled(api);
  assert.equal(api.requests.length, 0);
  leadership.set(true);
  await until(() => written(api, 'a'));
});

test('a Lease that grew old while a write waited for its turn stops it', async (t) => {
  const { api, writer, leadership, time, timers } = await setup(t);
  const statuses = Array.from({ length: 60 }, (_, at) => status(`s${at}`, [address]));
  for (const { ingress: one } of statuses) ingress(api, one.name);
  writer.update(statuses);
  await until(() => (api.requests.length >= 50 ? true : undefined));
  await settled(api);
  assert.equal(api.requests.length, 50);
  leadership.set(false, 'silently');
  time.jump(5_000);
  timers.fire();
  await settled(api);
  assert.equal(api.requests.length, 50);
});

test('at most eight writes at once, fifty at a stroke, then fifty a second', async (t) => {
  const { api, writer, time, timers } = await setup(t);
  const statuses = Array.from({ length: 100 }, (_, at) => status(`s${at}`, [address]));
  const open: ServerResponse[] = [];
  api.inject({ act: (response) => void open.push(response) });
  writer.update(statuses);
  await settled(api);
  assert.equal(open.length, 8);
  const answerAll = async (): Promise<void> => {
    while (open.length > 0) {
      for (const response of open.splice(0)) response.end('{}');
      await settled(api);
      assert.ok(open.length <= 8, `${open.length} at once`);
    }
  };
  await answerAll();
  assert.equal(api.requests.length, 50);
  for (let step = 1; step <= 10; step += 1) {
    time.jump(100);
    timers.fire();
    await settled(api);
    await answerAll();
    assert.ok(api.requests.length <= 50 + 5 * step + 1, `${api.requests.length} after ${step * 100} ms`);
  }
  assert.ok(api.requests.length >= 90, `${api.requests.length} requests`);
});

test('what we wrote is not written again before its echo can be here, and then it is', async (t) => {
  const { api, writer, time, timers } = await setup(t);
  ingress(api, 'a');
  writer.update([status('a', [address])]);
  await until(() => written(api, 'a'));
  await settled(api);
  writer.update([status('a', [address])]);
  writer.update([status('a', [address])]);
  await settled(api);
  assert.equal(api.requests.length, 1);
  // Another controller writes its own address over ours: we answer, but only now and then.
  time.jump(31_000);
  timers.fire();
  await until(() => (api.requests.length === 2 ? true : undefined));
  // A new address does not wait.
  writer.update([status('a', [{ ip: '192.0.2.2' }])]);
  await until(() => (api.requests.length === 3 ? true : undefined));
});

test('a failing server is left alone for a while and said once; an Ingress that is gone stops nothing', async (t) => {
  const { api, writer, time, timers, log } = await setup(t);
  for (const name of ['a', 'b']) ingress(api, name);
  api.inject({ times: 2, act: (response) => sendStatus(response, 500, 'InternalError') });
  writer.update([status('a', [address]), status('b', [address]), status('gone', [address])]);
  await until(() => (api.requests.length >= 3 ? true : undefined));
  await settled(api);
  assert.equal(log.with({ level: 'warn' }).length, 1);
  const before = api.requests.length;
  await settled(api);
  assert.equal(api.requests.length, before);
  for (let step = 0; step < 20; step += 1) {
    time.jump(200);
    timers.fire();
    await settled(api);
  }
  assert.deepEqual([written(api, 'a'), written(api, 'b')], [[address], [address]]);
  assert.equal(log.with({ level: 'info' }).length, 1);
});

test('a missing right is named', async (t) => {
  const { api, writer, log } = await setup(t);
  api.rights = [];
  ingress(api, 'a');
  writer.update([status('a', [address])]);
  const line = await log.next({ level: 'warn' });
  assert.match(
    String(line['message']),
    /Add to the ClusterRole of Fairway: apiGroups: \["networking\.k8s\.io"\], resources: \["ingresses\/status"\], verbs: \["patch"\]/,
  );
});
