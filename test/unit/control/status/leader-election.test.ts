import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';

import type { LeaderElector } from '../../../../src/control/status/leader-election.ts';
import { createLeaderElector, electionTimings } from '../../../../src/control/status/leader-election.ts';
import { createLogger } from '../../../../src/lib/logger.ts';
import { FakeApi, sendStatus } from '../../../support/fake-api/fake-api.ts';
import { clientOf } from '../../../support/fake-api/reflector-harness.ts';
import { rightsOfFairway } from '../../../support/fake-api/rights.ts';
import { FakeTime, FakeTimers } from '../../../support/fake-time.ts';
import { LogLines } from '../../../support/log-lines.ts';

const leases = 'coordination.k8s.io/leases';

interface Candidate {
  readonly elector: LeaderElector;
  readonly timers: FakeTimers;
  readonly clock: FakeTime;
  readonly log: LogLines;
  readonly changes: boolean[];
}

/** One API server and one clock for all candidates of a test. */
class Election {
  readonly api: FakeApi;
  readonly time: FakeTime = new FakeTime();
  readonly candidates: Candidate[] = [];
  /** Candidates that stand still, as a stopped process does. */
  readonly stopped: Set<Candidate> = new Set();
  readonly #test: TestContext;

  constructor(t: TestContext, api: FakeApi) {
    this.#test = t;
    this.api = api;
  }

  async add(podName: string, wallSkewMs = 0): Promise<Candidate> {
    const timers = new FakeTimers(this.time);
    const log = new LogLines();
    const client = clientOf(this.api);
    const time = this.time;
    const clock = Object.assign(new FakeTime(), { now: time.now, wall: () => time.wall() + wallSkewMs });
    const elector = createLeaderElector({
      client,
      namespace: 'fairway',
      name: 'leader',
      podName,
      clock,
      timers,
      random: Math.random,
      log: createLogger({ process: 'test', level: 'debug', destination: log }),
    });
    const changes: boolean[] = [];
    elector.onChange((leading) => changes.push(leading));
    this.#test.after(async () => {
      await elector.stop();
      client.close();
    });
    const candidate = { elector, timers, clock, log, changes };
    this.candidates.push(candidate);
    await this.#settle();
    return candidate;
  }

  /** Moves time on in small steps and lets every request come to its end in each. */
  async advance(ms: number, until: () => boolean = () => false): Promise<number> {
    const step = 100;
    for (let passed = step; passed <= ms; passed += step) {
      this.time.jump(step);
      for (const candidate of this.candidates) if (!this.stopped.has(candidate)) candidate.timers.fire();
      await this.#settle();
      if (until()) return passed;
    }
    return ms;
  }

  /** Every candidate that is not stopped waits for its next try. */
  async #settle(): Promise<void> {
    const waits = ({ timers }: Candidate): boolean =>
      timers.pending().some((ms) => ms <= 1.2 * electionTimings.retryMs);
    const deadline = performance.now() + 10_000;
    while (this.candidates.some((one) => !this.stopped.has(one) && !waits(one))) {
      assert.ok(performance.now() < deadline, 'a candidate does not come to rest');
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  leaders(): Candidate[] {
    return this.candidates.filter(({ elector }) => elector.leading());
  }

  spec(): Record<string, unknown> {
    return this.api.store.get(leases, 'fairway', 'leader')?.['spec'] as Record<string, unknown>;
  }
}

async function election(t: TestContext): Promise<Election> {
  const api = await new FakeApi({ rights: rightsOfFairway('fairway', 'leader') }).start();
  t.after(async () => {
    assert.deepEqual(api.forbidden, []);
    await api.stop();
  });
  return new Election(t, api);
}

