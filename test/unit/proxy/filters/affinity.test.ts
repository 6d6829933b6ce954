import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Canary } from '../../../../src/model/canary.ts';
import type { CookieAffinity } from '../../../../src/model/policy.ts';
import type { Endpoint } from '../../../../src/model/upstream.ts';
import { balancers } from '../../../../src/proxy/balancing/table.ts';
import type { Exchange, RequestHead } from '../../../../src/proxy/exchange/exchange.ts';
import type { FailureName } from '../../../../src/proxy/exchange/failure.ts';
import { affinity } from '../../../../src/proxy/filters/affinity.ts';
import { acceptsSameSiteNone, cookieTime } from '../../../../src/proxy/filters/session-cookie.ts';
import { UpstreamSet } from '../../../../src/proxy/upstreams/upstream-set.ts';
import { canaryOf } from '../../../support/canaries.ts';
import { endpoint, seededRandom, upstreamOf } from '../../../support/endpoints.ts';
import { exchangeOf, noLabels, testEnvironment } from '../../../support/proxy.ts';
import { stillParts } from '../../../support/upstream-set-parts.ts';

const hash = 'bf5f6230b88f78576957ac371734922e';
const basic: CookieAffinity = {
  mode: 'balanced',
  cookieName: 'INGRESSCOOKIE',
  path: '/',
  conditionalSameSiteNone: false,
  secure: 'https',
  changeOnFailure: false,
  whileDraining: 'move',
  upstreamHash: hash,
};

/** One worker: its own upstreams, its own random numbers, the same snapshot as every other. */
class Worker {
  readonly #set: UpstreamSet;
  readonly #hooks: ReturnType<typeof affinity.create>;

  constructor(policy: Partial<CookieAffinity> = {}, seed = 1) {
    const random = seededRandom(seed);
    this.#set = new UpstreamSet({
      makePicker: ({ balancing: { algorithm } }, endpoints, previous) =>
        balancers[algorithm](endpoints, random, () => 0, previous),
      onChecksIgnored: () => undefined,
      ...stillParts(),
    });
    this.#hooks = affinity.create({ labels: noLabels, affinity: { ...basic, ...policy } }, testEnvironment({ random }));
  }

  serve(...endpoints: Endpoint[]): this {
    const upstream = upstreamOf(endpoints);
    this.#set.prepare({ set: new Map([[upstream.id, upstream]]), removed: [] })();
    return this;
  }

  fail(...endpoints: Endpoint[]): this {
    this.#set.health(new Map([[upstreamOf([]).id, endpoints.map(({ id }) => id)]]));
    return this;
  }

  /** @param cookie  value of the session cookie; absent: none is sent */
  request(cookie: string | undefined, head: Partial<RequestHead> = {}, canary?: Canary): Exchange {
    const headers = [
      'Host',
      'h',
      ...(cookie === undefined ? [] : ['Cookie', `a=b; INGRESSCOOKIE=${cookie}; c=d`]),
      ...(head.headers ?? []),
    ];
    const exchange = exchangeOf({ ...head, headers });
    exchange.upstream = this.#set.get(upstreamOf([]).id);
    exchange.canary = canary;
    this.#hooks?.select?.(exchange);
    return exchange;
  }

  retry(exchange: Exchange, failure: FailureName): void {
    assert.ok(exchange.endpoint !== undefined);
    exchange.tried = [...exchange.tried, exchange.endpoint];
    exchange.avoided = exchange.tried;
    exchange.failure = failure;
    exchange.endpoint = undefined;
    this.#hooks?.select?.(exchange);
  }

  respond(exchange: Exchange): string[] {
    exchange.failure = undefined;
    exchange.responseHeaders = ['X-Backend', '1'];
    this.#hooks?.respond?.(exchange);
    return exchange.responseHeaders;
  }
}

function idOf(exchange: Exchange): string {
  return exchange.endpoint?.endpoint.id ?? 'none';
}

function cookieOf(exchange: Exchange): string {
  const value = /^INGRESSCOOKIE=([^;]*)/.exec(exchange.setCookie ?? '')?.[1];
  assert.ok(value !== undefined, 'a cookie is set');
  return value;
}

const pods = Array.from({ length: 6 }, (_, at) => endpoint(at + 1));
const draining = (one: Endpoint): Endpoint => ({ ...one, state: 'draining' });

