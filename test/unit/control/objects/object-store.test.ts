import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import type { ConfigMap } from '../../../../src/control/objects/kinds.ts';
import { ObjectStore } from '../../../../src/control/objects/object-store.ts';
import type { Diagnostic } from '../../../../src/model/diagnostic.ts';
import { cpuMsOf } from '../../../support/cpu-time.ts';

function configMap(name: string, value = '', version = '', uid = ''): ConfigMap {
  const metadata = { namespace: 'a', name, uid, resourceVersion: version, createdAt: 0, annotations: {}, labels: {} };
  return { kind: 'ConfigMap', ...metadata, data: { value } };
}

function counted(): { store: ObjectStore; changes: () => number } {
  const store = new ObjectStore();
  let count = 0;
  store.onChange(() => {
    count += 1;
  });
  return { store, changes: () => count };
}

const names = (store: ObjectStore): string[] => store.list('ConfigMap').map((one) => `${one.namespace}/${one.name}`);

suite('identity', () => {
  test('the same version of the same object stays the same object', () => {
    const { store, changes } = counted();
    const first = configMap('x', 'one', '7', 'u');
    store.upsert(first);
    // The content is not even looked at: a version says all.
    store.upsert(configMap('x', 'two', '7', 'u'));
    assert.equal(store.get('ConfigMap', 'a', 'x'), first);
    assert.equal(changes(), 1);
  });

  test('a new version with equal content stays the same object', () => {
    const { store, changes } = counted();
    const first = configMap('x', 'one', '7', 'u');
    store.upsert(first);
    const list = store.list('ConfigMap');
    store.upsert(configMap('x', 'one', '8', 'u'));
    store.replace('ConfigMap', [configMap('x', 'one', '9', 'u')]);
    assert.equal(store.list('ConfigMap'), list);
    assert.equal(changes(), 1);
    // Version 9 is known now, whatever it says.
    store.upsert(configMap('x', 'two', '9', 'u'));
    assert.equal(changes(), 1);
    store.upsert(configMap('x', 'two', '10', 'u'));
    assert.equal(store.list('ConfigMap')[0]?.data['value'], 'two');
    assert.equal(changes(), 2);
  });

  test('another uid is another object, though the content is equal', () => {
    const { store, changes } = counted();
    store.upsert(configMap('x', 'one', '7', 'u'));
    const born = configMap('x', 'one', '7', 'v');
    store.upsert(born);
    assert.equal(store.get('ConfigMap', 'a', 'x'), born);
    assert.equal(changes(), 2);
  });

  test('without versions, as in a folder, content decides', () => {
    const { store, changes } = counted();
    const first = configMap('x', 'one');
    store.upsert(first);
    store.upsert(configMap('x', 'one'));
    assert.equal(store.get('ConfigMap', 'a', 'x'), first);
    store.upsert(configMap('x', 'two'));
    assert.notEqual(store.get('ConfigMap', 'a', 'x'), first);
    assert.equal(changes(), 2);
  });
});

suite('lists', () => {
  test('a list is in order and stays as it was for whoever holds it', () => {
    const { store } = counted();
    store.replace('ConfigMap', [configMap('b'), configMap('c'), configMap('a')]);
    const before = store.list('ConfigMap');
    assert.deepEqual(names(store), ['a/a', 'a/b', 'a/c']);
    store.remove({ kind: 'ConfigMap', namespace: 'a', name: 'b' });
    store.upsert(configMap('aa'));
    store.upsert(configMap('c', 'new'));
    assert.deepEqual(names(store), ['a/a', 'a/aa', 'a/c']);
    assert.deepEqual(
      before.map((one) => one.name),
      ['a', 'b', 'c'],
    );
    assert.equal(store.list('ConfigMap')[2]?.data['value'], 'new');
  });

  test('what is not in a replacement is gone', () => {
    const { store, changes } = counted();
    store.replace('ConfigMap', [configMap('a'), configMap('b')]);
    store.replace('ConfigMap', [configMap('b'), configMap('c')]);
    assert.deepEqual(names(store), ['a/b', 'a/c']);
    store.replace('ConfigMap', []);
    assert.deepEqual(names(store), []);
    assert.equal(changes(), 3);
  });

  test('an object that came and went between two readings leaves nothing', () => {
    const { store } = counted();
    store.replace('ConfigMap', [configMap('b')]);
    assert.deepEqual(names(store), ['a/b']);
    store.upsert(configMap('a'));
    store.remove({ kind: 'ConfigMap', namespace: 'a', name: 'a' });
    assert.deepEqual(names(store), ['a/b']);
  });
});

suite('what is said of changes', () => {
  test('nothing changed, nothing said', () => {
    const { store, changes } = counted();
    store.replace('Service', []);
    store.remove({ kind: 'Service', namespace: 'a', name: 'b' });
    store.remove({ kind: 'File', namespace: '', name: 'a.yaml' });
    store.report('x', []);
    assert.equal(changes(), 0);
  });

  test('only the generation of the kind that changed grows', () => {
    const { store } = counted();
    store.upsert(configMap('a'));
    const [maps, services] = [store.generation('ConfigMap'), store.generation('Service')];
    store.upsert(configMap('a'));
    assert.equal(store.generation('ConfigMap'), maps);
    store.upsert(configMap('a', 'new'));
    assert.notEqual(store.generation('ConfigMap'), maps);
    assert.equal(store.generation('Service'), services);
  });

  test('being complete is said once', () => {
    const { store, changes } = counted();
    assert.equal(store.isSynced, false);
    store.synced();
    store.synced();
    assert.equal(store.isSynced, true);
    assert.equal(changes(), 1);
  });

  test('diagnostics are kept by origin, in its order, until the origin says otherwise', () => {
    const { store, changes } = counted();
    const about = (why: string): Diagnostic => ({
      code: 'x',
      severity: 'error',
      object: { kind: 'File', namespace: '', name: 'x' },
      field: '',
      what: '',
      why,
      fix: '',
    });
    store.report('b', [about('b1'), about('b2')]);
    store.report('a', [about('a1')]);
    store.report('a', [about('a1')]);
    assert.equal(changes(), 2);
    assert.deepEqual(
      store.diagnostics().map((one) => one.why),
      ['a1', 'b1', 'b2'],
    );
    assert.equal(store.diagnostics(), store.diagnostics());
    store.report('b', []);
    assert.deepEqual(
      store.diagnostics().map((one) => one.why),
      ['a1'],
    );
  });
});

test('50 000 objects are replaced, and one of them changed, in no time', () => {
  const { store } = counted();
  const many = Array.from({ length: 50_000 }, (_, at) => configMap(`x${(at * 7919) % 50_000}`, '', '1', `u${at}`));
  store.replace('ConfigMap', many);
  store.list('ConfigMap');
  const relisted = many.map((one) => ({ ...one }));
  // About 40 ms and 0.2 ms.
  assert.ok(cpuMsOf(() => store.replace('ConfigMap', relisted)) < 400);
  const change = (round: number): unknown => {
    store.upsert(configMap('x77', `new ${round}`, `${round + 2}`, 'u'));
    return store.list('ConfigMap');
  };
  assert.ok(cpuMsOf(change) < 20);
});
