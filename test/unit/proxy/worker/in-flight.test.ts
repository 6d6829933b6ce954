import assert from 'node:assert/strict';
import { test } from 'node:test';

import { inFlightSamples } from '../../../../src/proxy/worker/in-flight.ts';
import { endpoint, upstreamOf } from '../../../support/endpoints.ts';
import { runtimeFixture, snapshotOf } from '../../../support/proxy.ts';

const upstream = upstreamOf([1, 2, 3].map((number) => endpoint(number)));

function fixture(...inFlight: readonly number[]) {
  const { runtime, serve } = runtimeFixture(snapshotOf([], [upstream]));
  const states = [...(runtime.upstreams.get(upstream.id)?.endpoints.values() ?? [])];
  assert.equal(states.length, 3);
  states.forEach((state, at) => (state.inFlight = inFlight[at] ?? 0));
  const held = (most?: number): (readonly [string, number | undefined])[] =>
    inFlightSamples(runtime.upstreams.all(), most).map(({ labels, values }) => [labels.join('/'), values[0]]);
  return { held, serve };
}

function named(number: number): string {
  return `${upstream.namespace}/${upstream.service}/${endpoint(number).id}`;
}

test('endpoints that hold something say how much', () => {
  assert.deepEqual(fixture(2, 0, 7).held(), [
    [named(1), 2],
    [named(3), 7],
  ]);
});

test('where there are too many, those that hold most are shown', () => {
  assert.deepEqual(fixture(2, 9, 7).held(2), [
    [named(2), 9],
    [named(3), 7],
  ]);
});

test('an endpoint that is gone is shown no more', () => {
  const { held, serve } = fixture(2, 0, 7);
  serve(snapshotOf([], [{ ...upstream, endpoints: [endpoint(1), endpoint(2)] }]));
  assert.deepEqual(held(), [[named(1), 2]]);
});
