import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';

import fc from 'fast-check';

import type { BalancingAlgorithm } from '../../src/model/upstream.ts';
import type { Exchange } from '../../src/proxy/exchange/exchange.ts';
import type { FailureName } from '../../src/proxy/exchange/failure.ts';
import { serveExchange } from '../../src/proxy/runtime/serve-exchange.ts';
import type { OnHead, Transport, TryOptions, TryOutcome } from '../../src/proxy/runtime/transport.ts';
import type { EndpointState } from '../../src/proxy/upstreams/endpoint-state.ts';
import type { UpstreamState } from '../../src/proxy/upstreams/upstream-state.ts';
import { endpoint, seededRandom, upstreamOf } from '../support/endpoints.ts';
import { MovedTime } from '../support/moved-time.ts';
import type { RuntimeFixture } from '../support/proxy.ts';
import { exchangeOf, forwardRoute, runtimeFixture, snapshotOf, virtualHost } from '../support/proxy.ts';

/** Endpoints that return from ejection get one request at a time, and come back in the end. */

type Step =
  | { readonly kind: 'arrive'; readonly method: string; readonly key: number }
  | { readonly kind: 'head' | 'good'; readonly at: number }
  | { readonly kind: 'bad'; readonly at: number; readonly failure: FailureName }
  | { readonly kind: 'time'; readonly ms: number };

const algorithms: readonly BalancingAlgorithm[] = [
  'round_robin',
  'least_conn',
  'random_two',
  'ewma',
  'hash',
  'ip_hash',
  'weighted',
];
const count = 4;
const [baseMs, maxMs, resolutionMs] = [500, 2_000, 100];
const ejection = {
  refusals: 1,
  consecutiveFailures: 2,
  failureRate: 0,
  minimumRequests: 20,
  intervalMs: 10_000,
  statuses: [],
  baseMs,
  maxMs,
  maxShare: 0.5,
};

const at = fc.nat(40);
const steps: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.record({
      kind: fc.constant('arrive' as const),
      method: fc.constantFrom('GET', 'GET', 'POST'),
      key: fc.nat(50),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constantFrom('head' as const, 'good' as const), at }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('bad' as const),
      at,
      failure: fc.constantFrom<FailureName>('connect-refused', 'read-timeout', 'client-closed'),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('time' as const), ms: fc.constantFrom(10, 200, 600, 1_500) }) },
);

/** One exchange; its endpoint does what the test says. */
class Visitor implements Transport {
  readonly exchange: Exchange;
  place: EndpointState | undefined = undefined;
  beganAt = 0;
  /** Returns of its endpoint before it began. */
  returns = 0;
  answered = false;
  readonly #world: World;
  #onHead: OnHead | undefined = undefined;
  #end: ((outcome: TryOutcome) => void) | undefined = undefined;

  constructor(world: World, method: string, key: number) {
    this.#world = world;
    this.exchange = exchangeOf({ method, peerAddress: `192.0.2.${key}`, target: `/${key}` });
  }

  async respond(): Promise<void> {}

  watchClient(): void {}

  forward(exchange: Exchange, _options: TryOptions, onHead: OnHead): Promise<TryOutcome> {
    assert.ok(exchange.endpoint !== undefined);
    this.#onHead = onHead;
    this.#world.begun(this, exchange.endpoint);
    return new Promise((resolve) => (this.#end = resolve));
  }

  head(): void {
    if (this.answered) return;
    this.answered = true;
    this.exchange.status = 200;
    this.exchange.upstreamStatus = 200;
    this.#onHead?.(this.exchange, false);
  }

  finish(failure?: FailureName): void {
    if (failure === undefined) this.head();
    this.place = undefined;
    this.#end?.({ committed: this.answered, bodyConsumed: false, ...(failure !== undefined && { failure }) });
  }
}

class World {
  readonly #time: MovedTime;
  readonly #fixture: RuntimeFixture;
  #running: Visitor[] = [];
  trials = 0;
  passedBy = 0;

  constructor(time: MovedTime, algorithm: BalancingAlgorithm, slowStartMs: number, seed: number) {
    this.#time = time;
    const balancing = algorithm === 'hash' ? { algorithm, hashBy: '$request_uri' } : { algorithm };
    const endpoints = Array.from({ length: count }, (_, one) => endpoint(one));
    const upstream = { ...upstreamOf(endpoints, balancing), slowStartMs, ejection };
    this.#fixture = runtimeFixture(snapshotOf([virtualHost('h', forwardRoute('/'))], [upstream]), {
      clock: time.clock,
      random: seededRandom(seed),
    });
  }

