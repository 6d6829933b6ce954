import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import { decode, decodeAs, manifest } from '../../../support/decoding.ts';

function only(value: unknown, options = {}) {
  const decoded = decode(value, options);
  assert.equal(decoded.diagnostics.length, 1, JSON.stringify(decoded));
  const [diagnostic] = decoded.diagnostics;
  assert.ok(diagnostic !== undefined);
  return { outcome: decoded.outcome, diagnostic };
}

suite('what is no object of ours', () => {
  test('a value that is not an object', () => {
    for (const value of [null, undefined, 'text', 7, true, []]) {
      const { outcome, diagnostic } = only(value);
      assert.equal(outcome, 'malformed');
      assert.equal(diagnostic.code, 'object-malformed');
      assert.deepEqual(diagnostic.object, { kind: 'File', namespace: '', name: 'test.yaml' });
    }
    assert.equal(only('text').diagnostic.what, 'Object in test.yaml is not read');
    assert.equal(only('text').diagnostic.why, 'it is text');
  });

  test("a kind of somebody else is nobody's mistake", () => {
    for (const [apiVersion, kind] of [
      ['apps/v1', 'Deployment'],
      ['serving.knative.dev/v1', 'Service'],
      ['config.openshift.io/v1', 'Ingress'],
      ['v1', '__proto__'],
      ['v1', 'constructor'],
    ] as const) {
      const decoded = decode({ apiVersion, kind, metadata: { name: 'x' } });
      assert.deepEqual(decoded, { outcome: 'other-kind', kind: `${kind} (${apiVersion})`, diagnostics: [] });
    }
  });

  test('an old version of a kind that is read says which one to write', () => {
    for (const apiVersion of ['extensions/v1beta1', 'networking.k8s.io/v1beta1']) {
      const { diagnostic } = only({ ...manifest('Ingress'), apiVersion });
      assert.equal(diagnostic.code, 'api-version-not-read');
      assert.equal(diagnostic.fix, 'Write apiVersion: networking.k8s.io/v1.');
    }
  });

  test('kind, apiVersion, metadata, name or namespace missing or wrong', () => {
    const whys = [
      { apiVersion: 'v1' },
      { kind: 'Service' },
      { kind: 'Service', apiVersion: 'v1' },
      { kind: 'Service', apiVersion: 'v1', metadata: [] },
      { kind: 'Service', apiVersion: 'v1', metadata: {} },
      manifest('Service', {}, { name: 7 }),
      manifest('Service', {}, { name: 'a/b' }),
      manifest('Service', {}, { name: 'Upper' }),
      manifest('Service', {}, { namespace: undefined }),
      manifest('Service', {}, { namespace: 'a.b' }),
      manifest('Service', {}, { namespace: ['x'] }),
    ].map((value) => only(value).diagnostic.why);
    assert.deepEqual(whys, [
      'kind is missing',
      'apiVersion is missing',
      'metadata is missing',
      'metadata is missing',
      'metadata.name is missing',
      'metadata.name is a number',
      'metadata.name "a/b" is not a valid name',
      'metadata.name "Upper" is not a valid name',
      'metadata.namespace is missing',
      'metadata.namespace "a.b" is not a valid name',
      'metadata.namespace a list is not a valid name',
    ]);
  });

  test('a spec that is not an object', () => {
    for (const spec of [[], 'text', 7, false]) {
      const decoded = decode(manifest('Ingress', { spec }));
      assert.ok(decoded.outcome === 'malformed');
      assert.deepEqual(decoded.ref, { kind: 'Ingress', namespace: 'shop', name: 'it' });
    }
  });
});

