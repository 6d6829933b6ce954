import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { failureStatuses, percent } from '../../../../src/control/annotations/ejection-kinds.ts';
import { ejection } from '../../../../src/control/annotations/groups/ejection.ts';
import { defaultSettings } from '../../../../src/settings/table-access.ts';
import type { ReadResult } from '../../../../src/settings/value-kind.ts';

function valueOf<T>(result: ReadResult<T>): T | undefined {
  return result.ok ? result.value : undefined;
}

test('percent is a whole number up to 100, with its sign or without', () => {
  for (let number = 0; number <= 100; number += 1) {
    assert.equal(valueOf(percent().parse(`${number}`)), number / 100);
    assert.equal(valueOf(percent().parse(`${number}%`)), number / 100);
  }
  for (const text of ['101', '-1', '0.5', '50 %', '1e1', '%', '٥٠'])
    assert.equal(percent().parse(text).ok, false, text);
});

test('statuses are those of errors, ascending and each once, however they are separated', () => {
  const status = fc.integer({ min: 400, max: 599 });
  const separators = fc.constantFrom(' ', ',', ', ', '  ');
  fc.assert(
    fc.property(fc.array(status, { minLength: 1, maxLength: 20 }), separators, (statuses, separator) => {
      const read = valueOf(failureStatuses().parse(statuses.join(separator)));
      assert.deepEqual(
        read,
        [...new Set(statuses)].toSorted((a, b) => a - b),
      );
    }),
  );
  for (const text of ['200', '5xx', '503;504', '600', '0503', '503-504', ',']) {
    assert.equal(failureStatuses().parse(text).ok, false, text);
  }
});

test('whatever the annotations say, the policy is one that can be followed', () => {
  const some = ejection.definitions.map(({ key, example, value }) =>
    fc.constantFrom(...new Set(['', example, '0', '1', '7', '100', '1h', 'on', 'off', '404'])).map((text) => {
      const result = value.parse(text);
      return text !== '' && result.ok ? ([[key, result.value]] as const) : [];
    }),
  );
  fc.assert(
    fc.property(fc.tuple(...some), (written) => {
      const { upstream } = ejection.meaning(new Map(written.flat()), defaultSettings());
      const policy = upstream?.ejection;
      if (written.flat().length === 0) return assert.equal(policy, undefined);
      assert.ok(policy !== undefined);
      assert.ok(policy.baseMs >= 1_000 && policy.baseMs <= policy.maxMs && policy.maxMs <= 3_600_000);
      assert.ok(policy.maxShare >= 0 && policy.maxShare <= 1 && policy.failureRate >= 0 && policy.failureRate <= 1);
      assert.ok(policy.minimumRequests >= 1 && policy.intervalMs >= 1_000);
      return undefined;
    }),
  );
});
