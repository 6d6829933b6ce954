import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';

import type { EndpointId } from '../../../../src/model/ids.ts';
import type { Ejection } from '../../../../src/model/messages.ts';
import type { EjectionPolicy } from '../../../../src/model/pool-policy.ts';
import { defaultEjection } from '../../../../src/model/pool-policy.ts';
import type { Endpoint } from '../../../../src/model/upstream.ts';
import type { FailureName } from '../../../../src/proxy/exchange/failure.ts';
import { serveExchange } from '../../../../src/proxy/runtime/serve-exchange.ts';
import { sinceEver } from '../../../../src/proxy/upstreams/endpoint-state.ts';
import type { UpstreamState } from '../../../../src/proxy/upstreams/upstream-state.ts';
import { createCounters } from '../../../../src/telemetry/counters.ts';
import type { Counters } from '../../../../src/telemetry/counters.ts';
import { endpoint, upstreamOf } from '../../../support/endpoints.ts';
import { MovedTime } from '../../../support/moved-time.ts';
import type { RuntimeFixture, ScriptedTry } from '../../../support/proxy.ts';
import {
  ScriptedTransport,
  exchangeOf,
  forwardRoute,
  runtimeFixture,
  snapshotOf,
  virtualHost,
} from '../../../support/proxy.ts';

const pods = [endpoint(1), endpoint(2), endpoint(3)];
const [a, b, c] = pods;
assert.ok(a && b && c);

/** One worker with three endpoints, whose time the test moves. */
class Worker {
  readonly told: Ejection[] = [];
  readonly #time: MovedTime;
  readonly #fixture: RuntimeFixture;
  readonly #counters: Counters = createCounters({ timeBuckets: [], lengthBuckets: [], sizeBuckets: [] });

  constructor(t: TestContext, policy: Partial<EjectionPolicy> = {}) {
    this.#time = new MovedTime(t);
    this.#fixture = runtimeFixture(snapshot(pods, policy), {
      clock: this.#time.clock,
      counters: this.#counters,
      onEjected: (_upstream, ejection) => this.told.push(ejection),
    });
  }

  get state(): UpstreamState {
    const state = this.#fixture.runtime.upstreams.get(upstreamOf([]).id);
    assert.ok(state !== undefined);
    return state;
  }

  get isServing(): boolean {
    return this.#fixture.runtime.upstreams.get(upstreamOf([]).id) !== undefined;
  }

  get reasons(): string[] {
    return this.told.map((one) => one.reason);
  }

  get pickable(): EndpointId[] {
    return this.state.pickable.map((one) => one.endpoint.id);
  }

  serve(endpoints: readonly Endpoint[], policy: Partial<EjectionPolicy> = {}): void {
    this.#fixture.serve(snapshot(endpoints, policy));
  }

  withoutUpstream(): void {
    this.#fixture.serve(snapshotOf([virtualHost('h', forwardRoute('/'))], []));
  }

  checksFail(...failing: readonly Endpoint[]): void {
    this.#fixture.runtime.health(new Map([[upstreamOf([]).id, failing.map(({ id }) => id)]]));
  }

  pass(ms: number): void {
    this.#time.pass(ms);
  }

  /** One request that goes to this endpoint. */
  async ask({ id }: Endpoint, script: ScriptedTry): Promise<void> {
    const state = this.state;
    const { picker } = state;
    const wanted = state.endpoints.get(id);
    const only = { pick: () => wanted };
    state.picker = only;
    const served = serveExchange(exchangeOf(), new ScriptedTransport(() => script), this.#fixture.runtime);
    if (state.picker === only) state.picker = picker;
    await served;
  }

  async fail(one: Endpoint, failure: FailureName, count = 1, status?: number): Promise<void> {
    for (let at = 0; at < count; at += 1) {
      const outcome = { outcome: { failure } };
      await this.ask(one, status === undefined ? outcome : { ...outcome, status });
    }
  }

  follow(one: Endpoint, more: Partial<Ejection> = {}): string {
    const told = {
      upstream: upstreamOf([]).id,
      endpoint: one.id,
      reason: 'refused',
      durationMs: 1_000,
      times: 1,
    } as const;
    return this.#fixture.runtime.follow({ ...told, ...more });
  }

  counted(metric: string): number {
    const samples = this.#counters.samples().filter((one) => one.metric === metric);
    return samples.reduce((sum, { values }) => sum + (values[0] ?? 0), 0);
  }
}

function snapshot(endpoints: readonly Endpoint[], policy: Partial<EjectionPolicy>): ReturnType<typeof snapshotOf> {
  const upstream = { ...upstreamOf(endpoints), ejection: { ...defaultEjection, ...policy } };
  return snapshotOf([virtualHost('h', forwardRoute('/'))], [upstream]);
}

const good: ScriptedTry = { status: 200 };

