import assert from 'node:assert/strict';
import { test } from 'node:test';

import { createLogger } from '../../../../src/lib/logger.ts';
import { upstreamId } from '../../../../src/model/ids.ts';
import type { Ejection } from '../../../../src/model/messages.ts';
import type { Upstream } from '../../../../src/model/upstream.ts';
import { EjectionLog } from '../../../../src/proxy/worker/ejection-log.ts';
import { endpoint, upstreamOf } from '../../../support/endpoints.ts';
import { LogLines } from '../../../support/log-lines.ts';

function fixture(): { lines: LogLines; clock: { now: number }; eject: (upstream: Upstream, at: number) => void } {
  const lines = new LogLines();
  const clock = { now: 0 };
  const log = new EjectionLog(createLogger({ process: 'test', level: 'info', destination: lines }), () => clock.now);
  const eject = (upstream: Upstream, at: number): void => {
    const ejection: Ejection = {
      upstream: upstream.id,
      endpoint: endpoint(at).id,
      reason: 'refused',
      durationMs: 2_000,
      times: 2,
    };
    log.decided(upstream, ejection);
  };
  return { lines, clock, eject };
}

test('an ejection says what, why and for how long, and an upstream says one line in ten seconds', () => {
  const { lines, clock, eject } = fixture();
  const upstream = upstreamOf([]);
  for (let at = 1; at <= 5; at += 1) eject(upstream, at);
  assert.deepEqual(
    lines.all.map((line) => line['message']),
    ['10.0.0.1:8080 of shop/cart:80 is left out for 2000 ms: it refused a connection'],
  );
  clock.now = 10_000;
  eject(upstream, 6);
  assert.deepEqual([lines.all.length, lines.all[1]?.['endpoint'], lines.all[1]?.['unsaid']], [2, '10.0.0.6:8080', 4]);
});

test('thousands of upstreams that fail at once say a bounded number of lines', () => {
  const { lines, clock, eject } = fixture();
  const failAll = (): void => {
    for (let at = 0; at < 3_000; at += 1) eject({ ...upstreamOf([]), id: upstreamId('shop', `s${at}`, '80') }, 1);
  };
  failAll();
  failAll();
  assert.equal(lines.all.length, 1_000);
  clock.now = 10_000;
  failAll();
  assert.equal(lines.all.length, 2_000);
});
