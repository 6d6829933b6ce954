import assert from 'node:assert/strict';
import { mock, test } from 'node:test';

import fc from 'fast-check';

import type { UpstreamLimits } from '../../src/model/pool-policy.ts';
import type { Snapshot } from '../../src/model/snapshot.ts';
import type { Exchange } from '../../src/proxy/exchange/exchange.ts';
import type { FailureName } from '../../src/proxy/exchange/failure.ts';
import type { Filter } from '../../src/proxy/filters/filter.ts';
import { serveExchange } from '../../src/proxy/runtime/serve-exchange.ts';
import type { OnHead, Transport, TryOptions, TryOutcome } from '../../src/proxy/runtime/transport.ts';
import type { EndpointState } from '../../src/proxy/upstreams/endpoint-state.ts';
import { hasRoom, isFull } from '../../src/proxy/upstreams/places.ts';
import type { UpstreamState } from '../../src/proxy/upstreams/upstream-state.ts';
import { createCounters } from '../../src/telemetry/counters.ts';
import { endpoint, upstreamOf } from '../support/endpoints.ts';
import { exchangeOf, forwardRoute, runtimeFixture, snapshotOf, virtualHost } from '../support/proxy.ts';

type Command =
  /** @param bound  number of the endpoint of its session */
  | { readonly kind: 'arrive'; readonly bound?: number }
  | { readonly kind: 'end'; readonly at: number; readonly failure?: FailureName }
  | { readonly kind: 'leave'; readonly at: number }
  | { readonly kind: 'advance'; readonly ms: number }
  | { readonly kind: 'serve'; readonly endpoints: readonly number[]; readonly limits?: UpstreamLimits }
  | { readonly kind: 'forget' };

const limits: fc.Arbitrary<UpstreamLimits> = fc.record(
  {
    connectionsPerEndpoint: fc.integer({ min: 1, max: 3 }),
    connections: fc.integer({ min: 1, max: 4 }),
    pending: fc.oneof(fc.constant(20), fc.integer({ min: 0, max: 4 })),
    pendingMs: fc.constantFrom(100, 500, 20_000),
  },
  { requiredKeys: ['pending', 'pendingMs'] },
);

const endpoints = fc.uniqueArray(fc.integer({ min: 0, max: 3 }), { maxLength: 4 });
const at = fc.nat({ max: 20 });
const command: fc.Arbitrary<Command> = fc.oneof(
  { weight: 8, arbitrary: fc.constant<Command>({ kind: 'arrive' }) },
  { weight: 6, arbitrary: fc.integer({ min: 0, max: 3 }).map<Command>((bound) => ({ kind: 'arrive', bound })) },
  { weight: 5, arbitrary: at.map<Command>((one) => ({ kind: 'end', at: one })) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('end' as const),
      at,
      failure: fc.constantFrom<FailureName>('connect-refused', 'upstream-reset', 'client-closed'),
    }),
  },
  { weight: 3, arbitrary: at.map<Command>((one) => ({ kind: 'leave', at: one })) },
  { weight: 2, arbitrary: fc.integer({ min: 0, max: 1500 }).map<Command>((ms) => ({ kind: 'advance', ms })) },
  {
    weight: 2,
    arbitrary: fc.record(
      { kind: fc.constant('serve' as const), endpoints, limits },
      { requiredKeys: ['kind', 'endpoints'] },
    ),
  },
  { weight: 1, arbitrary: fc.constant<Command>({ kind: 'forget' }) },
);

/** Requests that come, wait, go, fail and leave at random, against what must always hold. */
test('limits hold, nobody overtakes, nobody is forgotten, and everything ends once', async () => {
  mock.timers.enable({ apis: ['setInterval', 'setTimeout'] });
  try {
    await fc.assert(
      fc.asyncProperty(fc.option(limits, { nil: undefined }), fc.boolean(), fc.array(command, { maxLength: 60 }), run),
      { numRuns: 3000 },
    );
  } finally {
    mock.timers.reset();
  }
});

async function run(first: UpstreamLimits | undefined, holds: boolean, commands: readonly Command[]): Promise<void> {
  const world = new World(holds);
  world.serve([0, 1], first);
  for (const one of commands) {
    await world.apply(one);
    world.check();
  }
  await world.end();
}

