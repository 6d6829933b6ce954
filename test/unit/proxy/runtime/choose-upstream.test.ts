import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Canary, CanaryHeader } from '../../../../src/model/canary.ts';
import type { CookieAffinity } from '../../../../src/model/policy.ts';
import { chooseCanary } from '../../../../src/proxy/runtime/choose-upstream.ts';
import { canaryOf, upstreamsOf } from '../../../support/canaries.ts';
import { exchangeOf } from '../../../support/proxy.ts';

const words = (name: string): CanaryHeader => ({ name, rule: { kind: 'words' } });
const affinity: CookieAffinity = {
  mode: 'balanced',
  cookieName: 'S',
  path: '/',
  conditionalSameSiteNone: false,
  secure: 'https',
  changeOnFailure: false,
  whileDraining: 'move',
  upstreamHash: 'hash-of-main',
};

/** Name of the Service that is chosen. @param point  the random number */
function choose(
  canaries: readonly Canary[],
  {
    headers = [],
    point = 0.5,
    empty = [],
    sticky = false,
  }: { headers?: string[]; point?: number; empty?: string[]; sticky?: boolean } = {},
): string {
  const upstreams = upstreamsOf(
    ['a', 'b', 'c'].filter((name) => !empty.includes(name)),
    empty,
  );
  const exchange = exchangeOf({ headers: ['Host', 'h', ...headers] });
  return chooseCanary(exchange, canaries, sticky ? affinity : undefined, upstreams, () => point)?.source.name ?? 'main';
}

test('weights are out of their total: nothing, a part, and everything', () => {
  const weight = (weight: number, weightTotal: number, point: number): string =>
    choose([canaryOf('a', { weight, weightTotal })], { point });
  assert.equal(weight(0, 100, 0), 'main');
  assert.equal(weight(30, 100, 0.299), 'a');
  assert.equal(weight(30, 100, 0.3), 'main');
  assert.equal(weight(100, 200, 0.499), 'a');
  assert.equal(weight(100, 200, 0.5), 'main');
  assert.equal(weight(1000, 1000, 1 - 2 ** -53), 'a');
  assert.equal(weight(5000, 1000, 1 - 2 ** -53), 'a');
});

test('several canaries take their weights one behind the other, each out of its own total', () => {
  const canaries = [
    canaryOf('a', { weight: 10 }),
    canaryOf('b', { weight: 200, weightTotal: 1000 }),
    canaryOf('c', { weight: 30 }),
  ];
  const chosen = [0, 0.09, 0.11, 0.29, 0.31, 0.59, 0.61, 0.99].map((point) => choose(canaries, { point }));
  assert.deepEqual(chosen, ['a', 'a', 'b', 'b', 'c', 'c', 'main', 'main']);
  const full = [canaryOf('a', { weight: 30 }), canaryOf('b', { weight: 70 }), canaryOf('c', { weight: 50 })];
  assert.deepEqual(
    [0, 0.3, 1 - 2 ** -53].map((point) => choose(full, { point })),
    ['a', 'b', 'b'],
  );
});

test('rules of each go before the weights of all, in the order of the canaries', () => {
  const canaries = [
    canaryOf('a', { weight: 100 }),
    canaryOf('b', { header: words('x-b'), cookie: 'both' }),
    canaryOf('c', { header: words('x-c'), cookie: 'both' }),
  ];
  assert.equal(choose(canaries), 'a');
  assert.equal(choose(canaries, { headers: ['X-C', 'always'] }), 'c');
  assert.equal(choose(canaries, { headers: ['X-C', 'always', 'X-B', 'always'] }), 'b');
  assert.equal(choose(canaries, { headers: ['Cookie', 'both=always'] }), 'b');
  assert.equal(choose(canaries, { headers: ['Cookie', 'both=always', 'X-B', 'never'] }), 'c');
});

test('never takes one canary out, and leaves the others their part', () => {
  const canaries = [canaryOf('a', { weight: 50, header: words('x-a') }), canaryOf('b', { weight: 50 })];
  const headers = ['X-A', 'never'];
  assert.deepEqual(
    [0, 0.49, 0.5].map((point) => choose(canaries, { headers, point })),
    ['b', 'b', 'main'],
  );
});

test('a canary without endpoints takes nothing, whatever asks for it', () => {
  const canaries = [canaryOf('a', { weight: 100, header: words('x-a') })];
  assert.equal(choose(canaries, { empty: ['a'] }), 'main');
  assert.equal(choose(canaries, { empty: ['a'], headers: ['X-A', 'always'] }), 'main');
  assert.equal(choose(canaries, { empty: ['a'], headers: ['Cookie', 'S=k|hash-of-a'], sticky: true }), 'main');
  assert.equal(choose([canaryOf('unknown', { weight: 100 })]), 'main');
});

test('a session stays with the upstream that its cookie names, before header and weight', () => {
  const canaries = [canaryOf('a', { weight: 100 }), canaryOf('b', { header: words('x-b') })];
  const session = (value: string, ...headers: string[]): string =>
    choose(canaries, { headers: ['Cookie', `S=${value}`, ...headers], sticky: true });
  assert.equal(session('k|hash-of-main', 'X-B', 'always'), 'main');
  assert.equal(session('k|hash-of-b', 'X-B', 'never'), 'b');
  assert.equal(session('k|hash-of-a|more', 'X-B', 'always'), 'a');
  for (const other of ['k', '', 'k|hash-of-another', 'k|hash-of-mai', 'k|hash-of-mainly', 'hash-of-main', '|'])
    assert.equal(session(other, 'X-B', 'always'), 'b', other);
  assert.equal(
    choose(canaries, { headers: ['Cookie', 'S=k|hash-of-main'] }),
    'a',
    'without affinity the cookie says nothing',
  );
});

test('legacy: a canary keeps no session, and sessions of the route stay there all the same', () => {
  const canaries = [canaryOf('a', { weight: 50, sessions: 'legacy' })];
  const session = (hash: string, point: number): string =>
    choose(canaries, { headers: ['Cookie', `S=k|${hash}`], point, sticky: true });
  assert.deepEqual([session('hash-of-a', 0.1), session('hash-of-a', 0.9)], ['a', 'main']);
  assert.equal(session('hash-of-main', 0.1), 'main');
});
