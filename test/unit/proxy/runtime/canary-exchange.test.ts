import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Upstream } from '../../../../src/model/upstream.ts';
import type { Exchange } from '../../../../src/proxy/exchange/exchange.ts';
import { serveExchange } from '../../../../src/proxy/runtime/serve-exchange.ts';
import { canaryOf, canaryUpstream } from '../../../support/canaries.ts';
import { endpoint, upstreamOf } from '../../../support/endpoints.ts';
import type { ScriptedTry } from '../../../support/proxy.ts';
import {
  ScriptedTransport,
  exchangeOf,
  forwardRoute,
  runtimeFixture,
  snapshotOf,
  virtualHost,
} from '../../../support/proxy.ts';

const pods = [endpoint(1), endpoint(2)];
const next = { ...canaryUpstream('next', 3), endpoints: [endpoint(3), endpoint(4)] };
const theirs: readonly string[] = next.endpoints.map(({ id }) => id);
const retry = { on: ['error'], tries: 3, timeoutMs: 0 } as const;

/** One exchange on a route of which all requests are for the canary. */
async function serve(
  upstreams: readonly Upstream[],
  script?: () => ScriptedTry,
): Promise<{ exchange: Exchange; transport: ScriptedTransport }> {
  const route = forwardRoute('/', { retry });
  const action = {
    kind: 'forward',
    upstream: upstreamOf([]).id,
    canaries: [canaryOf('next', { weight: 100 })],
  } as const;
  const { runtime } = runtimeFixture(snapshotOf([virtualHost('h', { ...route, action })], upstreams));
  const transport = new ScriptedTransport(script);
  const exchange = exchangeOf();
  await serveExchange(exchange, transport, runtime);
  return { exchange, transport };
}

test('all tries of an exchange stay with the canary that was chosen, which is spoken to as the rule says', async () => {
  const primary = { ...upstreamOf(pods), protocol: 'https' } as const;
  const { exchange, transport } = await serve([primary, next], () => ({ outcome: { failure: 'connect-refused' } }));
  assert.deepEqual(
    transport.tries
      .map((one) => one.endpoint)
      .toSorted()
      .slice(0, 2),
    [...theirs].toSorted(),
  );
  assert.ok(transport.tries.every((one) => theirs.includes(one.endpoint)));
  assert.ok(transport.options.every(({ protocol }) => protocol === 'https'));
  assert.equal(exchange.canary?.name, 'shop-next-80');
  assert.equal(exchange.status, 502);
});

test('a rule without endpoints does not stop its canary, and a canary without endpoints leaves all to the rule', async () => {
  const served = await serve([upstreamOf([]), next]);
  assert.ok(theirs.includes(served.transport.tries[0]?.endpoint ?? ''));
  const left = await serve([upstreamOf(pods), { ...next, endpoints: [] }]);
  assert.equal(left.exchange.canary, undefined);
  assert.ok(pods.some(({ id }) => id === left.transport.tries[0]?.endpoint));
});