test('one refused connection: out for a second, which the others are told', async (t) => {
  const worker = new Worker(t);
  await worker.fail(a, 'connect-refused');
  assert.deepEqual(worker.pickable, [b.id, c.id]);
  assert.deepEqual(worker.told, [
    { upstream: worker.state.upstream.id, endpoint: a.id, reason: 'refused', durationMs: 1_000, times: 1 },
  ]);
  assert.equal(worker.counted('fairway_endpoints_ejected'), 1);
  worker.pass(900);
  assert.deepEqual(worker.pickable, [b.id, c.id]);
  worker.pass(200);
  assert.deepEqual(worker.pickable, [a.id, b.id, c.id]);
  assert.equal(worker.counted('fairway_endpoints_ejected'), 0);
});

test('five failures in a row: out; a success in between begins anew', async (t) => {
  const worker = new Worker(t);
  await worker.fail(a, 'upstream-reset', 4);
  await worker.ask(a, good);
  await worker.fail(a, 'read-timeout', 4);
  assert.deepEqual(worker.told, []);
  await worker.fail(a, 'connect-timeout');
  assert.deepEqual([worker.reasons, worker.pickable], [['consecutive-failures'], [b.id, c.id]]);
});

test('what clients do, what filters refuse and what an application answers never counts', async (t) => {
  const worker = new Worker(t, { consecutiveFailures: 1 });
  for (const failure of ['client-closed', 'client-timeout', 'body-too-large'] as const) await worker.fail(a, failure);
  await worker.ask(a, { status: 503 });
  assert.deepEqual(worker.told, []);
});

test('how a tunnel ends and silence in the middle of an answer do not count, an answer that breaks off does', async (t) => {
  const worker = new Worker(t, { consecutiveFailures: 1 });
  await worker.fail(a, 'read-timeout', 1, 101);
  await worker.fail(a, 'read-timeout', 1, 200);
  assert.deepEqual(worker.told, []);
  await worker.fail(a, 'upstream-reset', 1, 200);
  assert.deepEqual(worker.pickable, [b.id, c.id]);
});

test('a tunnel that opens is a success', async (t) => {
  const worker = new Worker(t);
  await worker.fail(a, 'upstream-reset', 4);
  await worker.ask(a, { status: 101 });
  await worker.fail(a, 'upstream-reset', 4);
  assert.deepEqual(worker.told, []);
});

test('statuses count when the policy names them', async (t) => {
  const worker = new Worker(t, { statuses: [502, 503], consecutiveFailures: 2 });
  await worker.ask(a, { status: 503 });
  await worker.ask(a, { status: 500 });
  await worker.ask(a, { status: 502 });
  assert.deepEqual(worker.told, []);
  await worker.ask(a, { status: 503 });
  assert.deepEqual(worker.pickable, [b.id, c.id]);
});

test('a share of failures within the interval suffices, from enough requests on', async (t) => {
  const worker = new Worker(t, { consecutiveFailures: 0, failureRate: 0.5, minimumRequests: 6 });
  for (let at = 0; at < 2; at += 1) {
    await worker.ask(a, good);
    await worker.fail(a, 'upstream-reset');
  }
  // Another interval: what was counted is forgotten.
  worker.pass(10_000);
  for (let at = 0; at < 3; at += 1) {
    assert.deepEqual(worker.told, []);
    await worker.ask(a, good);
    await worker.fail(a, 'upstream-reset');
  }
  assert.deepEqual([worker.reasons, worker.pickable], [['failure-rate'], [b.id, c.id]]);
});

test('back on probation: one failure doubles the time, a success ends it, and good times are the end of doubling', async (t) => {
  const worker = new Worker(t);
  await worker.fail(a, 'connect-refused');
  worker.pass(1_100);
  await worker.fail(a, 'upstream-reset');
  assert.deepEqual([worker.told[1]?.durationMs, worker.told[1]?.times], [2_000, 2]);
  worker.pass(2_100);
  await worker.ask(a, good);
  await worker.fail(a, 'upstream-reset');
  assert.equal(worker.told.length, 2, 'after a success one failure is nothing');
  await worker.fail(a, 'connect-refused');
  assert.equal(worker.told[2]?.durationMs, 4_000, 'but it was in for too short a time');
  worker.pass(4_100);
  worker.pass(10_000);
  await worker.fail(a, 'upstream-reset');
  assert.equal(worker.told.length, 3, 'probation ends with time as well');
  await worker.fail(a, 'connect-refused');
  assert.equal(worker.told[3]?.durationMs, 1_000);
});

test('an endpoint that returns ramps up as one that became ready', async (t) => {
  const worker = new Worker(t);
  const state = worker.state.endpoints.get(a.id);
  assert.ok(state !== undefined);
  assert.equal(state.readySince, sinceEver);
  await worker.fail(a, 'connect-refused');
  worker.pass(1_100);
  assert.equal(state.readySince, state.ejection.returnedAt);
});

