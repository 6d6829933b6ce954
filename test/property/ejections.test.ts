import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';

import fc from 'fast-check';

import { CoarseTimers } from '../../src/lib/coarse-timers.ts';
import type { EndpointId } from '../../src/model/ids.ts';
import type { Ejection } from '../../src/model/messages.ts';
import type { EjectionPolicy } from '../../src/model/pool-policy.ts';
import { defaultEjection } from '../../src/model/pool-policy.ts';
import type { Upstream } from '../../src/model/upstream.ts';
import { balancers } from '../../src/proxy/balancing/table.ts';
import { UpstreamSet } from '../../src/proxy/upstreams/upstream-set.ts';
import type { UpstreamState } from '../../src/proxy/upstreams/upstream-state.ts';
import { endpoint, seededRandom, upstreamOf } from '../support/endpoints.ts';
import { MovedTime } from '../support/moved-time.ts';

type Step =
  | {
      readonly kind: 'try';
      readonly at: number;
      readonly result: 'refused' | 'failed' | 200 | 503;
      readonly ageMs: number;
    }
  | { readonly kind: 'time'; readonly ms: number }
  /** Digit per endpoint: 0 gone, 1 ready, 2 draining. */
  | { readonly kind: 'members'; readonly states: readonly number[] }
  | { readonly kind: 'checks'; readonly failing: readonly number[] }
  | { readonly kind: 'other-worker'; readonly at: number; readonly durationMs: number; readonly times: number }
  | { readonly kind: 'policy'; readonly policy: EjectionPolicy };

const most = 6;
/** The timers notice what is due this much late. */
const resolutionMs = 100;

const policies: fc.Arbitrary<EjectionPolicy> = fc.record({
  refusals: fc.integer({ min: 0, max: 3 }),
  consecutiveFailures: fc.integer({ min: 0, max: 5 }),
  failureRate: fc.constantFrom(0, 0.2, 0.5, 1),
  minimumRequests: fc.integer({ min: 1, max: 6 }),
  intervalMs: fc.constantFrom(1_000, 10_000),
  statuses: fc.constantFrom<number[][]>([], [503]),
  baseMs: fc.constantFrom(100, 1_000),
  maxMs: fc.constantFrom(1_000, 10_000),
  maxShare: fc.constantFrom(0, 0.1, 0.29, 0.5, 0.9, 1),
});

const steps: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('try' as const),
      at: fc.nat(most - 1),
      result: fc.constantFrom('refused' as const, 'refused' as const, 'failed' as const, 200 as const, 503 as const),
      ageMs: fc.constantFrom(0, 0, 0, 500, 5_000),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('time' as const),
      ms: fc.constantFrom(1, 100, 900, 1_100, 5_000, 30_000),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('members' as const),
      states: fc.array(fc.nat(2), { minLength: most, maxLength: most }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('checks' as const), failing: fc.uniqueArray(fc.nat(most - 1)) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('other-worker' as const),
      at: fc.nat(most - 1),
      durationMs: fc.integer({ min: 1, max: 20_000 }),
      times: fc.integer({ min: 1, max: 31 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('policy' as const), policy: policies }) },
);

/** One worker that goes through the steps, and what is known of it from outside. */
class Run {
  readonly decided: Ejection[] = [];
  readonly #time: MovedTime;
  readonly #set: UpstreamSet;
  readonly #timesBefore = new Map<EndpointId, number>();
  #upstream: Upstream;
  #count = 0;
  #failing = new Set<EndpointId>();
  /** The longest that any policy so far allows. */
  #longestMs: number;