test('the cookie is that of ingress-nginx, and stands before the backend’s headers', () => {
  const worker = new Worker().serve(...pods);
  const [name, value, ...rest] = worker.respond(worker.request(undefined));
  assert.equal(name, 'Set-Cookie');
  assert.match(
    value ?? '',
    /^INGRESSCOOKIE=1795651236\.026\.\d+\.\d{1,6}\|bf5f6230b88f78576957ac371734922e; Path=\/; HttpOnly$/,
  );
  assert.deepEqual(rest, ['X-Backend', '1']);
});

test('attributes stand in the order of ingress-nginx', () => {
  const worker = new Worker({
    expiresSeconds: 3600,
    maxAgeSeconds: 3600,
    domain: 'h.test',
    path: '/p',
    sameSite: 'Lax',
    cookieName: 'SERVERID',
  }).serve(...pods);
  const text = worker.request(undefined, { secure: true }).setCookie ?? '';
  assert.equal(
    text.slice(text.indexOf(';')),
    '; Expires=Thu, 26-Nov-26 01:00:36 GMT; Max-Age=3600; Domain=h.test; Path=/p; Secure; HttpOnly; SameSite=Lax',
  );
});

test('Secure is on HTTPS, or always when asked for', () => {
  assert.doesNotMatch(new Worker().serve(...pods).request(undefined).setCookie ?? '', /Secure/);
  assert.match(new Worker({ secure: 'always' }).serve(...pods).request(undefined).setCookie ?? '', /; Secure;/);
});

test('SameSite=None is left out for browsers that do not know it, when asked for', () => {
  const old = 'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_14_6) AppleWebKit/605.1.15 Version/12.1 Safari/605.1.15';
  const set = (policy: Partial<CookieAffinity>, agent: string): string =>
    new Worker(policy).serve(...pods).request(undefined, { headers: ['User-Agent', agent] }).setCookie ?? '';
  assert.doesNotMatch(set({ sameSite: 'None', conditionalSameSiteNone: true }, old), /SameSite/);
  assert.match(set({ sameSite: 'None', conditionalSameSiteNone: true }, 'Chrome/140.0'), /; SameSite=None$/);
  assert.match(set({ sameSite: 'None' }, old), /; SameSite=None$/);
  assert.match(set({ sameSite: 'Strict', conditionalSameSiteNone: true }, old), /; SameSite=Strict$/);
  for (const agent of ['Chrome/51.0', 'Chrome/66.0', 'x CPU iPhone OS 12_1 x', 'x iPad; CPU OS 12_1'])
    assert.ok(!acceptsSameSiteNone(agent));
  for (const agent of ['', 'Chrome/80.0', `${old} Chrome/99`]) assert.ok(acceptsSameSiteNone(agent));
});

test('the old date form has two digits of the year up to 2037', () => {
  assert.equal(cookieTime(Date.UTC(2026, 10, 5, 1, 2, 3)), 'Thu, 05-Nov-26 01:02:03 GMT');
  assert.equal(cookieTime(Date.UTC(2038, 0, 1)), 'Fri, 01-Jan-2038 00:00:00 GMT');
  assert.equal(cookieTime(-5), 'Thu, 01-Jan-70 00:00:00 GMT');
  assert.match(cookieTime(Number.MAX_VALUE), /GMT$/);
});