test('what began before an endpoint returned says nothing of it', async (t) => {
  const worker = new Worker(t);
  const old = worker.ask(a, {
    outcome: { failure: 'read-timeout' },
    meanwhile: async () => {
      await worker.fail(a, 'connect-refused');
      worker.pass(1_100);
    },
  });
  await old;
  assert.equal(worker.told.length, 1);
  assert.deepEqual(worker.pickable, [a.id, b.id, c.id]);
});

test('half of the pool stays; who returns makes room', async (t) => {
  const worker = new Worker(t);
  await worker.fail(a, 'connect-refused');
  await worker.fail(b, 'connect-refused');
  assert.deepEqual(worker.pickable, [b.id, c.id]);
  assert.equal(worker.counted('fairway_ejections_prevented_total'), 1);
  worker.pass(1_100);
  await worker.fail(b, 'connect-refused');
  assert.deepEqual(worker.pickable, [a.id, c.id]);
});

test('a pool that gets smaller takes back who would be back first', async (t) => {
  const worker = new Worker(t, { maxShare: 0.7 });
  await worker.fail(a, 'connect-refused');
  worker.pass(500);
  await worker.fail(b, 'connect-refused');
  assert.deepEqual(worker.pickable, [c.id]);
  worker.serve([a, b]);
  assert.deepEqual(worker.pickable, [a.id]);
});

test('a policy that is switched off lets everyone in at once', async (t) => {
  const worker = new Worker(t);
  await worker.fail(a, 'connect-refused');
  worker.serve(pods, { maxShare: 0 });
  assert.deepEqual(worker.pickable, [a.id, b.id, c.id]);
  await worker.fail(a, 'connect-refused', 6);
  assert.deepEqual(worker.pickable, [a.id, b.id, c.id]);
  assert.equal(worker.counted('fairway_endpoints_ejected'), 0);
});

test('an endpoint that leaves and comes again is new, and so is its upstream', async (t) => {
  const worker = new Worker(t);
  await worker.fail(a, 'connect-refused');
  worker.serve([b, c]);
  worker.serve(pods);
  assert.deepEqual(worker.pickable, [a.id, b.id, c.id]);
  await worker.fail(a, 'connect-refused');
  assert.equal(worker.told[1]?.times, 1);
  worker.withoutUpstream();
  assert.equal(worker.counted('fairway_endpoints_ejected'), 0);
  worker.serve(pods);
  assert.deepEqual(worker.pickable, [a.id, b.id, c.id]);
});

test('a try that fails when its upstream is gone changes nothing', async (t) => {
  const worker = new Worker(t);
  await worker.ask(a, { outcome: { failure: 'connect-refused' }, meanwhile: () => worker.withoutUpstream() });
  assert.equal(worker.isServing, false);
  assert.deepEqual(worker.told, []);
});

test('what another worker says counts here as well, within the same share, and is not told again', (t) => {
  const worker = new Worker(t);
  assert.equal(worker.follow(a, { durationMs: 4_000, times: 3 }), 'followed');
  assert.deepEqual(worker.pickable, [b.id, c.id]);
  assert.equal(worker.follow(b), 'left');
  assert.equal(worker.follow(endpoint(9)), 'left');
  // Two workers at the same moment: the later end counts.
  assert.equal(worker.follow(a, { durationMs: 1_000, times: 1 }), 'followed');
  worker.pass(2_000);
  assert.deepEqual(worker.pickable, [b.id, c.id]);
  worker.pass(2_100);
  assert.deepEqual(worker.pickable, [a.id, b.id, c.id]);
  assert.deepEqual(worker.told, []);
});

test('the time that another worker says is bounded, and its count goes on here', async (t) => {
  const worker = new Worker(t);
  worker.follow(a, { durationMs: 1e9, times: 2 });
  worker.pass(10_100);
  assert.deepEqual(worker.pickable, [a.id, b.id, c.id]);
  await worker.fail(a, 'connect-refused');
  assert.deepEqual([worker.told[0]?.times, worker.told[0]?.durationMs], [3, 4_000]);
});

test('ejected endpoints serve when all others fail their checks', async (t) => {
  const worker = new Worker(t);
  await worker.fail(a, 'connect-refused');
  worker.checksFail(b);
  assert.deepEqual(worker.pickable, [c.id]);
  worker.checksFail(b, c);
  assert.deepEqual(worker.pickable, [a.id]);
  assert.equal(worker.state.pickableReason, 'healthy');
  worker.checksFail(a, b, c);
  assert.deepEqual(worker.pickable, [b.id, c.id], 'when checks are ignored, ejections are not');
});

test('an ejected endpoint that is the last of the ready ones is in again', async (t) => {
  const worker = new Worker(t);
  await worker.fail(a, 'connect-refused');
  const draining = (one: Endpoint): Endpoint => ({ ...one, state: 'draining' });
  worker.serve([a, draining(b), draining(c)]);
  assert.deepEqual(worker.pickable, [a.id], 'alone it is in again');
});
