import assert from 'node:assert/strict';
import { test } from 'node:test';

import { createCounters } from '../../../src/telemetry/counters.ts';

const settings = { timeBuckets: [0.1, 1], lengthBuckets: [10], sizeBuckets: [10] };
const requestLabels = ['h', '200', 'GET', '/', 'ns', 'ing', 'svc', ''];

test('the same labels give the same series', () => {
  const counters = createCounters(settings);
  counters.series('nginx_ingress_controller_requests', requestLabels).add(1);
  counters.series('nginx_ingress_controller_requests', [...requestLabels]).add(1);
  const sample = counters.samples().find((one) => one.metric === 'nginx_ingress_controller_requests');
  assert.deepEqual(sample, { metric: 'nginx_ingress_controller_requests', labels: requestLabels, values: [2] });
});

test('labels that read the same when joined stay apart', () => {
  const counters = createCounters(settings);
  counters.series('fairway_retries_total', ['a,b', 'c', 'd']).add(1);
  counters.series('fairway_retries_total', ['a', 'b,c', 'd']).add(1);
  assert.equal(counters.samples().filter((one) => one.metric === 'fairway_retries_total').length, 2);
});

test('a histogram counts each bucket on its own, with what is above and the sum', () => {
  const counters = createCounters(settings);
  const series = counters.series('nginx_ingress_controller_request_duration_seconds', requestLabels);
  for (const value of [0.05, 0.1, 0.5, 3]) series.add(value);
  const values = counters.samples()[0]?.values ?? [];
  assert.deepEqual(values.slice(0, 3), [2, 1, 1]);
  assert.ok(Math.abs((values[3] ?? 0) - 3.65) < 1e-9);
});

test('a gauge is set and added to', () => {
  const counters = createCounters(settings);
  const series = counters.series('fairway_upgrades_open', []);
  series.set(5);
  series.add(-1);
  assert.deepEqual(counters.samples()[0]?.values, [4]);
});

test('beyond the bound one series takes all, and that is counted', () => {
  const counters = createCounters(settings, 2);
  const first = counters.series('fairway_retries_total', ['a', 'a', 'a']);
  counters.series('fairway_retries_total', ['b', 'a', 'a']).add(1);
  counters.series('fairway_retries_total', ['c', 'a', 'a']).add(1);
  counters.series('fairway_retries_total', ['d', 'a', 'a']).add(1);
  assert.equal(counters.series('fairway_retries_total', ['a', 'a', 'a']), first);
  const samples = counters.samples();
  assert.equal(samples.length, 3);
  assert.deepEqual(samples.at(-1), { metric: 'fairway_metric_series_dropped_total', labels: [], values: [2] });
});

test('removed series leave room for others', () => {
  const counters = createCounters(settings, 1);
  counters.series('fairway_retries_total', ['a', 'a', 'a']).add(1);
  counters.remove('fairway_retries_total', (labels) => labels[0] === 'a');
  counters.series('fairway_retries_total', ['b', 'a', 'a']).add(1);
  assert.deepEqual(
    counters.samples().map((one) => [one.metric, one.labels[0], one.values[0]]),
    [
      ['fairway_retries_total', 'b', 1],
      ['fairway_metric_series_dropped_total', undefined, 0],
    ],
  );
});

test('a wrong number of labels is a bug and throws', () => {
  assert.throws(() => createCounters(settings).series('fairway_retries_total', ['a']), /namespace, service, failure/);
});
