import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Endpoint } from '../../../../src/model/upstream.ts';
import { EndpointState } from '../../../../src/proxy/upstreams/endpoint-state.ts';
import { pickableOf } from '../../../../src/proxy/upstreams/pickable.ts';
import { endpoint } from '../../../support/endpoints.ts';

/** Numbers of the endpoints that may be picked. @param near, far  so many of each, which come first */
function pickableNumbers(
  { near, far }: { readonly near: number; readonly far: number },
  { failing = [], ejected = [] }: { readonly failing?: readonly number[]; readonly ejected?: readonly number[] } = {},
): string {
  const endpoints: Endpoint[] = Array.from({ length: near + far }, (_, at) =>
    endpoint(at, at < near ? { near: true } : {}),
  );
  const members = endpoints.map((one, at) => ({
    endpoint: one,
    state: new EndpointState(one),
    healthy: !failing.includes(at),
    ejected: ejected.includes(at),
  }));
  return pickableOf(members)
    .endpoints.map((state) => members.findIndex((member) => member.state === state))
    .join(' ');
}

test('endpoints for the own zone take all requests', () => {
  assert.equal(pickableNumbers({ near: 2, far: 3 }), '0 1');
});

test('without hints, and when all are for the own zone, all are picked', () => {
  assert.equal(pickableNumbers({ near: 0, far: 3 }), '0 1 2');
  assert.equal(pickableNumbers({ near: 3, far: 0 }), '0 1 2');
});

test('half of them are enough', () => {
  assert.equal(pickableNumbers({ near: 4, far: 2 }, { failing: [0, 1] }), '2 3');
  assert.equal(pickableNumbers({ near: 4, far: 2 }, { failing: [0], ejected: [3] }), '1 2');
});

test('with less than half of them all zones help', () => {
  assert.equal(pickableNumbers({ near: 3, far: 2 }, { failing: [0, 1] }), '2 3 4');
  assert.equal(pickableNumbers({ near: 3, far: 2 }, { failing: [0], ejected: [1] }), '2 3 4');
  assert.equal(pickableNumbers({ near: 1, far: 2 }, { failing: [0] }), '1 2');
});

test('when every check fails, zones do not matter', () => {
  assert.equal(pickableNumbers({ near: 1, far: 2 }, { failing: [0, 1, 2] }), '0 1 2');
});
