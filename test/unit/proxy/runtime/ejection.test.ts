import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';

import type { EndpointId } from '../../../../src/model/ids.ts';
import type { Ejection } from '../../../../src/model/messages.ts';
import type { EjectionPolicy, UpstreamLimits } from '../../../../src/model/pool-policy.ts';
import { defaultEjection } from '../../../../src/model/pool-policy.ts';
import type { Endpoint } from '../../../../src/model/upstream.ts';
import type { FailureName } from '../../../../src/proxy/exchange/failure.ts';
import { serveExchange } from '../../../../src/proxy/runtime/serve-exchange.ts';
import { avoidedByCopies } from '../../../../src/proxy/upstreams/ejection-trials.ts';
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

  constructor(t: TestContext, policy: Partial<EjectionPolicy> = {}, limits?: UpstreamLimits) {
    this.#time = new MovedTime(t);
    this.#fixture = runtimeFixture(snapshot(pods, policy, limits), {
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

  /** Where so many requests go, one after the other, as the balancer wants it. */
  async placesOf(method: string, count: number): Promise<ReadonlyMap<EndpointId, number>> {
    const places = new Map<EndpointId, number>();
    for (let at = 0; at < count; at += 1) {
      const exchange = exchangeOf({ method });
      // Clients that leave before an answer: nothing is known of the endpoint.
      const gone: ScriptedTry = { outcome: { failure: 'client-closed' } };
      await serveExchange(exchange, new ScriptedTransport(() => gone), this.#fixture.runtime);
      const { id } = exchange.endpoint?.endpoint ?? assert.fail();
      places.set(id, (places.get(id) ?? 0) + 1);
    }
    return places;
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

function snapshot(
  endpoints: readonly Endpoint[],
  policy: Partial<EjectionPolicy>,
  limits?: UpstreamLimits,
): ReturnType<typeof snapshotOf> {
  const ejection = { ...defaultEjection, ...policy };
  const upstream = { ...upstreamOf(endpoints), ejection, ...(limits !== undefined && { limits }) };
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
  assert.equal(worker.told[3]?.durationMs, 1_000, 'nothing was asked of it for the longest time');
});

test('probation ends with time when heads of answers came but no end', async (t) => {
  const worker = new Worker(t);
  await worker.fail(a, 'connect-refused');
  worker.pass(1_100);
  await worker.fail(a, 'client-closed', 1, 200);
  worker.pass(10_000);
  await worker.fail(a, 'upstream-reset', 4);
  assert.equal(worker.told.length, 1);
});

test('a trial whose time limit is longer than the longest ejection counts, and times double', async (t) => {
  const worker = new Worker(t);
  await worker.fail(a, 'connect-refused');
  worker.pass(1_100);
  await worker.ask(a, { outcome: { failure: 'read-timeout' }, meanwhile: () => worker.pass(60_000) });
  assert.deepEqual([worker.told[1]?.reason, worker.told[1]?.durationMs], ['consecutive-failures', 2_000]);
});

test('an endpoint that returns ramps up as one that became ready, from the answer of its trial on', async (t) => {
  const worker = new Worker(t);
  const state = worker.state.endpoints.get(a.id);
  assert.ok(state !== undefined);
  assert.equal(state.readySince, sinceEver);
  await worker.fail(a, 'connect-refused');
  worker.pass(1_100);
  await worker.ask(a, { status: 200, meanwhile: () => worker.pass(300) });
  assert.equal(state.readySince, state.ejection.returnedAt + 300);
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

test('a retry leaves a half-open endpoint to its trial, and what cannot be repeated does not begin one', async (t) => {
  const worker = new Worker(t);
  await worker.fail(a, 'upstream-reset', 5);
  worker.pass(1_100);
  assert.equal((await worker.placesOf('POST', 12)).get(a.id), undefined);
  await worker.ask(a, {
    status: 200,
    meanwhile: async () => {
      assert.deepEqual((await worker.placesOf('GET', 12)).get(a.id), undefined);
      worker.pass(9_900);
      assert.deepEqual((await worker.placesOf('GET', 12)).get(a.id), undefined);
      // A trial that takes for ever does not keep the endpoint out for ever.
      worker.pass(200);
      assert.ok(((await worker.placesOf('GET', 12)).get(a.id) ?? 0) > 1);
    },
  });
});

test('where nothing can be repeated, the trial comes after as long a time as the endpoint was out', async (t) => {
  const worker = new Worker(t);
  await worker.fail(a, 'upstream-reset', 5);
  worker.pass(1_100);
  worker.pass(800);
  assert.equal((await worker.placesOf('POST', 12)).get(a.id), undefined);
  worker.pass(300);
  assert.equal((await worker.placesOf('POST', 12)).get(a.id), 1, 'the next one waits for as long again');
});

test('a half-open endpoint serves when the others are out, full or gone', async (t) => {
  const worker = new Worker(t);
  await worker.fail(a, 'upstream-reset', 5);
  worker.pass(1_100);
  await worker.ask(a, {
    status: 200,
    meanwhile: async () => {
      worker.checksFail(b, c);
      assert.equal((await worker.placesOf('POST', 3)).get(a.id), 3);
    },
  });
});

test('a half-open endpoint with a trial is used before anybody waits for a place', async (t) => {
  const worker = new Worker(t, {}, { connectionsPerEndpoint: 2, pending: 0, pendingMs: 1 });
  await worker.fail(a, 'upstream-reset', 5);
  worker.pass(1_100);
  const [one, two, three] = [a, b, c].map(({ id }) => worker.state.endpoints.get(id) ?? assert.fail());
  assert.ok(one && two && three);
  await worker.ask(a, {
    status: 200,
    meanwhile: async () => {
      two.inFlight += 2;
      three.inFlight += 1;
      assert.equal((await worker.placesOf('GET', 3)).get(c.id), 3);
      three.inFlight += 1;
      assert.equal((await worker.placesOf('GET', 1)).get(a.id), 1);
      two.inFlight -= 2;
      three.inFlight -= 2;
    },
  });
});

test('the head of an answer ends the trial, also of a tunnel; a status that counts as failure does not', async (t) => {
  const worker = new Worker(t, { statuses: [503] });
  const state = worker.state.endpoints.get(a.id) ?? assert.fail();
  for (const [status, isOver] of [
    [200, true],
    [101, true],
    [404, true],
    [503, false],
  ] as const) {
    await worker.fail(a, 'connect-refused');
    worker.pass(10_100);
    assert.ok(state.ejection.halfOpen);
    await worker.ask(a, { status, outcome: { failure: 'client-closed' } });
    assert.equal(!state.ejection.halfOpen, isOver, `${status}`);
  }
});

test('copies pass a half-open endpoint by while there are others', async (t) => {
  const worker = new Worker(t);
  assert.deepEqual(avoidedByCopies(worker.state), []);
  await worker.fail(a, 'connect-refused');
  worker.pass(1_100);
  assert.deepEqual(
    avoidedByCopies(worker.state).map((one) => one.endpoint.id),
    [a.id],
  );
  worker.checksFail(b, c);
  assert.deepEqual(avoidedByCopies(worker.state), []);
});
