import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Publisher } from '../../../src/control/publisher.ts';
import { hostPattern } from '../../../src/model/ids.ts';
import type { FromControl, WorkerState } from '../../../src/model/messages.ts';
import type { Snapshot } from '../../../src/model/snapshot.ts';
import { emptySnapshot } from '../../../src/model/snapshot.ts';
import { defaultSettings } from '../../../src/settings/table-access.ts';
import { createCounters } from '../../../src/telemetry/counters.ts';

function snapshotOf(version: number, ...hosts: readonly string[]): Snapshot {
  const virtualHosts = new Map(hosts.map((host) => [hostPattern(host), { host: hostPattern(host), routes: [] }]));
  return { ...emptySnapshot, version, virtualHosts };
}

function worker(appliedVersion: number): WorkerState {
  return { index: 0, pid: 1, appliedVersion, restarts: 0, rssBytes: 0, loopDelayMs: 0 };
}

function bench(published: Snapshot): {
  publisher: Publisher;
  sent: FromControl[];
  said: unknown[];
  value: (metric: string) => number | undefined;
} {
  const sent: FromControl[] = [];
  const said: unknown[] = [];
  const counters = createCounters(defaultSettings());
  const publisher = new Publisher(published, {
    send: (message) => sent.push(message),
    counters,
    clock: { now: () => 1_000, wall: () => 5_000_000 },
    log: { info: (fields) => said.push(fields['version']) },
  });
  const value = (metric: string): number | undefined =>
    counters.samples().find((sample) => sample.metric === `nginx_ingress_controller_${metric}`)?.values[0];
  return { publisher, sent, said, value };
}

test('a version is served when the slowest worker serves it', () => {
  const { publisher, said, sent, value } = bench(emptySnapshot);
  assert.equal(publisher.publish(snapshotOf(1, 'a.test'), 900), true);
  publisher.follow([worker(1), worker(0)]);
  assert.deepEqual([sent.length, said, value('success')], [1, [], 0]);
  publisher.follow([worker(1), worker(1)]);
  assert.deepEqual([said, value('success'), value('config_last_reload_successful')], [[1], 1, 1]);
  publisher.follow([worker(1), worker(1)]);
  assert.equal(value('success'), 1);
});

test('a process that starts beside workers that serve everything says so, and sends nothing', () => {
  const { publisher, said, sent, value } = bench(snapshotOf(7, 'a.test'));
  assert.equal(value('config_last_reload_successful'), undefined);
  assert.equal(publisher.publish(snapshotOf(8, 'a.test'), 900), false);
  assert.deepEqual([sent, said, value('config_last_reload_successful')], [[], [], 1]);
  assert.equal(value('config_last_reload_successful_timestamp_seconds'), 5_000);
  assert.equal(publisher.published.version, 7);
});

test('a refused version stays refused until another one is taken', () => {
  const { publisher, value } = bench(emptySnapshot);
  publisher.publish(snapshotOf(1, 'a.test'), 900);
  publisher.rejected(1);
  assert.deepEqual([value('errors'), value('config_last_reload_successful')], [1, 0]);
  publisher.publish(snapshotOf(2, 'a.test'), 900);
  assert.equal(value('config_last_reload_successful'), 0);
  publisher.publish(snapshotOf(2, 'b.test'), 900);
  publisher.follow([worker(2)]);
  assert.equal(value('config_last_reload_successful'), 1);
});