test('the first candidate creates the Lease and leads', async (t) => {
  const run = await election(t);
  const one = await run.add('pod-a');
  assert.ok(one.elector.leading());
  assert.deepEqual(one.changes, [true]);
  const spec = run.spec();
  assert.match(String(spec['holderIdentity']), /^pod-a_[0-9a-f-]{36}$/);
  assert.equal(one.elector.holder(), spec['holderIdentity']);
  assert.equal(spec['leaseDurationSeconds'], 15);
  assert.equal(spec['leaseTransitions'], 0);
  assert.match(String(spec['renewTime']), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
  await run.advance(60_000);
  assert.deepEqual(one.changes, [true]);
  assert.notEqual(run.spec()['renewTime'], spec['renewTime']);
  assert.equal(run.spec()['acquireTime'], spec['acquireTime']);
});

test('a leader that is gone without a word is followed after the Lease has ended, in less than 18 s', async (t) => {
  const run = await election(t);
  const one = await run.add('pod-a');
  const two = await run.add('pod-b');
  await run.advance(10_000);
  assert.deepEqual(run.leaders(), [one]);
  run.stopped.add(one);
  const passed = await run.advance(30_000, () => two.elector.leading());
  assert.ok(passed > 12_000 && passed < 18_000, `${passed} ms`);
  assert.equal(run.spec()['leaseTransitions'], 1);
});

test('a leader that stops gives the Lease back: the next one leads in less than 3 s', async (t) => {
  const run = await election(t);
  const one = await run.add('pod-a');
  const two = await run.add('pod-b');
  await run.advance(10_000);
  run.stopped.add(one);
  await one.elector.stop();
  assert.deepEqual(one.changes, [true, false]);
  assert.equal(run.spec()['holderIdentity'], '');
  assert.equal(run.spec()['leaseDurationSeconds'], 1);
  const passed = await run.advance(5_000, () => two.elector.leading());
  assert.ok(passed < 3_000, `${passed} ms`);
});

test('a candidate that does not lead gives nothing back', async (t) => {
  const run = await election(t);
  const one = await run.add('pod-a');
  const two = await run.add('pod-b');
  run.stopped.add(two);
  await two.elector.stop();
  assert.equal(run.spec()['holderIdentity'], one.elector.holder());
});

test('a leader that cannot renew for 10 s steps down, before another may lead', async (t) => {
  const run = await election(t);
  const one = await run.add('pod-a');
  await run.advance(6_000);
  run.api.inject({ act: (response) => sendStatus(response, 503, 'ServiceUnavailable') });
  const passed = await run.advance(12_000, () => !one.elector.leading());
  assert.ok(passed > 7_500 && passed <= 10_200, `${passed} ms`);
  assert.deepEqual(one.changes, [true, false]);
  assert.equal(one.log.with({ level: 'warn' }).length, 1);
  run.api.heal();
  await run.advance(3_000, () => one.elector.leading());
  assert.deepEqual(one.changes, [true, false, true]);
});

test('a leader that was stopped for 20 s does not lead when it wakes, before any of its timers fired', async (t) => {
  const run = await election(t);
  const one = await run.add('pod-a');
  const two = await run.add('pod-b');
  await run.advance(4_000);
  run.stopped.add(one);
  await run.advance(20_000);
  assert.ok(two.elector.leading());
  assert.ok(!one.elector.leading());
  run.stopped.delete(one);
  await run.advance(10_000);
  assert.deepEqual(run.leaders(), [two]);
  assert.deepEqual(one.changes, [true, false]);
});

test('clocks of other machines do not matter', async (t) => {
  const run = await election(t);
  const one = await run.add('pod-a', -3_600_000);
  const two = await run.add('pod-b', 5_000);
  await run.advance(40_000);
  assert.deepEqual(run.leaders(), [one]);
  assert.deepEqual(two.changes, []);
});

test('whoever takes the Lease by force is accepted', async (t) => {
  const run = await election(t);
  const one = await run.add('pod-a');
  const lease = run.api.store.get(leases, 'fairway', 'leader');
  assert.ok(lease !== undefined);
  run.api.set(leases, { ...lease, spec: { ...run.spec(), holderIdentity: 'somebody' } });
  await run.advance(6_000, () => !one.elector.leading());
  assert.deepEqual(one.changes, [true, false]);
  assert.equal(one.elector.holder(), 'somebody');
});

test('what others wrote into the Lease stays', async (t) => {
  const run = await election(t);
  run.api.set(leases, {
    metadata: { name: 'leader', namespace: 'fairway', labels: { 'app.kubernetes.io/name': 'fairway' } },
    spec: { holderIdentity: '' },
  });
  await run.add('pod-a');
  await run.advance(5_000);
  const lease = run.api.store.get(leases, 'fairway', 'leader');
  assert.deepEqual(lease?.metadata.labels, { 'app.kubernetes.io/name': 'fairway' });
});

test('of a hundred candidates one leads, with at most 60 requests a second', async (t) => {
  const run = await election(t);
  for (let at = 0; at < 100; at += 1) await run.add(`pod-${at}`);
  const before = run.api.requests.length;
  await run.advance(10_000);
  const perSecond = (run.api.requests.length - before) / 10;
  assert.ok(perSecond <= 60, `${perSecond} requests a second`);
  assert.equal(run.leaders().length, 1);
});

test('a missing right is named', async (t) => {
  const api = await new FakeApi({ rights: [] }).start();
  t.after(() => api.stop());
  const one = await new Election(t, api).add('pod-a');
  assert.ok(!one.elector.leading());
  const [line] = one.log.with({ level: 'warn' });
  assert.match(
    String(line?.['message']),
    /Add to the Role in namespace fairway of Fairway: apiGroups: \["coordination\.k8s\.io"\], resources: \["leases"\]/,
  );
});
