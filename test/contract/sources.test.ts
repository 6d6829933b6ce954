import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import type { ObjectSink } from '../../src/control/objects/object-store.ts';
import { ObjectStore } from '../../src/control/objects/object-store.ts';
import type { Kind } from '../../src/model/object-ref.ts';
import { sourceFactories } from '../support/source-factories.ts';
import type { SourceFixture, SourceManifest } from '../support/source-factories.ts';
import { waitForStore } from '../support/wait-for.ts';

const kinds: readonly Kind[] = [
  'Ingress',
  'IngressClass',
  'Service',
  'EndpointSlice',
  'Endpoints',
  'Secret',
  'ConfigMap',
  'Pod',
  'Namespace',
];

function service(name: string, port: unknown = 80): SourceManifest {
  return { apiVersion: 'v1', kind: 'Service', metadata: { name, namespace: 'shop' }, spec: { ports: [{ port }] } };
}

function ingress(name: string, path = '/'): SourceManifest {
  const backend = { service: { name: 'cart', port: { number: 80 } } };
  const rules = [{ host: 'shop.example.com', http: { paths: [{ path, pathType: 'Prefix', backend }] } }];
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: { name, namespace: 'shop' },
    spec: { rules },
  };
}

/** Calls of the sink in order, on their way to a store. */
class RecordingSink implements ObjectSink {
  readonly store = new ObjectStore();
  readonly calls: string[] = [];

  replace: ObjectSink['replace'] = (kind, objects) => {
    this.calls.push(`replace ${kind}`);
    this.store.replace(kind, objects);
  };
  upsert: ObjectSink['upsert'] = (object) => this.store.upsert(object);
  remove: ObjectSink['remove'] = (ref) => this.store.remove(ref);
  report: ObjectSink['report'] = (origin, diagnostics) => this.store.report(origin, diagnostics);
  synced: ObjectSink['synced'] = () => {
    this.calls.push('synced');
    this.store.synced();
  };
}

async function withSource(
  make: (initial: readonly SourceManifest[]) => Promise<SourceFixture>,
  initial: readonly SourceManifest[],
  work: (fixture: SourceFixture, sink: RecordingSink) => Promise<void>,
): Promise<void> {
  const fixture = await make(initial);
  const sink = new RecordingSink();
  const stop = new AbortController();
  assert.notDeepEqual(fixture.source.waitingFor(), []);
  const ended = fixture.source.run(sink, stop.signal);
  try {
    await waitForStore(sink.store, 'the first complete set', () => sink.store.isSynced);
    await work(fixture, sink);
  } finally {
    stop.abort();
    await ended;
    await fixture.close();
  }
}

for (const [name, make] of Object.entries(sourceFactories)) {
  suite(`the source ${name}`, () => {
    const port = (store: ObjectStore, service: string): number | undefined =>
      store.get('Service', 'shop', service)?.ports[0]?.port;

    test('replaces every kind before it says that it is complete', { timeout: 30_000 }, async () => {
      await withSource(make, [service('cart'), ingress('shop')], async ({ source }, { store, calls }) => {
        const before = calls.slice(0, calls.indexOf('synced'));
        for (const kind of kinds) assert.ok(before.includes(`replace ${kind}`), kind);
        assert.deepEqual(source.waitingFor(), []);
        assert.deepEqual(
          store.list('Service').map((one) => `${one.namespace}/${one.name}`),
          ['shop/cart'],
        );
        assert.equal(store.list('Ingress')[0]?.rules[0]?.paths[0]?.path, '/');
        assert.deepEqual(store.diagnostics(), []);
      });
    });

    test('is complete with nothing at all', { timeout: 30_000 }, async () => {
      await withSource(make, [], async (_fixture, { store }) => {
        for (const kind of kinds) assert.deepEqual(store.list(kind), []);
      });
    });

    test('brings what is added, changed and deleted', { timeout: 30_000 }, async () => {
      await withSource(make, [service('cart')], async (fixture, { store }) => {
        await fixture.apply(service('late', 90));
        await waitForStore(store, 'the added Service', () => port(store, 'late') === 90);
        await fixture.apply(service('cart', 81));
        await waitForStore(store, 'the changed Service', () => port(store, 'cart') === 81);
        await fixture.remove(service('late'));
        await waitForStore(store, 'the end of the deleted Service', () => port(store, 'late') === undefined);
        assert.equal(store.list('Service').length, 1);
      });
    });

    test('leaves objects that did not change the same objects', { timeout: 30_000 }, async () => {
      await withSource(make, [service('cart'), service('other')], async (fixture, { store }) => {
        const other = store.get('Service', 'shop', 'other');
        const ingresses = store.generation('Ingress');
        await fixture.apply(service('cart', 81));
        await waitForStore(store, 'the changed Service', () => port(store, 'cart') === 81);
        assert.equal(store.get('Service', 'shop', 'other'), other);
        assert.equal(store.generation('Ingress'), ingresses);
      });
    });

    test('tells of a broken part, serves the rest, and forgets it when it is mended', { timeout: 30_000 }, async () => {
      await withSource(
        make,
        [service('cart'), ingress('good'), ingress('bad', 'no-slash')],
        async (fixture, { store }) => {
          assert.deepEqual(
            store.list('Ingress').map((one) => [one.name, one.rules[0]?.paths.length]),
            [
              ['bad', 0],
              ['good', 1],
            ],
          );
          const [diagnostic, ...more] = store.diagnostics();
          assert.deepEqual(more, []);
          assert.deepEqual(diagnostic?.object, { kind: 'Ingress', namespace: 'shop', name: 'bad' });
          assert.equal(diagnostic?.code, 'path-malformed');
          await fixture.apply(ingress('bad', '/slash'));
          await waitForStore(store, 'the mended Ingress', () => store.diagnostics().length === 0);
          assert.equal(store.get('Ingress', 'shop', 'bad')?.rules[0]?.paths[0]?.path, '/slash');
        },
      );
    });

    test('takes diagnostics away with their object', { timeout: 30_000 }, async () => {
      await withSource(make, [ingress('bad', 'no-slash')], async (fixture, { store }) => {
        assert.equal(store.diagnostics().length, 1);
        await fixture.remove(ingress('bad'));
        await waitForStore(store, 'no diagnostics', () => store.diagnostics().length === 0);
        assert.deepEqual(store.list('Ingress'), []);
      });
    });

    test('ends when it is told to', { timeout: 30_000 }, async () => {
      await withSource(make, [], async () => undefined);
    });
  });
}
