import assert from 'node:assert/strict';
import { test } from 'node:test';

import { compile } from '../../../src/control/compile/compile.ts';
import { withIgnoredChecks } from '../../../src/control/ignored-checks.ts';
import { ObjectStore } from '../../../src/control/objects/object-store.ts';
import { upstreamId } from '../../../src/model/ids.ts';
import { defaultSettings } from '../../../src/settings/table-access.ts';
import { ingress, ownClass, rule, service } from '../../support/compile-objects.ts';

test('checks that are ignored are said of every Ingress that sends there, canaries as well', () => {
  const objects = new ObjectStore();
  const annotations = { 'fairway.dev/canary': 'true', 'fairway.dev/canary-weight': '10' };
  for (const object of [
    ownClass,
    ingress('main', { rules: [rule('x.example.com', '/', 'cart')] }),
    ingress('canary', { annotations, rules: [rule('x.example.com', '/', 'next')] }),
    ingress('other', { rules: [rule('y.example.com', '/', 'next')] }),
    service('cart'),
    service('next'),
  ])
    objects.upsert(object);
  const compilation = compile({
    objects,
    settings: defaultSettings(),
    version: 1,
    nowSeconds: 0,
    publishedAddresses: [],
  });
  const said = withIgnoredChecks(compilation, new Set([upstreamId('shop', 'next', '80')])).diagnostics;
  const names = said.filter(({ code }) => code === 'all-checks-fail').map(({ object }) => object.name);
  assert.deepEqual(names.toSorted(), ['canary', 'other']);
});
