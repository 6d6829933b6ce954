import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { RoutePolicies } from '../../../../src/model/policy.ts';
import type { Upstream } from '../../../../src/model/upstream.ts';
import type { Exchange } from '../../../../src/proxy/exchange/exchange.ts';
import type { Filter } from '../../../../src/proxy/filters/filter.ts';
import { filters } from '../../../../src/proxy/filters/table.ts';
import { serveExchange } from '../../../../src/proxy/runtime/serve-exchange.ts';
import type { UpstreamState } from '../../../../src/proxy/upstreams/upstream-state.ts';
import { limitsOfWorker, shareOf } from '../../../../src/proxy/upstreams/worker-share.ts';
import { endpoint, upstreamOf } from '../../../support/endpoints.ts';
import type { RuntimeFixture, ScriptedTry } from '../../../support/proxy.ts';
import {
  ScriptedTransport,
  exchangeOf,
  forwardRoute,
  runtimeFixture,
  snapshotOf,
  virtualHost,
} from '../../../support/proxy.ts';

const queue = { pending: 10, pendingMs: 60_000 };
const retry = { on: ['error'], tries: 3, timeoutMs: 0 } as const;
const neverOut = {
  refusals: 0,
  consecutiveFailures: 0,
  failureRate: 0,
  minimumRequests: 1,
  intervalMs: 1000,
  statuses: [],
  baseMs: 1000,
  maxMs: 1000,
  maxShare: 0,
};

interface Shop extends RuntimeFixture {
  readonly upstream: UpstreamState;
  /** Sends a request; `script` says what endpoints do with its tries. */
  readonly send: (script: (attempt: number) => ScriptedTry) => Sent;
}

interface Sent {
  readonly exchange: Exchange;
  readonly transport: ScriptedTransport;
  readonly over: Promise<void>;
}

function shop(
  more: Partial<Upstream>,
  policies: Partial<RoutePolicies> = { retry },
  parts: Parameters<typeof runtimeFixture>[1] = {},
): Shop {
  const upstream = { ...upstreamOf([endpoint(1), endpoint(2)]), ejection: neverOut, ...more };
  const fixture = runtimeFixture(snapshotOf([virtualHost('h', forwardRoute('/', policies))], [upstream]), parts);
  const state = fixture.runtime.upstreams.get(upstream.id);
  assert.ok(state !== undefined);
  const send = (script: (attempt: number) => ScriptedTry): Sent => {
    const exchange = exchangeOf();
    const transport = new ScriptedTransport(script);
    return { exchange, transport, over: serveExchange(exchange, transport, fixture.runtime) };
  };
  return { ...fixture, upstream: state, send };
}

