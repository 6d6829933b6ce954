import assert from 'node:assert/strict';
import { test } from 'node:test';

import { cookieValue } from '../../../../src/proxy/exchange/cookies.ts';

const values: readonly (readonly [cookies: readonly string[], value: string | undefined])[] = [
  [['s=1'], '1'],
  [['a=b; s=1; c=d'], '1'],
  [['a=b;s=1'], '1'],
  [['s=1; s=2'], '1'],
  [['a=b', 's=1'], '1'],
  [['xs=1; s=2'], '2'],
  [['s=a=b'], 'a=b'],
  [['s='], ''],
  [['s'], undefined],
  [['S=1'], undefined],
  [['ss=1'], undefined],
  [['a=s=1'], undefined],
  [[';;; s=1 ;'], '1'],
  [[''], undefined],
  [[], undefined],
];

for (const [cookies, value] of values) {
  test(`${JSON.stringify(cookies)} holds ${value ?? 'none'}`, () => {
    assert.equal(cookieValue(['Host', 'h', ...cookies.flatMap((one) => ['cookie', one])], 's'), value);
  });
}
