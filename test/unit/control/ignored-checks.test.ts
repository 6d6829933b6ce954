import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Compilation } from '../../../src/control/compile/compilation.ts';
import { compile } from '../../../src/control/compile/compile.ts';
import { IgnoredChecks } from '../../../src/control/ignored-checks.ts';
import { ObjectStore } from '../../../src/control/objects/object-store.ts';
import { upstreamId } from '../../../src/model/ids.ts';
import { defaultSettings } from '../../../src/settings/table-access.ts';
import { ingress, ownClass, rule, service } from '../../support/compile-objects.ts';
import { FakeTime } from '../../support/fake-time.ts';

const next = new Set([upstreamId('shop', 'next', '80')]);

function compilation(): Compilation {
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
  return compile({ objects, settings: defaultSettings(), version: 1, nowSeconds: 0, publishedAddresses: [] });
}

/** Names of the Ingresses of which something is said. */
function namesOf({ diagnostics }: Compilation, code: string): string[] {
  return diagnostics
    .filter((diagnostic) => diagnostic.code === code)
    .map(({ object }) => object.name)
    .toSorted();
}

test('checks that are ignored are said of every Ingress that sends there, canaries as well', () => {
  const checks = new IgnoredChecks(new FakeTime());
  checks.update(next);
  assert.deepEqual(namesOf(checks.withWarnings(compilation()), 'all-checks-fail'), ['canary', 'other']);
});

test('that they are followed again is news for ten minutes, unless all fail once more', () => {
  const time = new FakeTime();
  const checks = new IgnoredChecks(time);
  const news = (): string[] => namesOf(checks.withNews(compilation()), 'checks-pass-again');
  const none = new Set<never>();
  checks.update(next);
  assert.deepEqual(news(), []);
  checks.update(none);
  assert.deepEqual(news(), ['canary', 'other']);
  assert.deepEqual(namesOf(checks.withWarnings(compilation()), 'checks-pass-again'), [], 'nothing is wrong any more');
  checks.update(next);
  assert.deepEqual(news(), []);
  checks.update(none);
  time.jump(9 * 60_000);
  checks.update(none);
  assert.deepEqual(news(), ['canary', 'other']);
  time.jump(2 * 60_000);
  checks.update(none);
  assert.deepEqual(news(), []);
});
