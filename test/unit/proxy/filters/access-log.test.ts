import assert from 'node:assert/strict';
import { test } from 'node:test';

import { accessLogEntry } from '../../../../src/proxy/filters/access-log.ts';
import { exchangeOf } from '../../../support/proxy.ts';

const clock = { now: () => 30, wall: () => 1_000 };

test('the log names the user of basic authentication, and nobody for anything else', () => {
  const userOf = (authorization: string): string =>
    accessLogEntry(exchangeOf({ headers: ['Host', 'h', 'Authorization', authorization] }), clock).user;
  assert.equal(userOf(`Basic ${btoa('ann:secret')}`), 'ann');
  assert.equal(userOf('Bearer abc'), '');
  assert.equal(accessLogEntry(exchangeOf(), clock).user, '');
});