for (const mode of ['balanced', 'persistent'] as const) {
  test(`${mode}: every worker and replica comes to the same endpoint, without a new cookie`, () => {
    const first = new Worker({ mode }, 1).serve(...pods);
    for (let round = 0; round < 50; round += 1) {
      const begun = first.request(undefined);
      const again = new Worker({ mode }, 99).serve(...pods.toReversed()).request(cookieOf(begun));
      assert.equal(idOf(again), idOf(begun));
      assert.equal(again.setCookie, undefined);
    }
  });

  test(`${mode}: sessions are spread over all endpoints`, () => {
    const worker = new Worker({ mode }).serve(...pods);
    const counts = new Map<string, number>();
    for (let round = 0; round < 600; round += 1) {
      const id = idOf(worker.request(undefined));
      counts.set(id, (counts.get(id) ?? 0) + 1);
    }
    assert.equal(counts.size, 6);
    for (const count of counts.values()) assert.ok(count > 50 && count < 150, `${count} of 600`);
  });

  test(`${mode}: a session moves when its endpoint leaves or its check fails, all others stay`, () => {
    const worker = new Worker({ mode }).serve(...pods);
    const sessions = Array.from({ length: 60 }, () => worker.request(undefined));
    const [lost] = pods;
    assert.ok(lost !== undefined);
    for (const change of [() => worker.serve(...pods.slice(1)), () => worker.serve(...pods).fail(lost)]) {
      change();
      for (const session of sessions) {
        const now = worker.request(cookieOf(session));
        if (idOf(session) === lost.id) assert.notEqual(idOf(now), lost.id);
        else assert.equal(idOf(now), idOf(session));
      }
    }
  });

  test(`${mode}: without endpoints nothing is pinned`, () => {
    const exchange = new Worker({ mode }).serve().request(undefined);
    assert.deepEqual([exchange.endpoint, exchange.setCookie], [undefined, undefined]);
  });

  test(`${mode}: a failure after bytes were sent is tried again on the same endpoint`, () => {
    const worker = new Worker({ mode }).serve(...pods);
    const cookie = cookieOf(worker.request(undefined));
    const exchange = worker.request(cookie);
    const before = idOf(exchange);
    worker.retry(exchange, 'upstream-reset');
    assert.deepEqual([idOf(exchange), exchange.setCookie], [before, undefined]);
  });

  test(`${mode}: an endpoint that is not reached costs this exchange a detour, and the session stays bound`, () => {
    const worker = new Worker({ mode }).serve(...pods);
    const cookie = cookieOf(worker.request(undefined));
    const exchange = worker.request(cookie);
    const before = idOf(exchange);
    worker.retry(exchange, 'connect-refused');
    assert.notEqual(idOf(exchange), before);
    assert.equal(exchange.setCookie, undefined);
    assert.equal(idOf(worker.request(cookie)), before);
  });

  test(`${mode}: with change-on-failure the session moves, for good`, () => {
    const worker = new Worker({ mode, changeOnFailure: true }).serve(...pods.slice(0, 2));
    for (let round = 0; round < 20; round += 1) {
      const exchange = worker.request(cookieOf(worker.request(undefined)));
      const before = idOf(exchange);
      worker.retry(exchange, 'read-timeout');
      assert.notEqual(idOf(exchange), before);
      assert.equal(idOf(worker.request(cookieOf(exchange))), idOf(exchange));
    }
  });

  test(`${mode}: a session that begins with a failed try is bound to the endpoint that answers`, () => {
    const worker = new Worker({ mode }).serve(...pods);
    const exchange = worker.request(undefined);
    worker.retry(exchange, 'upstream-reset');
    assert.equal(idOf(worker.request(cookieOf(exchange))), idOf(exchange));
  });

  test(`${mode}: the only endpoint is tried again`, () => {
    for (const changeOnFailure of [false, true]) {
      const worker = new Worker({ mode, changeOnFailure }).serve(...pods.slice(0, 1));
      const exchange = worker.request(cookieOf(worker.request(undefined)));
      worker.retry(exchange, 'connect-refused');
      assert.equal(idOf(exchange), pods[0]?.id);
    }
  });
}

test('balanced: any value is a key, and is not replaced', () => {
  const worker = new Worker().serve(...pods);
  const exchange = worker.request('whatever');
  assert.equal(exchange.setCookie, undefined);
  assert.equal(idOf(worker.request('whatever')), idOf(exchange));
  assert.equal(idOf(worker.request('whatever|other-hash')), idOf(exchange));
});

test('an empty cookie is none', () => {
  assert.notEqual(new Worker().serve(...pods).request('').setCookie, undefined);
  assert.notEqual(new Worker().serve(...pods).request('|x').setCookie, undefined);
});

test('persistent: a value that leads nowhere begins a new session', () => {
  assert.notEqual(new Worker({ mode: 'persistent' }).serve(...pods).request('whatever').setCookie, undefined);
});

test('persistent: a session that had to begin anew is not yet bound when its first try fails', () => {
  const worker = new Worker({ mode: 'persistent' }).serve(...pods);
  const exchange = worker.request('whatever');
  const before = idOf(exchange);
  worker.retry(exchange, 'upstream-reset');
  assert.notEqual(idOf(exchange), before);
  assert.equal(idOf(worker.request(cookieOf(exchange))), idOf(exchange));
});

test('persistent: no session moves when endpoints come', () => {
  const worker = new Worker({ mode: 'persistent' }).serve(...pods.slice(0, 2));
  const sessions = Array.from({ length: 30 }, () => worker.request(undefined));
  worker.serve(...pods);
  for (const session of sessions) assert.equal(idOf(worker.request(cookieOf(session))), idOf(session));
});