  get state(): UpstreamState {
    return this.#fixture.runtime.upstreams.get(upstreamOf([]).id) ?? assert.fail();
  }

  async take(step: Step): Promise<void> {
    if (step.kind === 'time') this.#time.pass(step.ms);
    else if (step.kind === 'arrive') this.arrive(step.method, step.key);
    else this.#answer(step);
    await settled();
    this.#hold();
  }

  arrive(method: string, key: number): Visitor {
    const visitor = new Visitor(this, method, key);
    void serveExchange(visitor.exchange, visitor, this.#fixture.runtime);
    return visitor;
  }

  /** Called by the transport, at once when it arrives: law of every choice. */
  begun(visitor: Visitor, place: EndpointState): void {
    const { halfOpen, pickable } = this.state;
    const now = this.#time.clock.now();
    const isMet = this.#mustPassBy(visitor, place, now);
    if (isMet) {
      const others = pickable.filter((one) => one !== place && !halfOpen.includes(one));
      assert.deepEqual(others, [], `${place.endpoint.id} is used beside its trial, though others are there`);
    }
    if (halfOpen.includes(place) && !isMet) this.trials += 1;
    if (halfOpen.some((one) => one !== place && this.#mustPassBy(visitor, one, now))) this.passedBy += 1;
    visitor.place = place;
    visitor.beganAt = now;
    visitor.returns = place.ejection.returns;
    this.#running.push(visitor);
  }

  /** All answer again: nobody is out or half-open a while later, whatever the method of what comes. */
  async end(method: string): Promise<void> {
    for (const one of this.#running) one.finish();
    this.#time.pass(maxMs + resolutionMs);
    await settled();
    this.#time.pass(maxMs + resolutionMs);
    // Latencies are forgotten.
    this.#time.pass(300_000);
    for (let key = 0; key < 250; key += 1) {
      this.arrive(method, key).finish();
      await settled();
      this.#hold();
    }
    const { endpoints, halfOpen } = this.state;
    assert.deepEqual(halfOpen, [], 'an endpoint does not come back');
    for (const one of endpoints.values()) assert.deepEqual([one.inFlight, one.ejection.isOut], [0, false]);
  }

  /** Half-open, with a trial that is not too old, or back for too short a time for what is not repeated. */
  #mustPassBy(visitor: Visitor, one: EndpointState, now: number): boolean {
    if (!this.state.halfOpen.includes(one)) return false;
    const trials = this.#running.filter(({ place, returns }) => place === one && returns === one.ejection.returns);
    if (trials.some(({ beganAt }) => now - beganAt < maxMs)) return true;
    return visitor.exchange.request.method === 'POST' && now - one.ejection.returnedAt < baseMs - resolutionMs;
  }

  #hold(): void {
    assert.deepEqual(this.#fixture.bugs, []);
    this.#running = this.#running.filter(({ place }) => place !== undefined);
    const { endpoints, halfOpen } = this.state;
    for (const one of endpoints.values()) {
      const { isOut, onProbation, returns, trials } = one.ejection;
      assert.equal(halfOpen.includes(one), one.ejection.halfOpen);
      if (!one.ejection.halfOpen) continue;
      assert.ok(onProbation && !isOut);
      const held = this.#running.filter((visitor) => visitor.place === one && visitor.returns === returns);
      assert.equal(trials, held.length);
      assert.ok(!held.some(({ answered }) => answered), 'a trial has been answered');
    }
  }

  #answer(step: Exclude<Step, { kind: 'arrive' | 'time' }>): void {
    const visitor = this.#running[step.at % Math.max(1, this.#running.length)];
    if (step.kind === 'head') visitor?.head();
    else visitor?.finish(step.kind === 'bad' ? step.failure : undefined);
  }
}

async function settled(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

for (const algorithm of algorithms) {
  test(`${algorithm}: one trial at a time while others are fit, and every endpoint comes back`, async (t: TestContext) => {
    const time = new MovedTime(t);
    let trials = 0;
    let passedBy = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(steps, { minLength: 60, maxLength: 120 }),
        fc.constantFrom(0, 1_000),
        fc.constantFrom('GET', 'POST'),
        fc.nat(),
        async (sequence, slowStartMs, method, seed) => {
          const world = new World(time, algorithm, slowStartMs, seed);
          for (const step of sequence) await world.take(step);
          await world.end(method);
          trials += world.trials;
          passedBy += world.passedBy;
        },
      ),
      { numRuns: 60, endOnFailure: true },
    );
    assert.ok(trials > 50 && passedBy > 200, `${trials} trials, ${passedBy} picks passed one by`);
  });
}
