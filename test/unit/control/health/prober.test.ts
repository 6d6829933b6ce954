import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import type { Checker, CheckResult } from '../../../../src/control/health/checks/check.ts';
import { failure, success } from '../../../../src/control/health/checks/check.ts';
import type { CheckedModel, HealthChange } from '../../../../src/control/health/prober.ts';
import { Prober } from '../../../../src/control/health/prober.ts';
import { endpointId, upstreamId } from '../../../../src/model/ids.ts';
import type { EndpointId, UpstreamId } from '../../../../src/model/ids.ts';
import type { UnhealthyEndpoints } from '../../../../src/model/messages.ts';
import type { Endpoint, HealthCheck, Upstream } from '../../../../src/model/upstream.ts';
import { createCounters } from '../../../../src/telemetry/counters.ts';

const cart = upstreamId('shop', 'cart', '80');
const cartAdmin = upstreamId('shop', 'cart', 'admin');

function checkOf(last: number, more: Partial<HealthCheck> = {}): HealthCheck {
  return {
    kind: 'http',
    address: `10.0.0.${last}`,
    port: 8080,
    path: '/',
    scheme: 'http',
    headers: [],
    service: '',
    periodMs: 10_000,
    timeoutMs: 1_000,
    successThreshold: 1,
    failureThreshold: 3,
    ...more,
  };
}

function idOf(last: number): EndpointId {
  return endpointId(`10.0.0.${last}`, 8080);
}

function endpointOf(last: number, state: Endpoint['state'] = 'ready'): Endpoint {
  return { id: idOf(last), address: `10.0.0.${last}`, port: 8080, state, weight: 1 };
}

function upstreamOf(id: UpstreamId, endpoints: readonly Endpoint[]): Upstream {
  return {
    id,
    namespace: 'shop',
    service: 'cart',
    port: '80',
    protocol: 'http',
    balancing: { algorithm: 'round_robin' },
    endpoints,
  };
}

/** Every endpoint of these checks is ready; `others` have no check. */
function modelOf(checked: Record<string, readonly HealthCheck[]>, others: readonly Endpoint[] = []): CheckedModel {
  const healthChecks = new Map<UpstreamId, ReadonlyMap<EndpointId, HealthCheck>>();
  const upstreams = new Map<UpstreamId, Upstream>();
  for (const [name, list] of Object.entries(checked)) {
    const id = name as UpstreamId;
    healthChecks.set(id, new Map(list.map((check) => [endpointId(check.address, 8080), check])));
    const endpoints = list.map((check) => endpointOf(Number(check.address.split('.')[3])));
    upstreams.set(id, upstreamOf(id, [...endpoints, ...others]));
  }
  return { healthChecks, snapshot: { upstreams } };
}

/** A prober whose time, randomness and checks belong to the test. */
class Bench {
  now = 1_000_000;
  randomness = 0;
  /** Answers of endpoints by address; a missing one leaves the check open. */
  answers: Map<string, CheckResult> = new Map();
  /** Addresses in the order in which their checks started. */
  started: string[] = [];
  open: Map<string, (result: CheckResult) => void> = new Map();
  cancelled: string[] = [];
  changes: HealthChange[] = [];
  logged: string[] = [];
  ticking = 0;
  #soon: (() => void)[] = [];
  #tick: () => void = () => {};
  readonly counters = createCounters({ timeBuckets: [1], lengthBuckets: [1], sizeBuckets: [1] });
  readonly prober: Prober;

  constructor(options: { inherited?: UnhealthyEndpoints; concurrency?: number } = {}) {
    this.prober = new Prober({
      clock: { now: () => this.now, wall: () => this.now },
      random: () => this.randomness,
      timers: {
        every: (_ms, run) => {
          this.#tick = run;
          this.ticking += 1;
          return () => (this.ticking -= 1);
        },
        soon: (run) => this.#soon.push(run),
      },
      createChecker: (check, onResult) => this.#checker(check, onResult),
      counters: this.counters,
      log: {
        info: (_fields, message) => this.logged.push(message),
        warn: (_fields, message) => this.logged.push(message),
      },
      onChange: (change) => this.changes.push(change),
      inherited: options.inherited ?? new Map(),
      concurrency: options.concurrency ?? 100,
    });
  }

