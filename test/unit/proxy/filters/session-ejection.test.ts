import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { CookieAffinity } from '../../../../src/model/policy.ts';
import { sessionsOf } from '../../../../src/proxy/filters/sessions.ts';
import { endpoint, upstreamOf } from '../../../support/endpoints.ts';
import {
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
}
