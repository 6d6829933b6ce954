import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import type { Compilation, CompileInput } from '../../src/control/compile/compilation.ts';
import { compile, createCompiler } from '../../src/control/compile/compile.ts';
import { diagnosticCodes } from '../../src/control/compile/diagnostic-codes.ts';
import type { KubeObject } from '../../src/control/objects/kinds.ts';
import { ObjectStore } from '../../src/control/objects/object-store.ts';
import { hostPattern } from '../../src/model/ids.ts';
import { emptySnapshot } from '../../src/model/snapshot.ts';
import { applyUpdate, diffSnapshots, isEmptyUpdate } from '../../src/model/update.ts';
import { defaultSettings } from '../../src/settings/table-access.ts';
import { anyObject, joinedObjects } from '../support/arbitrary-objects.ts';

const settings = { ...defaultSettings(), configMap: 'a/config', watchIngressWithoutClass: true };
const everythingOn = { ...settings, enableExternalName: true, endpointsPolicy: 'managed-only' as const };

function inputOf(objects: ObjectStore, fields: Partial<CompileInput> = {}): CompileInput {
  return { objects, settings, version: 1, nowSeconds: 50, publishedAddresses: [{ ip: '192.0.2.1' }], ...fields };
}

function storeOf(objects: readonly KubeObject[]): ObjectStore {
  const store = new ObjectStore();
  for (const object of objects) store.upsert(object);
  return store;
}

type Change = { readonly put: KubeObject } | { readonly drop: KubeObject };

const changes = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: anyObject.map((put): Change => ({ put })) },
    { weight: 1, arbitrary: anyObject.map((drop): Change => ({ drop })) },
  ),
  { minLength: 1, maxLength: 2 },
);

/** Seldom another one: what does not change must be remembered. */
const anyZone = fc.oneof(
  { weight: 4, arbitrary: fc.constant('z') },
  { weight: 1, arbitrary: fc.constantFrom('', 'y') },
);

test('whatever users write, compile does not throw, and what it says is complete', () => {
  fc.assert(
    fc.property(fc.array(anyObject, { maxLength: 20 }), fc.constantFrom(settings, everythingOn), (objects, chosen) => {
      checkConsistent(compile(inputOf(storeOf(objects), { settings: chosen })));
    }),
    { numRuns: 400 },
  );
});

test('a compiler with memory gives what a compilation from nothing gives, after any changes', () => {
  fc.assert(
    fc.property(fc.array(changes, { minLength: 1, maxLength: 12 }), fc.infiniteStream(anyZone), (steps, zones) => {
      const store = storeOf(joinedObjects);
      const compiler = createCompiler();
      let previous = emptySnapshot;
      for (const step of [[], ...steps]) {
        for (const change of step) {
          if ('put' in change) store.upsert(change.put);
          else store.remove(change.drop);
        }
        const zone: string = zones.next().value;
        const input = inputOf(store, { version: previous.version + 1, previous, zone });
        const result = compiler(input);
        assert.deepEqual(result, compile(input));
        const update = diffSnapshots(previous, result.snapshot);
        assert.deepEqual(applyUpdate(previous, update), result.snapshot);
        previous = result.snapshot;
      }
    }),
    { numRuns: 200 },
  );
});

test('another weight of a canary changes its host alone', () => {
  const canary = joinedObjects.find((object) => object.name === 'one-canary');
  assert.ok(canary?.kind === 'Ingress');
  const store = storeOf(joinedObjects);
  const compiler = createCompiler();
  const before = compiler(inputOf(store)).snapshot;
  store.upsert({ ...canary, annotations: { ...canary.annotations, 'fairway.dev/canary-weight': '20' } });
  const after = compiler(inputOf(store, { version: 2, previous: before })).snapshot;
  const update = diffSnapshots(before, after);
  assert.deepEqual([...update.virtualHosts.set.keys()].toSorted(), ['one.example.com', 'x.example.com']);
  assert.equal(
    after.virtualHosts.get(hostPattern('two.example.com')),
    before.virtualHosts.get(hostPattern('two.example.com')),
  );
  assert.equal(after.upstreams, before.upstreams);
});

test('without a change everything keeps its identity', () => {
  fc.assert(
    fc.property(fc.array(anyObject, { maxLength: 20 }), (objects) => {
      const store = storeOf(objects);
      const compiler = createCompiler();
      const input = inputOf(store);
      const first = compiler(input);
      // Settles what a missing Secret keeps from the served snapshot.
      const before = compiler({ ...input, version: 2, previous: first.snapshot });
      const after = compiler({ ...input, version: 3, previous: before.snapshot });
      for (const part of ['virtualHosts', 'upstreams', 'certificates', 'listeners', 'options'] as const) {
        assert.equal(after.snapshot[part], before.snapshot[part], part);
      }
      for (const part of ['diagnostics', 'healthChecks', 'orphans', 'ingresses', 'statuses'] as const) {
        assert.equal(after[part], before[part], part);
      }
      assert.ok(isEmptyUpdate(diffSnapshots(before.snapshot, after.snapshot)));
    }),
    { numRuns: 200 },
  );
});

test('the order in which objects arrive does not matter', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(anyObject, {
        maxLength: 20,
        selector: ({ kind, namespace, name }) => `${kind} ${namespace}/${name}`,
      }),
      (objects) => {
        const forwards = compile(inputOf(storeOf(objects)));
        assert.deepEqual(compile(inputOf(storeOf(objects.toReversed()))), forwards);
      },
    ),
    { numRuns: 100 },
  );
});

function checkConsistent({ snapshot, diagnostics, healthChecks }: Compilation): void {
  for (const [host, { routes, certificate }] of snapshot.virtualHosts) {
    assert.ok(certificate === undefined || snapshot.certificates.has(certificate), host);
    for (const { action, source } of routes) {
      if (action.kind !== 'forward') continue;
      assert.ok(snapshot.upstreams.has(action.upstream), host);
      for (const canary of action.canaries ?? []) {
        assert.ok(snapshot.upstreams.has(canary.upstream) && canary.upstream !== action.upstream, canary.name);
        assert.equal(canary.source.namespace, source.namespace, 'a canary takes requests of its own namespace alone');
      }
    }
    const matches = routes.map(({ match }) => `${match.kind} ${match.path}`);
    assert.equal(new Set(matches).size, matches.length, `${host} has a match twice`);
  }
  for (const [id, checks] of healthChecks) {
    const ready = snapshot.upstreams.get(id)?.endpoints.filter(({ state }) => state === 'ready') ?? [];
    const known = new Set(ready.map((endpoint) => endpoint.id));
    for (const endpoint of checks.keys()) assert.ok(known.has(endpoint), `${id} checks ${endpoint}`);
  }
  for (const { code, what, why, fix } of diagnostics) {
    assert.ok(Object.hasOwn(diagnosticCodes, code), code);
    for (const text of [what, why, fix]) assert.ok(text.length > 3 && text.length < 1_000, `${code}: ${text}`);
    assert.match(fix, /[.]$/, `${code}: ${fix}`);
    assert.doesNotMatch(what + why, /\n/);
  }
}
