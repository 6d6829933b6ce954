import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';

import { Controller } from '../../src/control/controller.ts';
import type { ObjectSource } from '../../src/control/sources/source.ts';
import { openReports } from '../../src/control/status/cluster-reports.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { createLogger } from '../../src/lib/logger.ts';
import type { FromControl } from '../../src/model/messages.ts';
import { emptySnapshot } from '../../src/model/snapshot.ts';
import { createCounters } from '../../src/telemetry/counters.ts';
import { decode } from './decoding.ts';
import { settingsWith } from './fake-api/cluster-harness.ts';
import type { FakeApi } from './fake-api/fake-api.ts';
import { clientOf } from './fake-api/reflector-harness.ts';
import { LogLines } from './log-lines.ts';

export interface ControlOptions {
  readonly objects: readonly object[];
  /** Objects may have loopback addresses. */
  readonly allowLoopback: boolean;
  readonly settings?: Parameters<typeof settingsWith>[0];
  readonly send?: (message: FromControl) => void;
}

/** The control process of replica `pod-a` with these objects of namespace `shop`, and status, Events and Lease in a made-up API server. */
export function startControlProcess(t: TestContext, api: FakeApi, options: ControlOptions): void {
  const settings = settingsWith({
    namespace: 'fairway',
    podName: 'pod-a',
    electionId: 'leader',
    watchIngressWithoutClass: true,
    ...options.settings,
  });
  const log = createLogger({ process: 'test', level: 'debug', destination: new LogLines() });
  const counters = createCounters({ timeBuckets: [1], lengthBuckets: [1], sizeBuckets: [1] });
  const tools = { settings, clock: systemClock, log, counters };
  const controller = new Controller({
    ...tools,
    snapshot: emptySnapshot,
    unhealthy: new Map(),
    source: sourceOf(options),
    reports: openReports(tools, () => clientOf(api)),
    send: options.send ?? (() => {}),
  });
  void controller.run();
  t.after(async () => {
    controller.health.stop();
    await controller.drain();
    await api.stop();
    assert.deepEqual(api.forbidden, []);
  });
}

function sourceOf({ allowLoopback, objects }: ControlOptions): ObjectSource {
  return {
    name: 'cluster',
    run: async (sink) => {
      for (const object of objects) {
        const decoded = decode(object, { allowLoopback, defaultNamespace: 'shop' });
        assert.ok(decoded.outcome === 'object', JSON.stringify(decoded));
        sink.upsert(decoded.object);
      }
      sink.synced();
      await new Promise<never>(() => {});
    },
    waitingFor: () => [],
  };
}
