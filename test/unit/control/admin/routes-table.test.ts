import assert from 'node:assert/strict';
import { test } from 'node:test';

import { routesTable } from '../../../../src/control/admin/pages/index-routes.ts';
import { defaultSettings } from '../../../../src/settings/table-access.ts';
import { canaryOf } from '../../../support/canaries.ts';
import { forwardRoute, snapshotOf, virtualHost } from '../../../support/proxy.ts';

test('a route names its canaries, and what leads there', () => {
  const route = forwardRoute('/');
  assert.equal(route.action.kind, 'forward');
  const header = { name: 'x-canary', rule: { kind: 'words' } } as const;
  const canaries = [
    canaryOf('next', { weight: 10, header, cookie: 'c' }),
    canaryOf('third', { weight: 5, weightTotal: 1000 }),
  ];
  const snapshot = snapshotOf([virtualHost('h', { ...route, action: { ...route.action, canaries } })], []);
  const { html } = routesTable(snapshot, defaultSettings(), '');
  assert.match(html, /shop\/cart:80, canary shop\/next:80 by header x-canary, cookie c, 10 of 100, /);
  assert.match(html, /canary shop\/third:80 by 5 of 1000/);
});
