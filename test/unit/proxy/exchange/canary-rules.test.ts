import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { CanaryHeaderRule } from '../../../../src/model/canary.ts';
import { askCanary } from '../../../../src/proxy/exchange/canary-rules.ts';
import { canaryOf } from '../../../support/canaries.ts';

/** Answer of a canary with this header rule, and a cookie `Canary`, to these fields. */
function ask(rule: CanaryHeaderRule, ...fields: string[]): string {
  const canary = canaryOf('next', { header: { name: 'x-canary', rule }, cookie: 'canary' });
  return askCanary(canary, ['Host', 'h', ...fields]);
}

test('always and never decide, in a header of any case; everything else is left open', () => {
  const words = { kind: 'words' } as const;
  assert.equal(ask(words, 'X-Canary', 'always'), 'take');
  assert.equal(ask(words, 'x-CANARY', 'never'), 'leave');
  for (const value of ['Always', 'badheadervalue', '', ' always'])
    assert.equal(ask(words, 'X-Canary', value), 'open', value);
  assert.equal(ask(words), 'open');
  assert.equal(ask(words, 'X-Canary', 'always', 'X-Canary', 'always'), 'open', 'nginx joins them');
});

test('a value is exact, and takes their meaning from always and never', () => {
  const rule = { kind: 'value', value: 'DoCanary' } as const;
  assert.equal(ask(rule, 'X-Canary', 'DoCanary'), 'take');
  for (const value of ['always', 'never', 'docanary', 'DoCanary2']) assert.equal(ask(rule, 'X-Canary', value), 'open');
});

test('a pattern matches anywhere; one that cannot be used keeps whoever sends the header away, also from the cookie', () => {
  const rule = { kind: 'pattern', pattern: '^Do[A-Z][a-z]+y$' } as const;
  assert.equal(ask(rule, 'X-Canary', 'DoCanary'), 'take');
  assert.equal(ask(rule, 'X-Canary', 'Docanary', 'Cookie', 'canary=always'), 'take', 'falls through to the cookie');
  const never = { kind: 'never' } as const;
  assert.equal(ask(never, 'X-Canary', 'DoCanary', 'Cookie', 'canary=always'), 'leave');
  assert.equal(ask(never, 'Cookie', 'canary=always'), 'take');
});

test('the header goes before the cookie, and never of the header ends it', () => {
  const words = { kind: 'words' } as const;
  assert.equal(ask(words, 'X-Canary', 'never', 'Cookie', 'canary=always'), 'leave');
  assert.equal(ask(words, 'X-Canary', 'other', 'Cookie', 'canary=always'), 'take');
  assert.equal(ask(words, 'X-Canary', 'other', 'Cookie', 'canary=never'), 'leave');
});

for (const [cookies, verdict] of [
  [['a=b; canary=always; c=d'], 'take'],
  [['CANARY=never'], 'leave'],
  [['canary=always '], 'open'],
  [['canary="always"'], 'open'],
  [['canary=badcookievalue'], 'open'],
  [['xcanary=always'], 'open'],
  [['canary2=always'], 'open'],
  [['canary'], 'open'],
  [['canary=never; canary=always'], 'leave'],
  [['a=b', 'canary=always'], 'take'],
  [[';;  canary=always;'], 'take'],
  [['canary='], 'open'],
] as const) {
  test(`${JSON.stringify(cookies)} is ${verdict}`, () => {
    assert.equal(ask({ kind: 'words' }, ...cookies.flatMap((one) => ['cookie', one])), verdict);
  });
}

test('without a rule everything is left open', () => {
  assert.equal(askCanary(canaryOf('next'), ['X-Canary', 'always', 'Cookie', 'canary=always']), 'open');
});
