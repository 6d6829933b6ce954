import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import type { TestContext } from 'node:test';
import { test } from 'node:test';

import fc from 'fast-check';

import type { RunningEngine } from '../support/engine.ts';
import { startEngine } from '../support/engine.ts';
import type { RequestKind } from '../support/exchange-script.ts';
import { ScriptedClient, ScriptedUpstream, requestKinds, reset, upstreamSteps } from '../support/exchange-script.ts';
import { MovedTime } from '../support/moved-time.ts';

/** Whatever happens to an exchange, and in whatever order: it ends once, nothing throws, and nothing is left of it. */

const steps = {
  'client sends': ({ client }) => client.send(),
  'client aborts': ({ client }) => reset(client.socket),
  'client leaves': ({ client }) => void client.socket.destroy(),
  'client half-closes': ({ client }) => void client.socket.end(),
  'client pauses': ({ client }) => void client.socket.pause(),
  'client resumes': ({ client }) => void client.socket.resume(),
  'upstream says 103': ({ upstream }) => upstream.say(upstreamSteps.interim),
  'upstream says 100': ({ upstream }) => upstream.say(upstreamSteps.continue),
  'upstream switches': ({ upstream }) => upstream.say(upstreamSteps.switch),
  'upstream begins, length': ({ upstream }) => upstream.begin('length', 1000),
  'upstream begins, much': ({ upstream }) => upstream.begin('length', 3_000_000),
  'upstream begins, chunked': ({ upstream }) => upstream.begin('chunked', 20_000),
  'upstream begins, until close': ({ upstream }) => upstream.begin('close', 1000),
  'upstream finishes': ({ upstream }) => upstream.finish(),
  'upstream sends a part': ({ upstream }) => upstream.part(),
  'upstream sends garbage': ({ upstream }) => upstream.say(upstreamSteps.garbage),
  'upstream resets': ({ upstream }) => reset(upstream.socket),
  'upstream half-closes': ({ upstream }) => upstream.halfClose(),
  'upstream pauses': ({ upstream }) => void upstream.socket?.pause(),
  'upstream resumes': ({ upstream }) => void upstream.socket?.resume(),
  'a second passes': ({ pass }) => pass(1_100),
  'a minute passes': ({ pass }) => pass(61_000),
  'the loop turns': () => undefined,
} satisfies Record<string, (world: World) => void>;

type StepName = keyof typeof steps;

interface World {
  readonly client: ScriptedClient;
  readonly upstream: ScriptedUpstream;
  readonly pass: (ms: number) => void;
}

interface Script {
  readonly kind: RequestKind;
  /** Pieces of the request that are sent before the steps. */
  readonly begins: number;
  readonly names: readonly { readonly name: StepName; readonly turns: number }[];
}

/** What makes exchanges get on stands here more often. */
const stepName = fc.constantFrom<StepName[]>(
  ...(Object.keys(steps) as StepName[]),
  ...(Object.keys(steps) as StepName[]).filter((name) => /sends$|begins|finishes|client resumes|turns/.test(name)),
  ...Array.from({ length: 6 }, () => 'upstream finishes' as const),
  ...Array.from({ length: 3 }, () => 'upstream switches' as const),
);

const script: fc.Arbitrary<Script> = fc.record({
  kind: fc.constantFrom(...(Object.keys(requestKinds) as RequestKind[])),
  // A request has to be sent for most of the rest to mean something.
  begins: fc.integer({ min: 0, max: 3 }),
  names: fc.array(fc.record({ name: stepName, turns: fc.integer({ min: 0, max: 4 }) }), { maxLength: 24 }),
});

/** Of this process: both sides of every connection. */
function openFiles(): number {
  return readdirSync('/proc/self/fd').length;
}

async function turns(count: number): Promise<void> {
  for (let left = count; left > 0; left -= 1) await new Promise(setImmediate);
}

function sampleOf({ engine, counters }: RunningEngine, metric: string, label?: string): number {
  engine.report();
  const sample = counters
    .samples()
    .find((one) => one.metric === metric && (label === undefined || one.labels.includes(label)));
  return sample?.values[0] ?? 0;
}