for (const mode of ['persistent', 'balanced'] as const) {
  for (const whileDraining of ['keep', 'move'] as const) {
    test(`${mode}, ${whileDraining}: sessions of a draining endpoint, on every worker, and no new ones`, () => {
      const [first = endpoint(1), second = endpoint(2), ...others] = pods;
      const workers = [1, 2].map((seed) => new Worker({ mode, whileDraining }, seed).serve(...pods));
      const [one = new Worker(), two = new Worker()] = workers;
      const sessions = Array.from({ length: 60 }, () => one.request(undefined));
      // A worker that never saw them ready comes to the same.
      const late = new Worker({ mode, whileDraining }, 3).serve(draining(first), draining(second), ...others);
      for (const worker of workers) worker.serve(draining(first), draining(second), ...others);
      const leaving = [first.id, second.id] as string[];
      for (const session of sessions) {
        const isLeaving = leaving.includes(idOf(session));
        const homes = [one, two, late].map((worker) => idOf(worker.request(cookieOf(session))));
        for (const home of homes) assert.equal(home === idOf(session), !isLeaving || whileDraining === 'keep');
      }
      for (let round = 0; round < 100; round += 1) {
        const begun = one.request(undefined);
        assert.ok(!leaving.includes(idOf(begun)));
        for (const worker of [one, two, late]) assert.equal(idOf(worker.request(cookieOf(begun))), idOf(begun));
      }
      // Without a ready one they are what is left.
      late.serve(draining(first), draining(second));
      assert.ok(leaving.includes(idOf(late.request(undefined))));
      late.serve();
      assert.equal(idOf(late.request(undefined)), 'none');
    });
  }
}

test('a kept session moves when its draining endpoint fails its check, and when it is gone', () => {
  const [first = endpoint(1), ...others] = pods;
  for (const mode of ['persistent', 'balanced'] as const) {
    const worker = new Worker({ mode, whileDraining: 'keep' }).serve(...pods);
    let session = worker.request(undefined);
    while (idOf(session) !== first.id) session = worker.request(undefined);
    worker.serve(draining(first), ...others);
    assert.equal(idOf(worker.request(cookieOf(session))), first.id);
    worker.fail(first);
    assert.notEqual(idOf(worker.request(cookieOf(session))), first.id);
    worker.fail();
    worker.serve(...others);
    assert.notEqual(idOf(worker.request(cookieOf(session))), first.id);
  }
});

test('a draining endpoint of another zone had no sessions while only near ones were picked', () => {
  const near = pods.slice(0, 3).map((one) => ({ ...one, near: true as const, zone: 'a' }));
  const far = pods.slice(3).map((one) => ({ ...one, zone: 'b' }));
  const worker = new Worker({ whileDraining: 'keep' }).serve(...near, ...far);
  const sessions = Array.from({ length: 60 }, () => worker.request(undefined));
  worker.serve(...near, ...far.map(draining));
  for (const session of sessions) assert.equal(idOf(worker.request(cookieOf(session))), idOf(session));
  // Of the own zone, whose hint is gone once it drains.
  const [leaving = endpoint(1), ...rest] = near;
  const { near: _hint, ...unhinted } = leaving;
  worker.serve(draining(unhinted), ...rest, ...far);
  for (const session of sessions) assert.equal(idOf(worker.request(cookieOf(session))), idOf(session));
});

test('an exchange that fails sets no cookie', () => {
  const worker = new Worker().serve(...pods);
  const exchange = worker.request(undefined);
  exchange.failure = 'connect-refused';
  exchange.responseHeaders = [];
  affinity.create({ labels: noLabels, affinity: basic }, testEnvironment())?.respond?.(exchange);
  assert.deepEqual(exchange.responseHeaders, []);
});

test('a session that begins at a canary names the canary; with legacy it begins none', () => {
  for (const mode of ['balanced', 'persistent'] as const) {
    const worker = new Worker({ mode }).serve(...pods);
    const cookie = cookieOf(worker.request(undefined, {}, canaryOf('next')));
    assert.match(cookie, /^[^|]+\|hash-of-next$/);
    assert.equal(
      idOf(worker.request(cookie, {}, canaryOf('next'))),
      idOf(worker.request(cookie, {}, canaryOf('next'))),
    );
    const legacy = worker.request(undefined, {}, canaryOf('next', { sessions: 'legacy' }));
    assert.equal(legacy.setCookie, undefined);
    assert.equal(legacy.endpoint, undefined, 'the balancer picks');
  }
});
