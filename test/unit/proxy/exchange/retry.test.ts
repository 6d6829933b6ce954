import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { RetryPolicy } from '../../../../src/model/policy.ts';
import type { TrySoFar } from '../../../../src/proxy/exchange/retry.ts';
import { mayRetryFailure, mayRetryStatus } from '../../../../src/proxy/exchange/retry.ts';

const usual: RetryPolicy = { on: ['error', 'timeout'], tries: 3, timeoutMs: 0 };
const first: TrySoFar = { method: 'GET', tries: 1, elapsedMs: 10, bodyConsumed: false, endpoints: 1 };

test('a GET is tried three times in all, on the only endpoint too', () => {
  assert.ok(mayRetryFailure(usual, 'read-timeout', first));
  assert.ok(mayRetryFailure(usual, 'upstream-reset', { ...first, tries: 2 }));
  assert.ok(!mayRetryFailure(usual, 'upstream-reset', { ...first, tries: 3 }));
});

test('POST, PATCH and LOCK go again only while no byte was sent, or when asked for', () => {
  for (const method of ['POST', 'PATCH', 'LOCK']) {
    assert.ok(!mayRetryFailure(usual, 'read-timeout', { ...first, method }));
    assert.ok(mayRetryFailure(usual, 'connect-refused', { ...first, method }));
    assert.ok(mayRetryFailure(usual, 'connect-timeout', { ...first, method }));
    const all: RetryPolicy = { ...usual, on: [...usual.on, 'non_idempotent'] };
    assert.ok(mayRetryFailure(all, 'read-timeout', { ...first, method }));
  }
  for (const method of ['PUT', 'DELETE', 'OPTIONS', 'HEAD'])
    assert.ok(mayRetryFailure(usual, 'read-timeout', { ...first, method }));
});

test('a body that is gone cannot be sent again', () => {
  assert.ok(!mayRetryFailure(usual, 'upstream-reset', { ...first, bodyConsumed: true }));
  assert.ok(!mayRetryFailure(usual, 'connect-refused', { ...first, bodyConsumed: true }));
});

test('only conditions that are on count', () => {
  assert.ok(!mayRetryFailure({ ...usual, on: ['timeout'] }, 'connect-refused', first));
  assert.ok(!mayRetryFailure({ ...usual, on: ['error'] }, 'connect-timeout', first));
  assert.ok(!mayRetryFailure(usual, 'upstream-invalid', first));
  assert.ok(mayRetryFailure({ ...usual, on: ['invalid_header'] }, 'upstream-invalid', first));
  assert.ok(!mayRetryFailure({ ...usual, on: [] }, 'connect-refused', first));
});

test('failures of the client and our own are never tried again', () => {
  for (const failure of ['client-closed', 'internal', 'no-endpoint', 'bad-request'] as const) {
    assert.ok(!mayRetryFailure({ ...usual, tries: 0 }, failure, first));
  }
});

test('answers by status', () => {
  const policy: RetryPolicy = { ...usual, on: ['http_503', 'http_404'] };
  assert.ok(mayRetryStatus(policy, 503, first));
  assert.ok(mayRetryStatus(policy, 404, first));
  for (const status of [200, 500, 502, 429, 101]) assert.ok(!mayRetryStatus(policy, status, first));
  assert.ok(!mayRetryStatus(policy, 503, { ...first, tries: 3 }), 'the last answer is relayed');
  assert.ok(!mayRetryStatus(policy, 503, { ...first, method: 'POST' }));
  assert.ok(!mayRetryStatus(policy, 503, { ...first, bodyConsumed: true }));
});

test('the time for all tries ends them', () => {
  const policy: RetryPolicy = { ...usual, timeoutMs: 1000 };
  assert.ok(mayRetryFailure(policy, 'connect-refused', { ...first, elapsedMs: 999 }));
  assert.ok(!mayRetryFailure(policy, 'connect-refused', { ...first, elapsedMs: 1000 }));
});

test('no limit is still a bound: each endpoint once, and ten tries where there are few', () => {
  for (const tries of [0, 888_888]) {
    assert.ok(mayRetryFailure({ ...usual, tries }, 'connect-refused', { ...first, tries: 9 }));
    assert.ok(!mayRetryFailure({ ...usual, tries }, 'connect-refused', { ...first, tries: 10 }));
    assert.ok(mayRetryFailure({ ...usual, tries }, 'connect-refused', { ...first, tries: 10, endpoints: 20 }));
  }
});
