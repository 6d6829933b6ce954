import assert from 'node:assert/strict';
import { test } from 'node:test';

import { hostPattern } from '../../../src/model/ids.ts';
import { emptySnapshot } from '../../../src/model/snapshot.ts';
import type { Snapshot } from '../../../src/model/snapshot.ts';
import { applyUpdate, diffSnapshots, equalData, isEmptyUpdate } from '../../../src/model/update.ts';

test('what differs, and what does not', () => {
  const pairs: readonly (readonly [unknown, unknown, boolean])[] = [
    [1, 1, true],
    [Number.NaN, Number.NaN, true],
    [0, -0, false],
    ['1', 1, false],
    [null, undefined, false],
    [null, {}, false],
    [[], {}, false],
    [[1, 2], [2, 1], false],
    [[1], [1, undefined], false],
    [{ a: 1, b: 2 }, { b: 2, a: 1 }, true],
    [{ a: undefined }, {}, false],
    [{ a: undefined }, { b: undefined }, false],
    [{ toString: undefined }, {}, false],
    [new Map([['a', [1]]]), new Map([['a', [1]]]), true],
    [new Map([['a', [1]]]), new Map([['a', [2]]]), false],
    [new Map([['a', 1]]), new Map([['b', 1]]), false],
    [new Map(), {}, false],
    [{ deep: [{ x: [{ y: 1 }] }] }, { deep: [{ x: [{ y: 1 }] }] }, true],
    [{ deep: [{ x: [{ y: 1 }] }] }, { deep: [{ x: [{ y: 2 }] }] }, false],
  ];
  for (const [a, b, expected] of pairs) {
    assert.equal(equalData(a, b), expected, JSON.stringify([a, b]));
    assert.equal(equalData(b, a), expected, JSON.stringify([b, a]));
  }
});

test('an update holds only what changed', () => {
  const host = (
    name: string,
  ): [ReturnType<typeof hostPattern>, Snapshot['virtualHosts'] extends ReadonlyMap<unknown, infer V> ? V : never] => [
    hostPattern(name),
    { host: hostPattern(name), routes: [] },
  ];
  const a: Snapshot = { ...emptySnapshot, version: 4, virtualHosts: new Map([host('a'), host('b')]) };
  const b: Snapshot = { ...emptySnapshot, version: 5, virtualHosts: new Map([host('b'), host('c')]) };
  const update = diffSnapshots(a, b);
  assert.deepEqual([update.from, update.to], [4, 5]);
  assert.deepEqual([...update.virtualHosts.set.keys()], ['c']);
  assert.deepEqual(update.virtualHosts.removed, ['a']);
  assert.equal('options' in update, false);
  assert.equal(applyUpdate(a, update).upstreams, a.upstreams);
  assert.equal(isEmptyUpdate(update), false);
});
