import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { test } from 'node:test';

import { ask } from '../support/client.ts';
import type { EndpointOptions } from '../support/manifests.ts';
import { ingress, pod, service, yaml } from '../support/manifests.ts';
import type { NamedBackend } from '../support/named-backend.ts';
import { startBackend } from '../support/named-backend.ts';
import type { Program } from '../support/program.ts';
import { startProgram } from '../support/program.ts';
import { until } from '../support/until.ts';

interface Pool {
  readonly backends: readonly NamedBackend[];
  readonly program: Program;
  /** Serves other endpoints under the same name. */
  change(endpoints: readonly EndpointOptions[]): void;
}

interface PoolOptions {
  readonly annotations: Readonly<Record<string, string>>;
  readonly names: readonly string[];
  readonly endpointOf?: (backend: NamedBackend) => Partial<EndpointOptions>;
  readonly zone?: string;
  /** Pods by name: what `pod` says, or its weight without a check. */
  readonly pods?: Readonly<Record<string, 'checked' | { readonly weight: string }>>;
}

/** One upstream, `example.test`, in a program with one worker, so that every pick is known. */
async function startPool(t: TestContext, options: PoolOptions): Promise<Pool> {
  const { annotations, endpointOf = () => ({}), names, pods, zone = '' } = options;
  const backends = await Promise.all(names.map((name) => startBackend(t, name)));
  const first = backends.map(({ name, port }) => ({
    port,
    ...(pods?.[name] === undefined ? {} : { pod: name }),
    ...endpointOf(backends.find((one) => one.name === name) ?? assert.fail()),
  }));
  const objectsOf = (endpoints: readonly EndpointOptions[]): string =>
    yaml(
      ...service('web', endpoints),
      ingress({ annotations }),
      ...backends.flatMap(({ name, port }) => {
        const how = pods?.[name];
        if (how === undefined) return [];
        return how === 'checked' ? [pod(name, port)] : [weightedPod(name, how.weight)];
      }),
    );
  const program = await startProgram(t, {
    args: ['--workers=1', `--zone=${zone}`],
    manifests: { 'all.yaml': objectsOf(first) },
  });
  return { backends, program, change: (endpoints) => program.write('all.yaml', objectsOf(endpoints)) };
}

function weightedPod(name: string, weight: string): object {
  const metadata = { name, annotations: { 'fairway.dev/weight': weight } };
  return { apiVersion: 'v1', kind: 'Pod', metadata, spec: { containers: [{ name: 'web' }] } };
}

async function nameAt({ program }: Pool, path = '/'): Promise<string> {
  const answer = await ask({ port: program.httpPort, path });
  assert.equal(answer.status, 200);
  return String(answer.headers['x-backend']);
}

/** Answers per backend of so many requests, one after the other. */
async function spread(
  pool: Pool,
  count: number,
  path: (at: number) => string = () => '/',
): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (let at = 0; at < count; at += 1) {
    const name = await nameAt(pool, path(at));
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}

const hintsOf =
  (zones: Readonly<Record<string, string>>) =>
  ({ name }: NamedBackend): Partial<EndpointOptions> => ({ zone: zones[name] ?? '', zoneHints: [zones[name] ?? ''] });

test('endpoints that are hinted for the own zone get all requests, until one lacks its hint', async (t) => {
  const zones = { a: 'east', b: 'west', c: 'east' };
  const pool = await startPool(t, {
    annotations: {},
    names: ['a', 'b', 'c'],
    zone: 'east',
    endpointOf: hintsOf(zones),
  });
  assert.deepEqual(await spread(pool, 20), { a: 10, c: 10 });
  const [a, b, c] = pool.backends;
  assert.ok(a !== undefined && b !== undefined && c !== undefined);
  pool.change([
    { port: a.port, zone: 'east', zoneHints: ['east'] },
    { port: b.port, zone: 'west', zoneHints: ['west'] },
    { port: c.port, zone: 'east' },
  ]);
  await until(async () => ((await nameAt(pool)) === 'b' ? true : undefined));
  assert.deepEqual(await spread(pool, 30), { a: 10, b: 10, c: 10 });
});

test('when less than half of the own zone passes its checks, all zones help, until it does again', async (t) => {
  const zones = { a: 'east', b: 'west' };
  const pool = await startPool(t, {
    annotations: { 'fairway.dev/zone-routing': 'hints' },
    names: ['a', 'b'],
    zone: 'east',
    endpointOf: hintsOf(zones),
    pods: { a: 'checked', b: 'checked' },
  });
  assert.deepEqual(await spread(pool, 10), { a: 10 });
  const [a] = pool.backends;
  assert.ok(a !== undefined);
  a.healthStatus = 500;
  await until(async () => ((await nameAt(pool)) === 'b' ? true : undefined));
  assert.deepEqual(await spread(pool, 10), { b: 10 });
  a.healthStatus = 200;
  await until(async () => ((await nameAt(pool)) === 'a' ? true : undefined));
  assert.deepEqual(await spread(pool, 10), { a: 10 });
});

test('zone-routing: prefer goes by zones, off by nothing', async (t) => {
  const zones = { a: 'east', b: 'west' };
  const endpointOf = ({ name }: NamedBackend): Partial<EndpointOptions> => ({ zone: name === 'a' ? zones.a : zones.b });
  const prefer = { annotations: { 'fairway.dev/zone-routing': 'prefer' }, names: ['a', 'b'], zone: 'west', endpointOf };
  assert.deepEqual(await spread(await startPool(t, prefer), 10), { b: 10 });
  const off = { ...prefer, annotations: { 'fairway.dev/zone-routing': 'off' }, endpointOf: hintsOf(zones) };
  assert.deepEqual(await spread(await startPool(t, off), 10), { a: 5, b: 5 });
});