/** One exchange and what its client and its endpoints do. */
class Visitor implements Transport {
  readonly number: number;
  readonly exchange: Exchange;
  /** Set while it waits, or pauses. */
  onGone: ((failure: FailureName) => void) | undefined = undefined;
  /** It has been refused by all there are, and waits a moment; in no line. */
  pauses = false;
  endpoint: EndpointState | undefined = undefined;
  finished = 0;
  answers = 0;
  readonly #world: World;
  #end: ((outcome: TryOutcome) => void) | undefined = undefined;
  #refused = false;

  constructor(world: World, number: number, bound: number | undefined) {
    this.#world = world;
    this.number = number;
    this.exchange = exchangeOf({ target: bound === undefined ? '/' : `/bound/${bound}` });
  }

  async respond(): Promise<void> {
    this.answers += 1;
  }

  watchClient(listener: ((failure: FailureName) => void) | undefined): void {
    this.onGone = listener;
    const { tried, upstream } = this.exchange;
    this.pauses =
      listener !== undefined && this.#refused && upstream?.pickable.every((one) => tried.includes(one)) === true;
    this.#refused = false;
  }

  forward(exchange: Exchange, _options: TryOptions, onHead: OnHead): Promise<TryOutcome> {
    this.endpoint = exchange.endpoint;
    this.#world.started(this);
    return new Promise((resolve) => {
      this.#end = (outcome) => {
        if (outcome.failure === undefined) {
          exchange.status = 200;
          onHead(exchange, false);
        }
        resolve(outcome);
      };
    });
  }

  finish(failure?: FailureName): void {
    const end = this.#end;
    this.#refused = failure === 'connect-refused';
    this.#end = undefined;
    this.endpoint = undefined;
    end?.(
      failure === undefined
        ? { committed: true, bodyConsumed: false }
        : { failure, committed: false, bodyConsumed: false },
    );
  }
}

class World {
  readonly visitors: Visitor[] = [];
  readonly #counters = createCounters({ timeBuckets: [], lengthBuckets: [], sizeBuckets: [] });
  readonly #fixture: ReturnType<typeof runtimeFixture>;
  readonly #holds: boolean;
  #now = 1000;
  /** Upstreams that were there; one that was forgotten is another one when it comes back. */
  readonly #upstreams = new Set<UpstreamState>();

