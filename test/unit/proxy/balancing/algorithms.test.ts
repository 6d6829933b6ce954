import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ewma } from '../../../../src/proxy/balancing/ewma.ts';
import { leastConnections } from '../../../../src/proxy/balancing/least-connections.ts';
import { makeBalancer } from '../../../../src/proxy/balancing/make-balancer.ts';
import { randomTwo } from '../../../../src/proxy/balancing/random-two.ts';
import { roundRobin } from '../../../../src/proxy/balancing/round-robin.ts';
import { weighted } from '../../../../src/proxy/balancing/weighted.ts';
import type { EndpointState } from '../../../../src/proxy/upstreams/endpoint-state.ts';
import { decayedLatency, observeLatency } from '../../../../src/proxy/upstreams/latency.ts';
import { endpointStates, seededRandom } from '../../../support/endpoints.ts';

const now = (): number => 10_000;

function ids(count: number, pick: () => EndpointState | undefined): string {
  return Array.from({ length: count }, () => pick()?.endpoint.id.split(/[.:]/)[3]).join(' ');
}

test('round robin goes on where it was when an endpoint leaves or comes', () => {
  const [a, b, c, d] = endpointStates(4);
  assert.ok(a !== undefined && b !== undefined && c !== undefined && d !== undefined);
  const four = roundRobin([a, b, c, d], () => 0, now, undefined);
  assert.equal(
    ids(2, () => four.pick('', [])),
    '0 1',
  );
  const three = roundRobin([a, b, d], () => 0.9, now, four);
  assert.equal(
    ids(3, () => three.pick('', [])),
    '3 0 1',
  );
  const again = roundRobin([a, b, c, d], () => 0.9, now, three);
  assert.equal(
    ids(4, () => again.pick('', [])),
    '3 0 1 2',
  );
});

test('round robin of many workers begins at different endpoints', () => {
  const endpoints = endpointStates(4);
  const firsts = [0, 0.3, 0.6, 0.9].map((random) => roundRobin(endpoints, () => random, now, undefined).pick('', []));
  assert.equal(new Set(firsts).size, 4);
});

test('weighted keeps the credit of endpoints that stay', () => {
  const [a, b, c] = endpointStates(3);
  assert.ok(a !== undefined && b !== undefined && c !== undefined);
  const two = weighted([a, b], () => 0, now, undefined);
  assert.equal(two.pick('', []), a);
  const three = weighted([a, b, c], () => 0, now, two);
  assert.equal(three.pick('', []), b, 'b was next and still is');
});

test('least connections picks the idle endpoint, and ties take turns', () => {
  const endpoints = endpointStates(3);
  const [a, b, c] = endpoints;
  assert.ok(a !== undefined && b !== undefined && c !== undefined);
  const balancer = leastConnections(endpoints, () => 0);
  Object.assign(a, { inFlight: 2 });
  Object.assign(b, { inFlight: 1 });
  Object.assign(c, { inFlight: 2 });
  assert.equal(balancer.pick('', []), b);
  Object.assign(b, { inFlight: 2 });
  assert.equal(new Set(Array.from({ length: 3 }, () => balancer.pick('', []))).size, 3);
});

test('random two never picks the busiest endpoint', () => {
  const endpoints = endpointStates(5);
  const busiest = endpoints[2];
  assert.ok(busiest !== undefined);
  busiest.inFlight = 9;
  const balancer = randomTwo(endpoints, seededRandom(3));
  for (let pick = 0; pick < 300; pick += 1) assert.notEqual(balancer.pick('', []), busiest);
});

test('ewma avoids a slow endpoint at once and comes back to it after a while', () => {
  const endpoints = endpointStates(3);
  let time = 1000;
  for (const one of endpoints) observeLatency(one, 10, time);
  const slow = endpoints[0];
  assert.ok(slow !== undefined);
  observeLatency(slow, 500, time);
  const balancer = ewma(endpoints, seededRandom(5), () => time);
  for (let pick = 0; pick < 200; pick += 1) assert.notEqual(balancer.pick('', []), slow);
  time += 60_000;
  for (const one of endpoints) if (one !== slow) observeLatency(one, 10, time);
  assert.ok(Array.from({ length: 50 }, () => balancer.pick('', [])).includes(slow));
});

test('ewma weighs what waits: latency times exchanges in flight', () => {
  const [fast, busy] = endpointStates(2);
  assert.ok(fast !== undefined && busy !== undefined);
  observeLatency(fast, 20, 1000);
  observeLatency(busy, 10, 1000);
  busy.inFlight = 3;
  assert.equal(ewma([fast, busy], seededRandom(1), () => 1000).pick('', []), fast);
});

test('a new endpoint under ewma begins with the mean of the others', () => {
  const [old, other, fresh] = endpointStates(3);
  assert.ok(old !== undefined && other !== undefined && fresh !== undefined);
  observeLatency(old, 10, 1000);
  observeLatency(other, 30, 1000);
  ewma([old, other, fresh], seededRandom(1), () => 1000);
  assert.equal(fresh.latencyMs, 20);
});

test('a latency peak counts in full, a fall bit by bit', () => {
  const [one] = endpointStates(1);
  assert.ok(one !== undefined);
  observeLatency(one, 10, 1000);
  observeLatency(one, 100, 1001);
  assert.equal(one.latencyMs, 100);
  observeLatency(one, 10, 11_001);
  assert.ok(Math.abs(one.latencyMs - (100 / Math.E + 10 * (1 - 1 / Math.E))) < 1e-9);
  assert.ok(decayedLatency(one, 11_001 + 10_000) < one.latencyMs / 2.7);
});

for (const algorithm of ['round_robin', 'least_conn', 'random_two', 'ewma', 'weighted'] as const) {
  test(`${algorithm}: while a half-open endpoint is passed by the others share alike, and then it gets its share at once`, () => {
    const endpoints = endpointStates(3);
    const [a, b] = endpoints;
    assert.ok(a !== undefined && b !== undefined);
    const parts = { random: seededRandom(2), now };
    const balancer = makeBalancer(parts, { balancing: { algorithm } }, endpoints, undefined);
    const picks = (count: number, avoided: readonly EndpointState[]): (EndpointState | undefined)[] =>
      Array.from({ length: count }, () => balancer.pick('', avoided));
    a.ejection.halfOpen = true;
    const meanwhile = picks(600, [a]);
    const ofB = meanwhile.filter((one) => one === b).length;
    assert.ok(!meanwhile.includes(a) && ofB > 240 && ofB < 360, `${ofB} of 600`);
    a.ejection.halfOpen = false;
    const ofA = picks(60, []).filter((one) => one === a).length;
    assert.ok(ofA > 8 && ofA < 36, `${ofA} of 60`);
  });
}
