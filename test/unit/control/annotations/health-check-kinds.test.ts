import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import {
  hostHeader,
  portOrName,
  requestPath,
  statusRanges,
} from '../../../../src/control/annotations/health-check-kinds.ts';

test('ports are numbers or names', () => {
  for (const [text, value] of [
    ['80', 80],
    ['65535', 65_535],
    ['http-admin', 'http-admin'],
  ] as const) {
    assert.deepEqual(portOrName().parse(text), { ok: true, value });
  }
  for (const text of ['0', '65536', '-1', 'Admin', 'a_b', 'sixteen-letters-', '8o80 ', ''])
    assert.equal(portOrName().parse(text).ok, false, text);
});

test('statuses are ranges of what an answer can have', () => {
  assert.deepEqual(statusRanges().parse('200-299, 304'), {
    ok: true,
    value: [
      [200, 299],
      [304, 304],
    ],
  });
  for (const text of ['', '200-', '199', '600', '300-200', '2xx', '200 201', '200,', Array(17).fill('200').join()])
    assert.equal(statusRanges().parse(text).ok, false, text);
});

test('whatever is written, no request becomes two and no range is empty', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.stringMatching(/^[-0-9, ]{0,30}$/)), (text) => {
      const path = requestPath().parse(text);
      if (path.ok) assert.match(path.value, /^\/[!-"$-~]*$/);
      const host = hostHeader().parse(text);
      if (host.ok) assert.match(host.value, /^[-.:\w]+$/);
      const port = portOrName().parse(text);
      if (port.ok && typeof port.value === 'number') assert.ok(port.value >= 1 && port.value <= 65_535);
      const ranges = statusRanges().parse(text);
      if (!ranges.ok) return;
      for (const [from, to] of ranges.value) assert.ok(from >= 200 && from <= to && to <= 599);
    }),
    { numRuns: 2000 },
  );
});