/** A try that lasts until it is told to end. */
function gate(): { readonly script: () => ScriptedTry; readonly open: () => void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { script: () => ({ status: 200, meanwhile: () => promise }), open: resolve };
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

test('without limits nothing waits, and no room is made', async () => {
  const { send, upstream } = shop({});
  const first = gate();
  const sent = [send(first.script), send(first.script), send(first.script)];
  assert.equal(upstream.inFlight, 3);
  first.open();
  for (const { exchange, over } of sent) {
    await over;
    assert.equal(exchange.status, 200);
  }
  assert.deepEqual([upstream.inFlight, upstream.waiting], [0, undefined]);
});

test('what failed at one endpoint waits for the other one, though the first has a place', async () => {
  const { send } = shop({ limits: { ...queue, connectionsPerEndpoint: 1 } });
  const first = gate();
  const busy = send(first.script);
  const refused = { outcome: { failure: 'connect-refused' } } as const;
  const late = send((attempt) => (attempt === 1 ? refused : { status: 200 }));
  await turn();
  assert.equal(late.transport.tries.length, 1);
  first.open();
  await Promise.all([busy.over, late.over]);
  assert.equal(late.exchange.status, 200);
  assert.equal(late.transport.tries[1]?.endpoint, busy.transport.tries[0]?.endpoint);
});

test('a session begins where there is a place', async () => {
  const affinity = {
    mode: 'balanced',
    cookieName: 'C',
    path: '/',
    conditionalSameSiteNone: false,
    secure: 'https',
    changeOnFailure: false,
    whileDraining: 'move',
    canaryBehavior: 'sticky',
    upstreamHash: 'x',
  } as const;
  for (const mode of ['balanced', 'persistent'] as const) {
    const { send } = shop({ limits: { ...queue, connectionsPerEndpoint: 4 } }, { affinity: { ...affinity, mode } });
    const open = gate();
    const sent = Array.from({ length: 8 }, () => send(open.script));
    const places = sent.map(({ transport }) => transport.tries[0]?.endpoint);
    for (const pod of [endpoint(1), endpoint(2)]) assert.equal(places.filter((id) => id === pod.id).length, 4, mode);
    open.open();
    await Promise.all(sent.map(({ over }) => over));
  }
});

test('a filter that throws while an exchange waits ends that exchange alone', async () => {
  let throws = false;
  const bomb: Filter = {
    name: 'bomb',
    create: () => ({
      select: (exchange) => {
        if (throws && exchange.uri === '/') throw new Error('no endpoint for you');
      },
    }),
  };
  const limits = { ...queue, connections: 1 };
  const { bugs, runtime, send, upstream } = shop({ limits }, {}, { filters: [bomb, ...filters] });
  const first = gate();
  const busy = send(first.script);
  const waiting = send(() => ({ status: 200 }));
  const other = exchangeOf({ target: '/other' });
  const over = serveExchange(other, new ScriptedTransport(), runtime);
  assert.equal(upstream.waiting?.size, 2);
  throws = true;
  runtime.health(new Map([[upstream.upstream.id, [endpoint(1).id]]]));
  await waiting.over;
  assert.deepEqual([waiting.exchange.status, waiting.exchange.failure, bugs.length], [500, 'internal', 1]);
  first.open();
  await Promise.all([busy.over, over]);
  assert.deepEqual([other.status, upstream.waiting?.size, upstream.inFlight], [200, 0, 0]);
});

test('the time that a request waits is no part of the time for its tries', async () => {
  let now = 1000;
  const clock = { now: () => now, wall: () => now };
  const policies = { retry: { ...retry, timeoutMs: 5000 } };
  const { send } = shop({ limits: { ...queue, connections: 1 } }, policies, { clock });
  const first = gate();
  const busy = send(first.script);
  const late = send((attempt) => (attempt === 1 ? { outcome: { failure: 'connect-refused' } } : { status: 200 }));
  now += 10_000;
  first.open();
  await Promise.all([busy.over, late.over]);
  assert.deepEqual([late.exchange.status, late.transport.tries.length], [200, 2]);
});

test('a client that leaves while its exchange waits ends it without an answer', async () => {
  const { send, upstream } = shop({ limits: { ...queue, connections: 1 } });
  const first = gate();
  const busy = send(first.script);
  const gone = send(() => ({ status: 200 }));
  assert.ok(gone.transport.leave());
  await gone.over;
  assert.deepEqual([gone.exchange.status, gone.exchange.failure], [499, 'client-closed']);
  assert.deepEqual([gone.transport.answers, gone.transport.tries, upstream.waiting?.size], [[], [], 0]);
  first.open();
  await busy.over;
});

test('the shares of all workers add up to the limit, and each has one at least', () => {
  const shares = (limit: number, count: number): number[] =>
    Array.from({ length: count }, (_, index) => shareOf(limit, { index, count }));
  assert.deepEqual(shares(10, 4), [3, 3, 2, 2]);
  assert.deepEqual(shares(2, 4), [1, 1, 1, 1]);
  assert.deepEqual(shares(0, 2), [0, 0]);
  assert.deepEqual(limitsOfWorker({ ...queue, connections: 5 }, { index: 1, count: 2 }), {
    connections: 2,
    pending: 5,
    pendingMs: 60_000,
  });
});