suite('metadata', () => {
  test('items of a list need not say their kind, and those of another kind are told apart', () => {
    const item = { metadata: { name: 'a', namespace: 'b' } };
    assert.equal(decode(item, { kind: 'Service' }).outcome, 'object');
    assert.equal(decode({ ...item, kind: 'Pod', apiVersion: 'v1' }, { kind: 'Service' }).outcome, 'other-kind');
  });

  test('a namespace is added where the source has a default', () => {
    const decoded = decode(manifest('Service', {}, { namespace: undefined }), { defaultNamespace: 'default' });
    assert.ok(decoded.outcome === 'object');
    assert.equal(decoded.object.namespace, 'default');
  });

  test('kinds without namespace have none, whatever is written', () => {
    const { object } = decodeAs('Namespace', {});
    assert.equal(object.namespace, '');
  });

  test('what is kept of metadata', () => {
    const decoded = decode(
      manifest(
        'Ingress',
        {},
        {
          uid: 'u',
          resourceVersion: '7',
          creationTimestamp: '2026-01-31T12:00:00Z',
          annotations: {
            'a.example/b': 'c',
            'kubectl.kubernetes.io/last-applied-configuration': 'x'.repeat(1_400_000),
          },
          labels: { team: 'shop' },
          managedFields: [{}],
        },
      ),
    );
    assert.ok(decoded.outcome === 'object');
    assert.deepEqual(decoded.object, {
      kind: 'Ingress',
      namespace: 'shop',
      name: 'it',
      uid: 'u',
      resourceVersion: '7',
      createdAt: Date.UTC(2026, 0, 31, 12) / 1000,
      annotations: { 'a.example/b': 'c' },
      labels: { team: 'shop' },
      rules: [],
      tls: [],
      addresses: [],
    });
  });

  test('annotations that are not text are told by name and ignored', () => {
    const decoded = decode(
      manifest(
        'Ingress',
        {},
        { annotations: { 'a/on': true, 'a/number': 60, 'a/null': null, 'a/list': [], 'a/good': 'x' } },
      ),
    );
    assert.ok(decoded.outcome === 'object');
    assert.deepEqual(decoded.object.annotations, { 'a/good': 'x' });
    assert.deepEqual(
      decoded.diagnostics.map((one) => [one.severity, one.field, one.why]),
      [
        ['warning', 'metadata.annotations["a/on"]', 'it is the word true, not text'],
        ['warning', 'metadata.annotations["a/number"]', 'it is a number, not text'],
        ['warning', 'metadata.annotations["a/null"]', 'it is null, not text'],
        ['warning', 'metadata.annotations["a/list"]', 'it is a list, not text'],
      ],
    );
  });

  test('a key __proto__ changes nothing but is told', () => {
    const annotations: unknown = JSON.parse('{"__proto__": {"polluted": "yes"}, "a/b": "c"}');
    const text: unknown = JSON.parse('{"__proto__": "yes"}');
    for (const value of [annotations, text]) {
      const decoded = decode(manifest('Ingress', {}, { annotations: value }));
      assert.equal(decoded.diagnostics.length, 1);
      assert.equal(Reflect.get({}, 'polluted'), undefined);
    }
    const { object } = decodeAs('ConfigMap', { data: JSON.parse('{"__proto__": "kept as data", "a": "b"}') });
    assert.deepEqual(Object.entries(object.data), [
      ['__proto__', 'kept as data'],
      ['a', 'b'],
    ]);
    assert.equal(Object.getPrototypeOf(object.data), Object.prototype);
  });

  test('a time that is none counts as none', () => {
    for (const creationTimestamp of ['yesterday', '2026-13-45T00:00:00Z', '2026-01-01']) {
      const decoded = decode(manifest('Service', {}, { creationTimestamp }));
      assert.ok(decoded.outcome === 'object');
      assert.equal(decoded.object.createdAt, 0);
      assert.equal(decoded.diagnostics.length, 1);
    }
  });

  test('mistakes without end are counted, not listed', () => {
    const annotations = Object.fromEntries(Array.from({ length: 5000 }, (_, at) => [`a/x${at}`, at]));
    const { diagnostics } = decode(manifest('Ingress', {}, { annotations }));
    assert.equal(diagnostics.length, 33);
    assert.equal(diagnostics.at(-1)?.code, 'more-mistakes');
    assert.match(diagnostics.at(-1)?.why ?? '', /4968 more/);
  });
});

suite('Services, ConfigMaps, classes', () => {
  test('defaults of a Service', () => {
    const { object, complaints } = decodeAs('Service', {
      spec: { ports: [{ port: 80 }, { name: 'admin', port: 81, targetPort: 'web' }] },
    });
    assert.deepEqual(complaints, []);
    assert.equal(object.type, 'ClusterIP');
    assert.deepEqual(object.ports, [
      { name: '', port: 80, targetPort: 80, protocol: 'TCP' },
      { name: 'admin', port: 81, targetPort: 'web', protocol: 'TCP' },
    ]);
  });

  test('a wrong port of a Service leaves the others standing', () => {
    const ports = [
      { port: 80 },
      { port: 0 },
      { port: '80' },
      { port: 81, targetPort: 70_000 },
      { port: 82, targetPort: true },
      null,
      { name: 'A', port: 1 },
    ];
    const { object, complaints } = decodeAs('Service', { spec: { ports, type: 'Magic' } });
    assert.deepEqual(
      object.ports.map((port) => port.port),
      [80],
    );
    assert.equal(object.type, 'ClusterIP');
    assert.deepEqual(complaints, [
      'field-malformed spec.type',
      'field-malformed spec.ports[1].port',
      'field-malformed spec.ports[2].port',
      'field-malformed spec.ports[3].targetPort',
      'field-malformed spec.ports[4].targetPort',
      'field-malformed spec.ports[5]',
      'field-malformed spec.ports[6].name',
    ]);
  });

  test('values of a ConfigMap that are not text are told', () => {
    const { object, complaints } = decodeAs('ConfigMap', { data: { a: '1', b: 2, 'c d': 'x' } });
    assert.deepEqual(object.data, { a: '1' });
    assert.deepEqual(complaints, ['field-malformed data["b"]', 'field-malformed data["c d"]']);
  });

  test('the default class', () => {
    const decoded = decode({
      apiVersion: 'networking.k8s.io/v1',
      kind: 'IngressClass',
      metadata: { name: 'fairway', annotations: { 'ingressclass.kubernetes.io/is-default-class': 'true' } },
      spec: { controller: 'fairway.dev/ingress-controller' },
    });
    assert.ok(decoded.outcome === 'object' && decoded.object.kind === 'IngressClass');
    assert.equal(decoded.object.isDefault, true);
    assert.equal(decoded.object.controller, 'fairway.dev/ingress-controller');
  });
});
