import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { MetricSample } from '../../../src/model/metric-sample.ts';
import type { Counters } from '../../../src/telemetry/counters.ts';
import { createCounters } from '../../../src/telemetry/counters.ts';
import type { MetricName } from '../../../src/telemetry/metrics.ts';

const settings = { timeBuckets: [0.1, 1], lengthBuckets: [], sizeBuckets: [10] };
const list = [
  'nginx_ingress_controller_requests',
  'nginx_ingress_controller_request_duration_seconds',
  'nginx_ingress_controller_request_size',
] as const satisfies readonly MetricName[];
const labelsOf = (path: string): string[] => ['h', '200', 'GET', path, 'ns', 'ing', 'svc', ''];

function samplesOf(counters: Counters, path: string): readonly (readonly [string, readonly number[]])[] {
  const own = ({ labels }: MetricSample): boolean => labels[3] === path;
  return counters.samples().flatMap((one) => (own(one) ? [[one.metric, one.values] as const] : []));
}

const droppedBy = (counters: Counters): number | undefined => counters.samples().at(-1)?.values[0];

test('the same labels give the same bundle, and its metrics are counted apart', () => {
  const counters = createCounters(settings);
  const bundle = counters.bundle(list, labelsOf('/a'));
  assert.equal(counters.bundle(list, labelsOf('/a')), bundle);
  bundle.add(0, 1);
  bundle.add(0, 2);
  for (const seconds of [0.05, 0.1, 0.5, 3]) bundle.add(1, seconds);
  bundle.add(2, 80);
  assert.deepEqual(samplesOf(counters, '/a'), [
    ['nginx_ingress_controller_requests', [3]],
    ['nginx_ingress_controller_request_duration_seconds', [2, 1, 1, 3.65]],
    ['nginx_ingress_controller_request_size', [1, 80]],
  ]);
});

test('hundreds of bundles do not touch each other', () => {
  const counters = createCounters(settings);
  const paths = Array.from({ length: 300 }, (_, at) => `/${at}`);
  paths.forEach((path, at) => counters.bundle(list, labelsOf(path)).add(0, at));
  for (const [at, path] of paths.entries()) {
    assert.deepEqual(samplesOf(counters, path)[0], ['nginx_ingress_controller_requests', [at]]);
  }
});

test('a bundle that was removed counts for nobody, and its room begins at nothing', () => {
  const counters = createCounters(settings, 3);
  const gone = counters.bundle(list, labelsOf('/a'));
  gone.add(0, 5);
  counters.remove('nginx_ingress_controller_request_size', (labels) => labels[3] === '/a');
  assert.deepEqual(samplesOf(counters, '/a'), []);
  const next = counters.bundle(list, labelsOf('/b'));
  gone.add(0, 7);
  next.add(0, 1);
  assert.deepEqual(samplesOf(counters, '/b')[0], ['nginx_ingress_controller_requests', [1]]);
  assert.equal(droppedBy(counters), 0);
});

test('beyond the bound one bundle takes all, and each call is counted', () => {
  const counters = createCounters(settings, 5);
  counters.bundle(list, labelsOf('/a'));
  const beyond = counters.bundle(list, labelsOf('/b'));
  assert.equal(counters.bundle(list, labelsOf('/c')), beyond);
  beyond.add(0, 10);
  beyond.add(1, 10);
  assert.deepEqual(samplesOf(counters, '/b'), []);
  assert.equal(droppedBy(counters), 2);
});

test('gauges, and a wrong number of labels, are bugs and throw', () => {
  const counters = createCounters(settings);
  assert.throws(() => counters.bundle(['fairway_upgrades_open'], []), /is a gauge/);
  assert.throws(() => counters.bundle(list, ['a']), /has the labels/);
});