  constructor(time: MovedTime, policy: EjectionPolicy) {
    this.#time = time;
    this.#longestMs = policy.maxMs;
    this.#set = new UpstreamSet({
      makePicker: ({ balancing: { algorithm } }, endpoints, previous) =>
        balancers[algorithm](endpoints, seededRandom(1), () => 0, previous),
      onChecksIgnored: () => undefined,
      ejection: {
        onEjected: (_upstream, ejection) => this.#check(ejection),
        onPrevented: () => undefined,
        onCount: (_upstream, out) => void (this.#count = out),
      },
      now: time.clock.now,
      timers: new CoarseTimers(time.clock.now, resolutionMs),
    });
    const endpoints = Array.from({ length: most }, (_, at) => endpoint(at));
    this.#upstream = { ...upstreamOf(endpoints), ejection: policy };
    this.#publish();
  }

  get state(): UpstreamState {
    const state = this.#set.get(this.#upstream.id);
    assert.ok(state !== undefined);
    return state;
  }

  get out(): readonly EndpointId[] {
    return [...this.state.endpoints.values()].filter((one) => one.ejection.isOut).map((one) => one.endpoint.id);
  }

  take(step: Step): void {
    for (const [id, state] of this.state.endpoints) this.#timesBefore.set(id, state.ejection.times);
    switch (step.kind) {
      case 'try':
        return this.#try(step);
      case 'time':
        return this.#time.pass(step.ms);
      case 'members':
        return this.#members(step.states);
      case 'checks':
        return this.#checks(step.failing.map((at) => endpoint(at).id));
      case 'other-worker': {
        const { at, durationMs, times } = step;
        const named = { upstream: this.#upstream.id, endpoint: endpoint(at).id };
        return void this.#set.ejections.follow({ ...named, reason: 'refused', durationMs, times });
      }
      case 'policy':
        this.#longestMs = Math.max(this.#longestMs, step.policy.maxMs);
        this.#upstream = { ...this.#upstream, ejection: step.policy };
        return this.#publish();
    }
  }

  /** Laws that hold after every step. */
  hold(): void {
    const { endpoints, pickable } = this.state;
    const all = [...endpoints.values()];
    const ready = all.filter((one) => one.endpoint.state === 'ready');
    const pool = ready.length > 0 ? ready : all;
    const out = pool.filter((one) => one.ejection.isOut);
    assert.ok(
      out.length <= pool.length * (this.#upstream.ejection?.maxShare ?? 0) + 1e-9,
      'more than the share is out',
    );
    assert.ok(out.length < pool.length || pool.length === 0, 'all are out');
    assert.equal(pickable.length === 0, all.length === 0, 'nothing can be picked, though there is something');
    const picks = pickable.filter((one) => !one.ejection.isOut);
    assert.ok(picks.length === pickable.length || picks.length === 0, 'ejected ones are picked beside others');
    const better = pool.filter((one) => !one.ejection.isOut && !this.#failing.has(one.endpoint.id));
    if (better.length > 0) assert.deepEqual(pickable, better);
    assert.equal(this.#count, this.out.length, 'the gauge');
    for (const { ejection } of all) {
      const { failures, refusals, intervalFailures, intervalRequests, times, until } = ejection;
      for (const count of [failures, refusals, intervalFailures, times]) assert.ok(count >= 0);
      assert.ok(intervalRequests >= intervalFailures);
      assert.equal(ejection.isOut, until > 0);
      assert.ok(until <= this.#time.clock.now() + this.#longestMs, 'out for longer than allowed');
    }
  }

  /** Nobody fails any more: after the longest time everyone is in. */
  end(): void {
    this.#time.pass(this.#longestMs + resolutionMs);
    assert.deepEqual(this.out, []);
    this.hold();
  }

  #try({ at, result, ageMs }: Step & { kind: 'try' }): void {
    const one = this.state.endpoints.get(endpoint(at).id);
    if (one === undefined) return;
    const startedAt = this.#time.clock.now() - ageMs;
    const { ejections } = this.#set;
    if (typeof result === 'number') ejections.answered(this.state, one, result, startedAt);
    else ejections.failed(this.state, one, result, startedAt);
  }

  #members(states: readonly number[]): void {
    const endpoints = states.flatMap((state, at) =>
      state === 0 ? [] : [endpoint(at, { state: state === 1 ? 'ready' : 'draining' })],
    );
    const gone = this.out.filter((id) => !endpoints.some((one) => one.id === id));
    this.#upstream = { ...this.#upstream, endpoints };
    this.#publish();
    for (const id of gone) assert.ok(!this.out.includes(id));
  }

  #checks(failing: readonly EndpointId[]): void {
    this.#failing = new Set(failing);
    this.#set.health(new Map([[this.#upstream.id, failing]]));
  }

  #publish(): void {
    const { id } = this.#upstream;
    this.#set.prepare({ set: new Map([[id, this.#upstream]]), removed: [] })();
  }

  /** The first ejection lasts the base time, each further one in a row twice as long, up to the longest. */
  #check(ejection: Ejection): void {
    const { baseMs, maxMs } = this.#upstream.ejection ?? defaultEjection;
    const before = this.#timesBefore.get(ejection.endpoint) ?? 0;
    assert.ok(ejection.times === 1 || ejection.times === Math.min(31, before + 1), `${before}, then ${ejection.times}`);
    assert.equal(ejection.durationMs, Math.min(maxMs, baseMs * 2 ** (ejection.times - 1)));
    this.decided.push(ejection);
  }
}

test('whatever happens, a share of the pool stays in, times double up to a bound, and nobody is out for ever', (t) => {
  const time = new MovedTime(t);
  let decided = 0;
  fc.assert(
    fc.property(policies, fc.array(steps, { minLength: 60, maxLength: 100 }), (policy, sequence) => {
      const run = new Run(time, policy);
      run.hold();
      for (const step of sequence) {
        run.take(step);
        run.hold();
      }
      run.end();
      decided += run.decided.length;
    }),
    { numRuns: 500 },
  );
  assert.ok(decided > 500, `only ${decided} ejections`);
  assert.equal(time.intervals.size, 0, 'a timer runs though nobody is out');
});

/** Ejections of one endpoint of three that refuses whenever it is in, for so long. */
function timesOut(t: TestContext, forMs: number): number[] {
  const time = new MovedTime(t);
  const run = new Run(time, defaultEjection);
  for (let passed = 0; passed < forMs; passed += resolutionMs) {
    run.take({ kind: 'try', at: 0, result: 'refused', ageMs: 0 });
    run.take({ kind: 'time', ms: resolutionMs });
  }
  return run.decided.map((one) => one.durationMs);
}

test('an endpoint that refuses for a minute is out for 1, 2, 4, 8 and then 10 seconds each', (t) => {
  assert.deepEqual(timesOut(t, 60_000), [1_000, 2_000, 4_000, 8_000, 10_000, 10_000, 10_000, 10_000, 10_000]);
});
