import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import type { FailureName } from '../../src/proxy/exchange/failure.ts';
import { failures } from '../../src/proxy/exchange/failure.ts';
import type { Filter } from '../../src/proxy/filters/filter.ts';
import { filters } from '../../src/proxy/filters/table.ts';
import { serveExchange } from '../../src/proxy/runtime/serve-exchange.ts';
import { endpoint, upstreamOf } from '../support/endpoints.ts';
import type { ScriptedTry } from '../support/proxy.ts';
import {
  ScriptedTransport,
  exchangeOf,
  forwardRoute,
  runtimeFixture,
  snapshotOf,
  virtualHost,
} from '../support/proxy.ts';

type Place = 'request' | 'select' | 'forward' | 'respond' | 'finish' | 'transport' | 'answer' | 'nowhere';
const places: readonly Place[] = [
  'request',
  'select',
  'forward',
  'respond',
  'finish',
  'transport',
  'answer',
  'nowhere',
];

const tries: fc.Arbitrary<ScriptedTry> = fc.oneof(
  fc.record({ status: fc.constantFrom(200, 404, 500, 503, 101) }),
  fc.record({
    outcome: fc.record({
      failure: fc.constantFrom(
        ...(Object.keys(failures) as FailureName[]).filter((name) => failures[name].source === 'upstream'),
      ),
      bodyConsumed: fc.boolean(),
    }),
  }),
  fc.record({
    status: fc.constant(200),
    outcome: fc.record({ failure: fc.constantFrom<FailureName>('upstream-reset', 'client-closed') }),
  }),
);

const requests = fc.record({
  method: fc.constantFrom('GET', 'POST', 'HEAD', 'TRACE'),
  target: fc.constantFrom('/', '/y', '/x/../y', '/%zz', '*', '/healthz', '/nowhere'),
  host: fc.constantFrom('h', 'other', 'a b', ''),
  secure: fc.boolean(),
});

/** Whatever throws wherever: one answer at most, one finish, no endpoint left busy. */
test('every exchange ends exactly once, whatever throws', async () => {
  await fc.assert(
    fc.asyncProperty(
      requests,
      fc.array(tries, { minLength: 1, maxLength: 4 }),
      fc.constantFrom(...places),
      fc.boolean(),
      async (head, script, place, late) => {
        let finished = 0;
        const blow = (here: Place): undefined => {
          if (here === place) throw new Error(`${here} throws`);
        };
        const bomb: Filter = {
          name: 'bomb',
          create: () => ({
            request: () => (late ? Promise.resolve().then(() => blow('request')) : blow('request')),
            select: () => blow('select'),
            forward: () => blow('forward'),
            respond: () => blow('respond'),
            finish: () => blow('finish'),
          }),
        };
        const witness: Filter = { name: 'witness', create: () => ({ finish: () => void (finished += 1) }) };
        const fixture = runtimeFixture(
          snapshotOf(
            [
              virtualHost(
                'h',
                forwardRoute('/', { retry: { on: ['error', 'timeout', 'http_503'], tries: 3, timeoutMs: 0 } }),
              ),
            ],
            [upstreamOf([endpoint(1), endpoint(2)])],
          ),
          { filters: [bomb, ...filters, witness] },
        );
        const transport = new Bombed((attempt) => script[(attempt - 1) % script.length] ?? {}, blow);
        const exchange = exchangeOf(head);
        await serveExchange(exchange, transport, fixture.runtime);
        assert.equal(finished, 1);
        assert.ok(exchange.finished);
        assert.ok(!transport.headThrew);
        assert.ok(transport.answers.length <= 1, 'one answer at most');
        const clientLeft = exchange.failure === 'client-closed';
        if (!clientLeft && place !== 'answer') assert.equal(transport.answers.length, 1, 'one answer at least');
        for (const state of fixture.runtime.upstreams.get(upstreamOf([]).id)?.pickable ?? [])
          assert.equal(state.inFlight, 0);
        if (fixture.bugs.length > 0 && place !== 'finish' && place !== 'answer')
          assert.equal(exchange.failure, 'internal');
        if (place === 'nowhere') assert.deepEqual(fixture.bugs, []);
      },
    ),
    { numRuns: 1500 },
  );
});

class Bombed extends ScriptedTransport {
  readonly #blow: (here: Place) => void;

  constructor(script: (attempt: number) => ScriptedTry, blow: (here: Place) => void) {
    super((attempt) => ({ ...script(attempt), meanwhile: () => blow('transport') }));
    this.#blow = blow;
  }

  override async respond(...parameters: Parameters<ScriptedTransport['respond']>): Promise<void> {
    this.#blow('answer');
    return super.respond(...parameters);
  }
}