  update(checked: Record<string, readonly HealthCheck[]>, others: readonly Endpoint[] = []): void {
    this.prober.update(modelOf(checked, others));
    this.settle();
  }

  answer(last: number, result: CheckResult): void {
    this.answers.set(`10.0.0.${last}`, result);
  }

  pass(ms: number): void {
    const end = this.now + ms;
    while (this.now < end) {
      this.now = Math.min(this.now + 100, end);
      if (this.ticking > 0) this.#tick();
      this.settle();
    }
  }

  /** Time passes and nothing is called, as when a long computation runs. */
  stall(ms: number): void {
    this.now += ms;
    if (this.ticking > 0) this.#tick();
    this.settle();
  }

  settle(): void {
    while (this.#soon.length > 0) this.#soon.shift()?.();
  }

  stateOf(upstream: UpstreamId, last: number): string {
    return this.prober.upstream(upstream)?.endpoints.get(idOf(last))?.state ?? 'none';
  }

  outOf(upstream: UpstreamId): readonly EndpointId[] {
    return this.prober.unhealthy().get(upstream) ?? [];
  }

  #checker(check: HealthCheck, onResult: (result: CheckResult) => void): Checker {
    const name = check.address;
    return {
      start: () => {
        this.started.push(name);
        this.open.set(name, onResult);
        const result = this.answers.get(name);
        if (result === undefined) return;
        this.#soon.push(() => {
          if (this.open.delete(name)) onResult(result);
        });
      },
      stop: () => {
        if (this.open.delete(name)) this.cancelled.push(name);
      },
    };
  }
}