  constructor(holds: boolean) {
    this.#holds = holds;
    const bind: Filter = { name: 'bind', create: () => ({ select: bindToEndpoint }) };
    const witness: Filter = { name: 'witness', create: () => ({ finish: (exchange) => this.#finished(exchange) }) };
    this.#fixture = runtimeFixture(this.#snapshot([], undefined), {
      clock: { now: () => this.#now, wall: () => this.#now },
      counters: this.#counters,
      filters: [bind, witness],
    });
  }

  get waiting(): Visitor[] {
    return this.visitors.filter(({ onGone, pauses }) => onGone !== undefined && !pauses);
  }

  get inFlight(): Visitor[] {
    return this.visitors.filter((one) => one.endpoint !== undefined);
  }

  serve(numbers: readonly number[], wished: UpstreamLimits | undefined): void {
    this.#fixture.serve(this.#snapshot(numbers, wished));
    const upstream = this.#fixture.runtime.upstreams.get(upstreamOf([]).id);
    if (upstream !== undefined) this.#upstreams.add(upstream);
  }

  async apply(one: Command): Promise<void> {
    switch (one.kind) {
      case 'arrive':
        this.#arrive(one.bound);
        break;
      case 'end': {
        const { inFlight } = this;
        inFlight[one.at % Math.max(1, inFlight.length)]?.finish(one.failure);
        break;
      }
      case 'leave': {
        const here = this.visitors.filter(({ onGone }) => onGone !== undefined);
        here[one.at % Math.max(1, here.length)]?.onGone?.('client-closed');
        break;
      }
      case 'advance':
        this.#advance(one.ms);
        break;
      case 'serve':
        this.serve(one.endpoints, one.limits);
        break;
      case 'forget':
        this.#fixture.serve(snapshotOf([], []));
    }
    await settled();
  }

  /** Called by the transport: this one has got its place just now. */
  started(visitor: Visitor): void {
    const { endpoint: place, exchange } = visitor;
    const { upstream } = exchange;
    assert.ok(place !== undefined && upstream !== undefined);
    const most = upstream.limits?.connectionsPerEndpoint ?? Number.POSITIVE_INFINITY;
    assert.ok(place.inFlight <= most, 'more than the endpoint may hold');
    assert.ok(
      upstream.inFlight <= (upstream.limits?.connections ?? Number.POSITIVE_INFINITY),
      'more than the upstream may hold',
    );
    const before = this.waiting.filter(
      (one) => one.number < visitor.number && one.exchange.upstream === upstream && couldHaveGone(one, upstream, place),
    );
    assert.deepEqual(
      before.map(({ number }) => number),
      [],
      `${visitor.number} has overtaken`,
    );
  }

  /** What holds between any two events. */
  check(): void {
    assert.deepEqual(this.#fixture.bugs, []);
    for (const upstream of this.#upstreams) this.#checkUpstream(upstream);
    for (const one of this.visitors) {
      assert.ok(one.finished <= 1 && one.answers <= 1);
      const states = Number(one.onGone !== undefined) + Number(one.endpoint !== undefined) + one.finished;
      assert.equal(states, 1, 'it waits, or is under way, or has ended');
    }
  }

  async end(): Promise<void> {
    for (let rounds = 0; this.visitors.some(({ finished }) => finished === 0); rounds += 1) {
      assert.ok(rounds < 200, 'it comes to an end');
      for (const one of this.inFlight) one.finish();
      this.#advance(500);
      await settled();
      this.check();
    }
    for (const upstream of this.#upstreams) assert.deepEqual([upstream.inFlight, upstream.waiting?.size ?? 0], [0, 0]);
    const gauges = this.#counters.samples().filter(({ metric }) => metric === 'fairway_requests_waiting');
    for (const { values } of gauges) assert.deepEqual(values, [0]);
  }

  #checkUpstream(upstream: UpstreamState): void {
    const mine = this.inFlight.filter(({ exchange }) => exchange.upstream === upstream);
    assert.equal(upstream.inFlight, mine.length);
    for (const one of upstream.endpoints.values()) {
      assert.equal(one.inFlight, mine.filter((visitor) => visitor.endpoint === one).length);
    }
    const waiting = this.waiting.filter(({ exchange }) => exchange.upstream === upstream);
    assert.equal(upstream.waiting?.size ?? 0, waiting.length);
    if (isFull(upstream)) return;
    const forgotten = waiting.filter((one) => couldHaveGone(one, upstream, undefined));
    assert.deepEqual(forgotten, [], 'nobody waits who could go');
  }

  #arrive(bound: number | undefined): void {
    const visitor = new Visitor(this, this.visitors.length, bound);
    this.visitors.push(visitor);
    void serveExchange(visitor.exchange, visitor, this.#fixture.runtime);
  }

  #finished(exchange: Exchange): void {
    const visitor = this.visitors.find((one) => one.exchange === exchange);
    if (visitor !== undefined) visitor.finished += 1;
  }

  /** In steps of the timers. */
  #advance(ms: number): void {
    for (let left = ms; left > 0; left -= 100) {
      this.#now += Math.min(100, left);
      mock.timers.tick(Math.min(100, left));
    }
  }

  #snapshot(numbers: readonly number[], wished: UpstreamLimits | undefined): Snapshot {
    const retry = { on: ['error'], tries: 3, timeoutMs: 0 } as const;
    const route = forwardRoute('/', { retry, ...(this.#holds && { holdMs: 700 }) });
    const upstream = upstreamOf(numbers.map((number) => endpoint(number)));
    return snapshotOf([virtualHost('h', route)], [wished === undefined ? upstream : { ...upstream, limits: wished }]);
  }
}

function bindToEndpoint(exchange: Exchange): void {
  if (exchange.upstream !== undefined) exchange.endpoint = boundTo(exchange, exchange.upstream);
}

/** The endpoint of its session; undefined when it has none, or it is gone. */
function boundTo({ request }: Exchange, upstream: UpstreamState): EndpointState | undefined {
  const number = /^\/bound\/(\d)$/.exec(request.target)?.[1];
  return number === undefined ? undefined : upstream.endpoints.get(endpoint(Number(number)).id);
}

/**
 * Whether one that waits would have found a place. Those that have tried endpoints are choosy, and are left out.
 * @param taken  a place that somebody else has got just now
 */
function couldHaveGone({ exchange }: Visitor, upstream: UpstreamState, taken: EndpointState | undefined): boolean {
  if (exchange.tried.length > 0) return false;
  const bound = boundTo(exchange, upstream);
  const wanted = bound === undefined ? upstream.pickable : [bound];
  return wanted.some((one) => one === taken || hasRoom(one, upstream.limits));
}

function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