test('weighted: shares are the weights of the pods, times that of the own zone', async (t) => {
  const pool = await startPool(t, {
    annotations: { 'fairway.dev/load-balance': 'weighted', 'fairway.dev/zone-weight': '2' },
    names: ['a', 'b', 'c'],
    zone: 'east',
    endpointOf: ({ name }) => ({ zone: name === 'b' ? 'east' : 'west' }),
    pods: { a: { weight: '3' }, b: { weight: '2' } },
  });
  assert.deepEqual(await spread(pool, 80), { a: 30, b: 40, c: 10 });
});

test('subset hashing: a value has its few endpoints, all values have all', async (t) => {
  const pool = await startPool(t, {
    annotations: {
      'upstream-hash-by': '$arg_user',
      'upstream-hash-by-subset': 'true',
      'upstream-hash-by-subset-size': '2',
    },
    names: ['a', 'b', 'c', 'd', 'e'],
  });
  for (const user of ['anna', 'bert', 'carl']) {
    const counts = await spread(pool, 40, () => `/?user=${user}`);
    assert.equal(Object.keys(counts).length, 2, `${user}: ${JSON.stringify(counts)}`);
    assert.ok(
      Object.values(counts).every((count) => count >= 5),
      JSON.stringify(counts),
    );
  }
  assert.equal(Object.keys(await spread(pool, 100, (at) => `/?user=${at}`)).length, 5);
});

test('a bounded load: a hot value spreads while its endpoint is busy, and is back home after that', async (t) => {
  const pool = await startPool(t, {
    annotations: { 'upstream-hash-by': '$arg_user', 'fairway.dev/hash-balance-factor': '1.25' },
    names: ['a', 'b', 'c'],
  });
  const home = await nameAt(pool, '/?user=hot');
  assert.deepEqual(await spread(pool, 10, () => '/?user=hot'), { [home]: 10 });
  const slow = await Promise.all(Array.from({ length: 12 }, () => nameAt(pool, '/?user=hot&wait=1500')));
  const counts = Map.groupBy(slow, (name) => name);
  // 12 at once are 4 at each; 1.25 times that is 5.
  assert.equal(counts.get(home)?.length, 5, JSON.stringify(slow));
  assert.deepEqual(
    [...counts.values()].map((names) => names.length).toSorted((x, y) => x - y),
    [2, 5, 5],
  );
  assert.deepEqual(await spread(pool, 10, () => '/?user=hot'), { [home]: 10 });
});

test('slow start: an endpoint that comes gets a share that grows, a new pool is used in full at once', async (t) => {
  const rampMs = 4_000;
  const pool = await startPool(t, { annotations: { 'fairway.dev/slow-start': '4s' }, names: ['a', 'b', 'c'] });
  assert.deepEqual(await spread(pool, 30), { a: 10, b: 10, c: 10 });
  const [a, b, c] = pool.backends.map(({ port }) => ({ port }));
  assert.ok(a !== undefined && b !== undefined && c !== undefined);
  pool.change([a, b]);
  await until(async () => (Object.keys(await spread(pool, 6)).length === 2 ? true : undefined));
  pool.change([a, b, c]);
  await until(async () => ((await nameAt(pool)) === 'c' ? true : undefined));
  const startedAt = performance.now();
  const shares: { readonly early: string[]; readonly late: string[] } = { early: [], late: [] };
  for (let passed = 0; passed < rampMs; passed = performance.now() - startedAt) {
    const name = await nameAt(pool);
    if (passed < rampMs / 5) shares.early.push(name);
    else if (passed > (rampMs * 3) / 5) shares.late.push(name);
  }
  const shareOf = (names: readonly string[]): number => names.filter((name) => name === 'c').length / names.length;
  const [early, late] = [shareOf(shares.early), shareOf(shares.late)];
  const said = `${early.toFixed(3)} of ${shares.early.length}, then ${late.toFixed(3)} of ${shares.late.length}`;
  assert.ok(early < 0.2 && late > early && late > 0.15, said);
  assert.deepEqual(await spread(pool, 30), { a: 10, b: 10, c: 10 });
});

test('wrong values are diagnostics, and the default serves', async (t) => {
  const pool = await startPool(t, {
    annotations: {
      'load-balance': 'round_robbin',
      'fairway.dev/slow-start': 'soon',
      'fairway.dev/zone-routing': 'hint',
      'fairway.dev/hash-balance-factor': '0.5',
      'upstream-hash-by-subset-size': 'many',
    },
    names: ['a', 'b'],
  });
  assert.deepEqual(await spread(pool, 10), { a: 5, b: 5 });
  const { text } = await pool.program.admin('/diagnostics');
  assert.match(
    text,
    /round_robbin.*did you mean round_robin.*round_robin, least_conn, random_two, ewma, hash, ip_hash, weighted/s,
  );
  for (const why of [
    /soon.*not a duration/s,
    /did you mean hints/,
    /0\.5 is less than 1\.05/,
    /many.*not a whole number/s,
  ]) {
    assert.match(text, why);
  }
});