suite('the prober', () => {
  test('starts with endpoints that are good until their checks fail', () => {
    const bench = new Bench();
    bench.update({ [cart]: [checkOf(1), checkOf(2)] });
    assert.equal(bench.stateOf(cart, 1), 'unknown');
    assert.deepEqual(bench.changes, []);
  });

  test('takes an endpoint out at its threshold and says so at once', () => {
    const bench = new Bench();
    bench.answer(1, failure('HTTP 503'));
    bench.answer(2, success('HTTP 200'));
    bench.update({ [cart]: [checkOf(1), checkOf(2)] });
    bench.pass(19_000);
    assert.deepEqual(bench.changes, []);
    assert.deepEqual([bench.stateOf(cart, 1), bench.stateOf(cart, 2)], ['unknown', 'healthy']);
    bench.pass(2_000);
    assert.deepEqual(bench.changes, [{ unhealthy: new Map([[cart, [idOf(1)]]]), ignored: new Set() }]);
    const health = bench.prober.upstream(cart)?.endpoints.get(idOf(1));
    assert.equal(health?.lastResult, 'HTTP 503');
    assert.equal(health?.failures, 3);
    assert.ok(bench.now - (health?.since ?? 0) < 2_000);
  });

  test('brings an endpoint back after successThreshold', () => {
    const bench = new Bench();
    const check = checkOf(1, { failureThreshold: 1, successThreshold: 2 });
    bench.answer(1, failure('x'));
    bench.answer(2, success('y'));
    bench.update({ [cart]: [check, checkOf(2)] });
    bench.pass(1_000);
    assert.deepEqual(bench.outOf(cart), [idOf(1)]);
    bench.answer(1, success('y'));
    bench.pass(10_000);
    assert.deepEqual(bench.outOf(cart), [idOf(1)]);
    bench.pass(10_000);
    assert.deepEqual(bench.outOf(cart), []);
    assert.equal(bench.changes.length, 2);
  });

  test('counts only failures in a row', () => {
    const bench = new Bench();
    bench.update({ [cart]: [checkOf(1), checkOf(2)] });
    for (const result of [failure('a'), failure('a'), success('b'), failure('a'), failure('a')]) {
      bench.answer(1, result);
      bench.pass(10_000);
    }
    assert.equal(bench.stateOf(cart, 1), 'healthy');
  });

  test('counts nothing when Fairway itself could not check', () => {
    const bench = new Bench();
    bench.answer(1, { outcome: 'unknown', text: 'not checked' });
    bench.update({ [cart]: [checkOf(1), checkOf(2)] });
    bench.pass(100_000);
    assert.equal(bench.stateOf(cart, 1), 'unknown');
    assert.equal(bench.prober.upstream(cart)?.endpoints.get(idOf(1))?.lastResult, 'not checked');
  });

  test('gives a check up when its time is over, up to 100 ms late, and never before', () => {
    const bench = new Bench();
    bench.answer(2, success('y'));
    bench.update({ [cart]: [checkOf(1, { timeoutMs: 2_500, failureThreshold: 1 }), checkOf(2)] });
    bench.pass(100);
    assert.deepEqual(bench.started, ['10.0.0.1', '10.0.0.2']);
    bench.pass(2_400);
    assert.deepEqual(bench.cancelled, []);
    bench.pass(200);
    assert.deepEqual(bench.cancelled, ['10.0.0.1']);
    assert.equal(bench.prober.upstream(cart)?.endpoints.get(idOf(1))?.lastResult, 'no verdict within 2.5 s');
    assert.deepEqual(bench.outOf(cart), [idOf(1)]);
  });

  test('time in which the control process was busy does not count against an endpoint', () => {
    const bench = new Bench();
    bench.answer(2, success('y'));
    bench.update({ [cart]: [checkOf(1, { failureThreshold: 1 }), checkOf(2)] });
    bench.pass(200);
    bench.stall(3_000);
    bench.pass(900);
    assert.deepEqual(bench.cancelled, [], 'what came meanwhile is still to be read');
    bench.pass(3_000);
    assert.deepEqual(bench.cancelled, ['10.0.0.1']);
    assert.deepEqual(bench.outOf(cart), [idOf(1)]);
  });

  test('an answer in time is not given up later', () => {
    const bench = new Bench();
    bench.update({ [cart]: [checkOf(1, { timeoutMs: 5_000, periodMs: 1_000 }), checkOf(2)] });
    bench.pass(1_000);
    bench.open.get('10.0.0.1')?.(success('y'));
    bench.pass(5_000);
    // The first one ended in time; the second one began a second later and has not had its time yet.
    assert.deepEqual(bench.cancelled, ['10.0.0.2']);
  });

  test('spreads first checks over the period and keeps the pace', () => {
    const bench = new Bench();
    bench.answer(1, success('y'));
    bench.answer(2, success('y'));
    bench.randomness = 0.25;
    bench.update({ [cart]: [checkOf(1)] });
    bench.randomness = 0.75;
    bench.update({ [cart]: [checkOf(1), checkOf(2)] });
    const seen: number[] = [];
    for (let second = 0; second < 40; second += 1) {
      bench.pass(1_000);
      if (bench.started.length > seen.length) seen.push(second);
    }
    assert.deepEqual(seen, [2, 7, 12, 17, 22, 27, 32, 37]);
  });

  test('leaves out moments that passed while a check ran', () => {
    const bench = new Bench();
    bench.update({ [cart]: [checkOf(1, { periodMs: 1_000, timeoutMs: 9_000 }), checkOf(2)] });
    bench.pass(3_500);
    assert.deepEqual(
      bench.started.filter((name) => name === '10.0.0.1'),
      ['10.0.0.1'],
    );
    bench.open.get('10.0.0.1')?.(success('late'));
    bench.pass(400);
    assert.equal(bench.started.filter((name) => name === '10.0.0.1').length, 1);
    bench.pass(200);
    assert.equal(bench.started.filter((name) => name === '10.0.0.1').length, 2);
  });

  test('probes a target once however many upstreams hold it', () => {
    const bench = new Bench();
    bench.answer(1, failure('x'));
    bench.answer(2, success('y'));
    const check = checkOf(1, { failureThreshold: 1 });
    bench.update({ [cart]: [check, checkOf(2)], [cartAdmin]: [{ ...check }, checkOf(2)] });
    bench.pass(1_000);
    assert.deepEqual(bench.started, ['10.0.0.1', '10.0.0.2']);
    assert.deepEqual(
      bench.changes.at(-1)?.unhealthy,
      new Map([
        [cart, [idOf(1)]],
        [cartAdmin, [idOf(1)]],
      ]),
    );
    bench.update({ [cartAdmin]: [check, checkOf(2)] });
    assert.deepEqual(bench.changes.at(-1)?.unhealthy, new Map([[cartAdmin, [idOf(1)]]]));
    assert.equal(bench.stateOf(cartAdmin, 1), 'unhealthy');
  });

  test('keeps counts and pace when a compilation brings the same checks', () => {
    const bench = new Bench();
    bench.answer(1, failure('x'));
    bench.update({ [cart]: [checkOf(1), checkOf(2)] });
    bench.pass(15_000);
    bench.update({ [cart]: [checkOf(2), checkOf(1)] });
    bench.pass(6_000);
    assert.equal(bench.stateOf(cart, 1), 'unhealthy');
  });

  test('forgets an endpoint that leaves and ends its check', () => {
    const bench = new Bench();
    bench.update({ [cart]: [checkOf(1, { failureThreshold: 1 }), checkOf(2)] });
    bench.pass(1_000);
    assert.deepEqual(bench.started, ['10.0.0.1', '10.0.0.2']);
    bench.update({ [cart]: [checkOf(2)] });
    assert.deepEqual(bench.cancelled, ['10.0.0.1']);
    bench.update({ [cart]: [checkOf(1), checkOf(2)] });
    assert.equal(bench.stateOf(cart, 1), 'unknown');
  });

  test('says that an endpoint is no longer out when it leaves', () => {
    const bench = new Bench();
    bench.answer(1, failure('x'));
    bench.update({ [cart]: [checkOf(1, { failureThreshold: 1 }), checkOf(2)] });
    bench.pass(1_000);
    bench.update({});
    assert.deepEqual(
      bench.changes.map((change) => change.unhealthy.size),
      [1, 0],
    );
    assert.equal(bench.ticking, 0);
  });

  test('ignores checks that would leave nothing, and says so', () => {
    const bench = new Bench();
    for (const last of [1, 2]) bench.answer(last, failure('x'));
    bench.update({ [cart]: [checkOf(1, { failureThreshold: 1 }), checkOf(2, { failureThreshold: 2 })] });
    bench.pass(1_000);
    assert.deepEqual(bench.outOf(cart), [idOf(1)]);
    bench.pass(10_000);
    assert.deepEqual(bench.changes.at(-1), { unhealthy: new Map(), ignored: new Set([cart]) });
    assert.equal(bench.prober.upstream(cart)?.ignored, true);
    bench.pass(30_000);
    const said = (): string[] => bench.logged.filter((line) => line.startsWith('health checks'));
    assert.deepEqual(said(), [`health checks of all endpoints of ${cart} fail: they are ignored`]);
    bench.answer(2, success('y'));
    bench.pass(10_000);
    assert.deepEqual(bench.changes.at(-1), { unhealthy: new Map([[cart, [idOf(1)]]]), ignored: new Set() });
    assert.equal(said().length, 2);
  });

  test('says once that an endpoint leaves and once that it returns, not that a new one is well', () => {
    const bench = new Bench();
    for (const last of [1, 2]) bench.answer(last, success('HTTP 200'));
    bench.update({ [cart]: [checkOf(1, { failureThreshold: 1 }), checkOf(2, { failureThreshold: 1 })] });
    bench.pass(20_000);
    assert.deepEqual(bench.logged, []);
    bench.answer(1, failure('HTTP 503'));
    bench.pass(30_000);
    bench.answer(1, success('HTTP 200'));
    bench.pass(30_000);
    assert.deepEqual(bench.logged, [
      `${idOf(1)} fails its health check: HTTP 503`,
      `${idOf(1)} passes its health check again`,
    ]);
  });

  test('says that it ignores the checks of a single endpoint although the pool stays the same', () => {
    const bench = new Bench();
    bench.answer(1, failure('x'));
    bench.update({ [cart]: [checkOf(1, { failureThreshold: 1 })] });
    bench.pass(1_000);
    assert.deepEqual(bench.changes, [{ unhealthy: new Map(), ignored: new Set([cart]) }]);
  });

  test('does not ignore checks while a ready endpoint without a check is left', () => {
    const bench = new Bench();
    bench.answer(1, failure('x'));
    bench.update({ [cart]: [checkOf(1, { failureThreshold: 1 })] }, [endpointOf(9)]);
    bench.pass(1_000);
    assert.deepEqual(bench.outOf(cart), [idOf(1)]);
    bench.update({ [cart]: [checkOf(1, { failureThreshold: 1 })] }, [endpointOf(9, 'draining')]);
    assert.deepEqual(bench.outOf(cart), []);
    assert.deepEqual(bench.changes.at(-1)?.ignored, new Set([cart]));
  });

  test('keeps endpoints out that were out before the control process started', () => {
    const gone = upstreamId('shop', 'gone', '80');
    const bench = new Bench({
      inherited: new Map([
        [cart, [idOf(1)]],
        [gone, [idOf(7)]],
      ]),
    });
    bench.answer(1, success('y'));
    bench.update({ [cart]: [checkOf(1), checkOf(2)] });
    assert.deepEqual(bench.changes, [{ unhealthy: new Map([[cart, [idOf(1)]]]), ignored: new Set() }]);
    bench.pass(1_000);
    assert.deepEqual(bench.changes.at(-1)?.unhealthy, new Map());
  });

  test('makes one message of many endpoints that fail together', () => {
    const bench = new Bench();
    const list = Array.from({ length: 50 }, (_, at) => checkOf(at + 1, { failureThreshold: 1 }));
    for (let last = 1; last <= 49; last += 1) bench.answer(last, failure('x'));
    bench.answer(50, success('y'));
    bench.update({ [cart]: list });
    bench.pass(1_000);
    assert.equal(bench.changes.length, 1);
    assert.equal(bench.outOf(cart).length, 49);
  });

  test('does not run a probe that names a host', () => {
    const bench = new Bench();
    bench.update({ [cart]: [checkOf(1, { address: 'metadata.internal' }), checkOf(2)] });
    bench.pass(9_000);
    assert.deepEqual(bench.started, ['10.0.0.2']);
  });

  test('lets the endpoints of one namespace that hang not hold up the others', () => {
    const bench = new Bench({ concurrency: 4 });
    const other = upstreamId('other', 'web', '80');
    bench.answer(100, success('y'));
    bench.update({ [cart]: Array.from({ length: 20 }, (_, at) => checkOf(at + 1)), [other]: [checkOf(100)] });
    bench.pass(1_000);
    assert.deepEqual(bench.started, ['10.0.0.1', '10.0.0.2', '10.0.0.100']);
    bench.open.get('10.0.0.1')?.(failure('x'));
    assert.deepEqual(bench.started.slice(3), ['10.0.0.3']);
  });

  test('counts checks by kind and result', () => {
    const bench = new Bench();
    bench.answer(1, failure('x'));
    bench.answer(2, success('y'));
    bench.update({ [cart]: [checkOf(1), checkOf(2, { kind: 'tcp' })] });
    bench.pass(11_000);
    const counted = bench.counters.samples().filter((sample) => sample.metric === 'fairway_health_checks_total');
    assert.deepEqual(
      counted.map((sample) => [...sample.labels, ...sample.values]),
      [
        ['http', 'failure', 2],
        ['tcp', 'success', 2],
      ],
    );
  });

  test('is silent after it was stopped', () => {
    const bench = new Bench();
    bench.update({ [cart]: [checkOf(1, { failureThreshold: 1 }), checkOf(2)] });
    bench.pass(1_000);
    bench.prober.stop();
    bench.settle();
    assert.deepEqual(bench.changes, []);
    assert.deepEqual(bench.cancelled, ['10.0.0.1', '10.0.0.2']);
    assert.equal(bench.ticking, 0);
  });
});
