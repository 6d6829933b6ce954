import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { CookieAffinity } from '../../../../src/model/policy.ts';
import type { Exchange } from '../../../../src/proxy/exchange/exchange.ts';
import { sessionsOf } from '../../../../src/proxy/filters/sessions.ts';
import { serveExchange } from '../../../../src/proxy/runtime/serve-exchange.ts';
import { endpoint, upstreamOf } from '../../../support/endpoints.ts';
import { MovedTime } from '../../../support/moved-time.ts';
import {
  ScriptedTransport,
  exchangeOf,
  forwardRoute,
  runtimeFixture,
  snapshotOf,
  testEnvironment,
  virtualHost,
} from '../../../support/proxy.ts';

const pods = [endpoint(1), endpoint(2), endpoint(3), endpoint(4, { state: 'draining' })];

function policyOf(mode: CookieAffinity['mode']): CookieAffinity {
  const policy = {
    mode,
    cookieName: 'INGRESSCOOKIE',
    path: '/',
    conditionalSameSiteNone: false,
    secure: 'https',
    changeOnFailure: false,
    whileDraining: mode === 'persistent' ? 'keep' : 'move',
    canaryBehavior: 'sticky',
    upstreamHash: 'x',
  } as const;
  return policy;
}

for (const mode of ['balanced', 'persistent'] as const) {
  test(`a ${mode} session leaves an endpoint that is ejected, as it leaves one that fails its check`, () => {
    const { runtime } = runtimeFixture(snapshotOf([virtualHost('h', forwardRoute('/'))], [upstreamOf(pods)]));
    const upstream = runtime.upstreams.get(upstreamOf([]).id);
    assert.ok(upstream !== undefined);
    const sessions = sessionsOf(policyOf(mode), testEnvironment());
    const begun = sessions.begin(exchangeOf(), upstream);
    assert.ok(begun !== undefined);
    assert.equal(sessions.find(begun.key, upstream), begun.endpoint);
    runtime.upstreams.ejections.failed(upstream, begun.endpoint, 'refused', 1000);
    assert.ok(begun.endpoint.ejection.isOut);
    assert.notEqual(sessions.find(begun.key, upstream), begun.endpoint);
  });

  test(`a ${mode} session goes elsewhere for one request while its endpoint is on trial, and no session begins there`, async (t) => {
    const time = new MovedTime(t);
    const snapshot = snapshotOf(
      [virtualHost('h', forwardRoute('/', { affinity: policyOf(mode) }))],
      [upstreamOf(pods)],
    );
    const { runtime } = runtimeFixture(snapshot, { clock: time.clock });
    const upstream = runtime.upstreams.get(upstreamOf([]).id) ?? assert.fail();
    const serve = async (cookie: string | undefined, meanwhile?: () => Promise<void>): Promise<Exchange> => {
      const headers = ['Host', 'h', ...(cookie === undefined ? [] : ['Cookie', cookie])];
      const exchange = exchangeOf({ headers });
      const script = meanwhile === undefined ? { status: 200 } : { status: 200, meanwhile };
      await serveExchange(exchange, new ScriptedTransport(() => script), runtime);
      return exchange;
    };
    // Of a session that is not used while its endpoint is out.
    const first = await serve(undefined);
    const cookie = cookieOf(first);
    const home = first.endpoint ?? assert.fail();
    runtime.upstreams.ejections.failed(upstream, home, 'refused', time.clock.now());
    time.pass(1_100);
    assert.ok(home.ejection.halfOpen && !home.ejection.isOut);
    const trial = await serve(cookie, async () => {
      for (let at = 0; at < 30; at += 1) {
        const other = await serve(cookie);
        assert.notEqual(other.endpoint, home);
        assert.equal(cookieOf(other), '', 'the session stays where it is');
        assert.notEqual((await serve(undefined)).endpoint, home);
      }
    });
    assert.equal(trial.endpoint, home);
    assert.equal((await serve(cookie)).endpoint, home);
    assert.equal(home.ejection.halfOpen, false);
  });

  test(`a ${mode} session whose trial fails is tried again elsewhere, and stays bound`, async (t) => {
    const time = new MovedTime(t);
    const retry = { on: ['error', 'timeout'], tries: 2, timeoutMs: 0 } as const;
    const route = forwardRoute('/', { affinity: policyOf(mode), retry });
    const { runtime } = runtimeFixture(snapshotOf([virtualHost('h', route)], [upstreamOf(pods)]), {
      clock: time.clock,
    });
    const upstream = runtime.upstreams.get(upstreamOf([]).id) ?? assert.fail();
    const first = exchangeOf();
    await serveExchange(first, new ScriptedTransport(), runtime);
    const home = first.endpoint ?? assert.fail();
    runtime.upstreams.ejections.failed(upstream, home, 'refused', time.clock.now());
    time.pass(1_100);
    const trial = exchangeOf({ headers: ['Host', 'h', 'Cookie', cookieOf(first)] });
    const hangs = { outcome: { failure: 'read-timeout' } } as const;
    await serveExchange(trial, new ScriptedTransport((attempt) => (attempt === 1 ? hangs : { status: 200 })), runtime);
    assert.deepEqual([trial.tried[0], trial.tried.length, trial.status], [home, 2, 200]);
    assert.ok(home.ejection.isOut && trial.tried[1] !== home);
    assert.equal(cookieOf(trial), '');
  });
}

/** What a client sends after this answer; empty when it sets no cookie. */
function cookieOf({ responseHeaders }: Exchange): string {
  const at = responseHeaders.findIndex((text) => text === 'Set-Cookie');
  return at === -1 ? '' : (responseHeaders[at + 1]?.split(';')[0] ?? '');
}