/** Nothing is left: not one connection, tunnel, try, or timer. */
async function isAtRest({ engine: running, upstream, filesBefore }: Both, time: MovedTime): Promise<void> {
  let left = '';
  // Most of it is gone after the first turns; the rest waits for the kernel.
  for (let round = 0; round < 400; round += 1) {
    time.pass(61_000);
    await turns(round < 100 ? 1 : 20);
    left = JSON.stringify({
      clients: sampleOf(running, 'nginx_ingress_controller_nginx_process_connections', 'active'),
      tunnels: sampleOf(running, 'fairway_upgrades_open'),
      descriptors: openFiles() - upstream.open.size - filesBefore,
      tries: running.inFlight(),
      timers: time.intervals.size,
    });
    if (!/^[^1-9]*$/.test(left)) continue;
    for (const socket of upstream.open) socket.destroy();
    return;
  }
  assert.fail(`left: ${left}`);
}

test('every interleaving of what clients, upstreams and time do ends an exchange once and leaves nothing', async (t) => {
  const time = new MovedTime(t);
  const seen = new Map<string, number>();
  let running = await startBoth(t, time);
  const property = fc.asyncProperty(script, async (given) => {
    try {
      await runScript(given, running, time, seen);
    } catch (error) {
      // What is left over would fail the runs that look for a smaller example.
      running = await startBoth(t, time);
      throw error;
    }
  });
  await fc.assert(property, {
    numRuns: Number(process.env['RUNS'] ?? 1000),
    interruptAfterTimeLimit: 50_000,
  });
  t.diagnostic(JSON.stringify(Object.fromEntries(seen)));
});

interface Both {
  readonly engine: RunningEngine;
  readonly upstream: ScriptedUpstream;
  /** Descriptors while nobody is connected. */
  readonly filesBefore: number;
}

async function startBoth(t: TestContext, time: MovedTime): Promise<Both> {
  time.intervals.clear();
  const upstream = new ScriptedUpstream();
  const parts = { endpoints: [await upstream.listen(t)], options: { upstreamKeepAliveMs: 30_000 } };
  const engine = await startEngine(t, 'native', parts, time.clock);
  return { upstream, engine, filesBefore: openFiles() };
}

async function runScript(
  { kind, begins, names }: Script,
  both: Both,
  time: MovedTime,
  seen: Map<string, number>,
): Promise<void> {
  const { engine, upstream } = both;
  const { bugs, log } = engine;
  log.length = 0;
  const before = sampleOf(engine, 'nginx_ingress_controller_nginx_process_requests_total');
  const client = new ScriptedClient(engine.httpPort, kind);
  const world = { client, upstream, pass: time.pass };
  await turns(3);
  for (let left = begins; left > 0; left -= 1) client.send();
  await turns(begins > 0 ? 6 : 0);
  for (const { name, turns: count } of names) {
    steps[name](world);
    await turns(count);
  }
  client.socket.resume();
  await turns(4);
  for (const { status, body } of client.answers(kind === 'head' ? 'HEAD' : 'GET')) {
    count(seen, `${status}`);
    if (status !== 200 || body === '') continue;
    assert.ok(upstream.finished.has(body), `an answer that was never finished: ${body.length} bytes`);
  }
  client.socket.destroy();
  await isAtRest(both, time);
  const served = sampleOf(engine, 'nginx_ingress_controller_nginx_process_requests_total') - before;
  const targets = log.map((one) => one.target).filter((target) => target !== '');
  assert.equal(targets.length, served, `${served} requests, ${targets.join()} in the log`);
  assert.equal(new Set(targets).size, targets.length, `twice in the log: ${targets.join()}`);
  for (const { failure, status } of log) count(seen, `${status} ${failure}`);
  assert.deepEqual(bugs, []);
}

function count(seen: Map<string, number>, what: string): void {
  seen.set(what, (seen.get(what) ?? 0) + 1);
}
