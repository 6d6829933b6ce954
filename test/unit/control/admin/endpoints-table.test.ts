import assert from 'node:assert/strict';
import { test } from 'node:test';

import { countEndpoints, endpointsTable } from '../../../../src/control/admin/pages/index-endpoints.ts';
import type { KnownEjection } from '../../../../src/control/health/ejections.ts';
import type { Endpoint } from '../../../../src/model/upstream.ts';
import {
  endpointOf,
  healthOf,
  snapshotOf,
  startedAt,
  upstreamOf,
  viewOf,
  wellFixture,
} from '../../../support/admin-view.ts';

const [one, two] = [endpointOf(1), endpointOf(2)];
const upstream = upstreamOf('cart', [one, two]);
const snapshot = snapshotOf([], [upstream]);
const refused: KnownEjection = { reason: 'refused', since: startedAt - 61_000, until: startedAt + 3_400, times: 1 };

const inFlight = {
  of: (namespace: string, service: string, id: string) =>
    namespace === upstream.namespace && service === 'cart' && id === two.id ? 1234 : 0,
};

/** Text of the table, and how many endpoints it counts as out. */
function shown(out: Endpoint, ejection: KnownEjection, unhealthy: readonly Endpoint[] = []): readonly [string, number] {
  const health = healthOf(unhealthy.map((endpoint) => [endpoint, 'unhealthy', 'HTTP 503'] as const));
  const view = viewOf({
    ...wellFixture(),
    ejections: new Map([[out.id, ejection]]),
    health: new Map(unhealthy.length === 0 ? [] : [[upstream.id, health]]),
  });
  return [endpointsTable(snapshot, { ...view, inFlight }, '', startedAt).html, countEndpoints(snapshot, view).out];
}

test('an endpoint that data workers leave out says why and for how long, comes first, and counts as out', () => {
  const [text, out] = shown(two, refused);
  assert.match(text, /ejected/);
  assert.match(text, /refused a connection; left out for 4 s more</);
  assert.match(text, />1 min</);
  assert.ok(text.indexOf(two.id) < text.indexOf(one.id));
  assert.equal(out, 1);
});

test('that it is not the first time is said', () => {
  const [text] = shown(one, { reason: 'consecutive-failures', since: startedAt - 2, until: startedAt - 1, times: 3 });
  assert.match(text, /requests failed in a row; left out for 1 s more, 3 times in a row/);
});

test('an endpoint that fails its check as well shows the check', () => {
  const [text, out] = shown(one, refused, [one]);
  assert.match(text, /HTTP 503/);
  assert.doesNotMatch(text, /ejected/);
  assert.equal(out, 1);
});

test('an endpoint for the zone of this replica says so', () => {
  const zones = snapshotOf([], [upstreamOf('cart', [{ ...one, near: true }, two])]);
  const { html } = endpointsTable(zones, { ...viewOf(wellFixture()), inFlight }, '', startedAt);
  assert.equal(html.match(/ready, for this zone/g)?.length, 1);
});

test('each endpoint says how many requests it holds', () => {
  const [text] = shown(one, refused);
  assert.equal(text.match(/>1234</g)?.length, 1);
  assert.ok(text.indexOf('>1234<') > text.indexOf(two.id));
  assert.equal(text.match(/>0</g)?.length, 1);
});
