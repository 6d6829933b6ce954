import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import type { Snapshot } from '../../src/model/snapshot.ts';
import { applyUpdate, diffSnapshots, equalData, isEmptyUpdate } from '../../src/model/update.ts';
import { anySnapshot } from '../support/arbitrary-snapshots.ts';

const maps = ['listeners', 'virtualHosts', 'upstreams', 'certificates'] as const;

test('an update that crossed a process boundary gives the next snapshot', () => {
  fc.assert(
    fc.property(anySnapshot, anySnapshot, (a, b) => {
      assert.deepEqual(applyUpdate(a, structuredClone(diffSnapshots(a, b))), b);
    }),
    { numRuns: 500 },
  );
});

test('updates one after another give the last snapshot', () => {
  fc.assert(
    fc.property(fc.array(anySnapshot, { minLength: 2, maxLength: 5 }), (all) => {
      const [first, ...rest] = all;
      assert.ok(first !== undefined);
      let held: Snapshot = first;
      let sent = first;
      for (const next of rest) {
        held = applyUpdate(held, structuredClone(diffSnapshots(sent, next)));
        sent = next;
      }
      assert.deepEqual(held, all.at(-1));
    }),
  );
});

test('what did not change keeps its identity, and a map without changes too', () => {
  fc.assert(
    fc.property(anySnapshot, anySnapshot, (a, b) => {
      const next = applyUpdate(a, structuredClone(diffSnapshots(a, b)));
      for (const name of maps) {
        const before: ReadonlyMap<unknown, unknown> = a[name];
        const after: ReadonlyMap<unknown, unknown> = next[name];
        for (const [key, value] of after) if (equalData(before.get(key), value)) assert.equal(value, before.get(key));
        if (equalData(before, after)) assert.equal(after, before);
      }
    }),
  );
});

test('a copy of a snapshot differs in nothing', () => {
  fc.assert(
    fc.property(anySnapshot, (a) => {
      assert.ok(isEmptyUpdate(diffSnapshots(a, structuredClone(a))));
    }),
  );
});

test('equalData agrees with the strict comparison of plain data', () => {
  const data = fc.jsonValue({ maxDepth: 3 });
  fc.assert(
    fc.property(data, data, (a, b) => {
      let isEqual = true;
      try {
        assert.deepStrictEqual(a, b);
      } catch {
        isEqual = false;
      }
      assert.equal(equalData(a, b), isEqual);
      assert.ok(equalData(a, structuredClone(a)));
    }),
  );
});
