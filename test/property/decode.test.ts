import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import type { Decoded } from '../../src/control/objects/decode.ts';
import { readManifest } from '../../src/control/sources/directory/manifests.ts';
import type { Kind } from '../../src/model/object-ref.ts';
import { decode, manifest } from '../support/decoding.ts';

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

/** Every name that a decoder looks at, so that random values land where they hurt. */
const names = [
  'apiVersion',
  'kind',
  'metadata',
  'name',
  'namespace',
  'annotations',
  'labels',
  'creationTimestamp',
  'spec',
  'status',
  'rules',
  'host',
  'http',
  'paths',
  'path',
  'pathType',
  'backend',
  'service',
  'resource',
  'port',
  'number',
  'tls',
  'hosts',
  'secretName',
  'loadBalancer',
  'ingress',
  'ports',
  'targetPort',
  'protocol',
  'endpoints',
  'addresses',
  'conditions',
  'ready',
  'targetRef',
  'addressType',
  'subsets',
  'notReadyAddresses',
  'ip',
  'data',
  'stringData',
  'type',
  'tls.crt',
  'tls.key',
  'containers',
  'initContainers',
  'readinessProbe',
  'httpGet',
  'httpHeaders',
  'tcpSocket',
  'grpc',
  'exec',
  'periodSeconds',
  'podIPs',
  'items',
  '__proto__',
  'constructor',
  'toString',
  'length',
];

const leaf = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    true,
    0,
    -1,
    80,
    1e300,
    Number.NaN,
    '',
    '/',
    'a',
    'IPv4',
    'Prefix',
    'kubernetes.io/tls',
    '10.0.0.1',
    '::1',
    '__proto__',
    [],
    {},
  ),
  fc.constantFrom<unknown>(...kinds, 'List', 'networking.k8s.io/v1', 'v1', 'discovery.k8s.io/v1'),
  fc.string(),
  fc.double(),
);

const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 7, withCrossShrink: true },
    leaf,
    fc.array(tie('tree'), { maxLength: 3 }),
    fc
      .array(fc.tuple(fc.constantFrom(...names), tie('tree')), { maxLength: 6 })
      .map((entries) => Object.fromEntries(entries)),
  ),
}));

const fields = fc
  .array(fc.tuple(fc.constantFrom(...names), tree), { maxLength: 10 })
  .map((entries) => Object.fromEntries(entries));

function check(decoded: Decoded): void {
  for (const one of decoded.diagnostics) {
    assert.ok(one.what !== '' && one.why !== '' && one.fix.endsWith('.'), JSON.stringify(one));
    assert.ok(one.what.length + one.why.length + one.fix.length < 2000);
  }
  if (decoded.outcome === 'malformed') assert.ok(decoded.diagnostics.length > 0);
  // Plain data, whatever came in.
  if (decoded.outcome === 'object') assert.deepEqual(structuredClone(decoded.object), decoded.object);
}

test('anything at all is decoded or told, never thrown', () => {
  fc.assert(
    fc.property(tree, (value) => check(decode(value))),
    { numRuns: 2000 },
  );
});

for (const kind of kinds) {
  test(`${kind} with any content`, () => {
    fc.assert(
      fc.property(fields, fields, fc.boolean(), (content, spec, inSpec) => {
        check(decode(manifest(kind, inSpec ? { ...content, addressType: 'IPv4', spec } : content)));
      }),
      { numRuns: 400 },
    );
  });
}

/** One manifest of each kind with every field that is read. */
const full: Readonly<Record<Kind, object>> = {
  Ingress: {
    spec: {
      ingressClassName: 'fairway',
      defaultBackend: { resource: { apiGroup: 'x', kind: 'y', name: 'z' } },
      rules: [
        {
          host: '*.example.com',
          http: {
            paths: [{ path: '/', pathType: 'Prefix', backend: { service: { name: 'a', port: { name: 'http' } } } }],
          },
        },
        {
          http: {
            paths: [{ path: '/a', pathType: 'Exact', backend: { service: { name: 'b', port: { number: 80 } } } }],
          },
        },
      ],
      tls: [{ hosts: ['a.example.com'], secretName: 'tls' }],
    },
    status: { loadBalancer: { ingress: [{ ip: '192.0.2.1', hostname: 'x' }] } },
  },
  IngressClass: { spec: { controller: 'x' } },
  Service: {
    spec: {
      type: 'LoadBalancer',
      clusterIP: 'None',
      externalName: 'x',
      externalIPs: ['192.0.2.1'],
      ports: [{ name: 'a', port: 1, targetPort: 'b', protocol: 'TCP' }],
    },
    status: { loadBalancer: { ingress: [{ ip: '192.0.2.1' }] } },
  },
  EndpointSlice: {
    addressType: 'IPv6',
    ports: [{ name: 'a', port: 1, protocol: 'TCP' }],
    endpoints: [
      {
        addresses: ['2001:db8::1'],
        conditions: { ready: true, serving: true, terminating: false },
        zone: 'z',
        nodeName: 'n',
        targetRef: { kind: 'Pod', name: 'p' },
      },
    ],
  },
  Endpoints: {
    subsets: [
      {
        addresses: [{ ip: '10.0.0.1', targetRef: { kind: 'Pod', name: 'p' } }],
        notReadyAddresses: [{ ip: '10.0.0.2' }],
        ports: [{ name: 'a', port: 1 }],
      },
    ],
  },
  Secret: { type: 'kubernetes.io/tls', data: { 'tls.crt': 'AAAA', 'tls.key': 'AAAA' }, stringData: { 'tls.crt': 'x' } },
  ConfigMap: { data: { a: 'b' } },
  Pod: {
    spec: {
      containers: [
        {
          name: 'a',
          ports: [{ name: 'p', containerPort: 1, protocol: 'TCP' }],
          readinessProbe: {
            httpGet: { path: '/', port: 'p', scheme: 'HTTP', host: 'h', httpHeaders: [{ name: 'a', value: 'b' }] },
            periodSeconds: 1,
            timeoutSeconds: 1,
          },
        },
        { name: 'b', readinessProbe: { tcpSocket: { port: 1, host: 'h' } } },
        { name: 'c', readinessProbe: { grpc: { port: 1, service: 's' } } },
        { name: 'd', readinessProbe: { exec: { command: ['x'] } } },
      ],
      initContainers: [{ name: 's', restartPolicy: 'Always' }],
    },
    status: { podIP: '10.0.0.1', podIPs: [{ ip: '10.0.0.1' }] },
  },
  Namespace: {},
};

const hostile: readonly unknown[] = [
  undefined,
  null,
  true,
  false,
  0,
  -1,
  1.5,
  1e300,
  Number.NaN,
  '',
  ' ',
  '/',
  '*',
  '\u0000',
  '__proto__',
  'x'.repeat(100_000),
  [],
  [null],
  [[]],
  {},
  { '': {} },
  JSON.parse('{"__proto__": {"name": 1}, "constructor": 2, "toString": null, "hasOwnProperty": 3}'),
];

/** Every copy of `value` in which one node is replaced by `by`. */
function* variants(value: unknown, by: unknown): Generator {
  yield by;
  if (typeof value !== 'object' || value === null) return;
  for (const [key, child] of Object.entries(value)) {
    for (const variant of variants(child, by)) {
      yield Array.isArray(value) ? value.with(Number(key), variant) : { ...value, [key]: variant };
    }
  }
}

for (const kind of kinds) {
  test(`${kind} with any of its fields replaced by nonsense`, () => {
    const value = manifest(kind, full[kind], {
      uid: 'u',
      resourceVersion: '1',
      creationTimestamp: '2026-01-01T00:00:00Z',
      annotations: { 'a/b': 'c' },
      labels: { 'kubernetes.io/service-name': 'x' },
    });
    const good = decode(value);
    assert.equal(good.outcome, 'object');
    assert.deepEqual(good.diagnostics, []);
    let count = 0;
    for (const by of hostile) {
      for (const variant of variants(value, by)) {
        check(decode(variant));
        count += 1;
      }
    }
    assert.ok(count > 200);
  });
}

test('what is decoded once is decoded to the same again', () => {
  fc.assert(
    fc.property(fc.constantFrom(...kinds), fields, (kind, spec) => {
      const value = manifest(kind, { spec, addressType: 'IPv4' });
      assert.deepEqual(decode(structuredClone(value)), decode(value));
    }),
  );
});

test('any text is read as a manifest or told, never thrown', () => {
  const line = fc.oneof(
    fc.constantFrom(
      '---',
      '...',
      '- a: b',
      'a: &x 1',
      'b: *x',
      '<<: *x',
      '{',
      '"',
      "'",
      '|',
      '\t',
      'kind: List',
      'items: [{}]',
      '%YAML 1.2',
    ),
    fc.string(),
  );
  fc.assert(
    fc.property(fc.array(line, { maxLength: 12 }), fc.constantFrom('a.yaml', 'a.json'), (lines, file) => {
      const found = readManifest(file, lines.join('\n'));
      const diagnostics = found.kind === 'objects' ? found.diagnostics : [found.diagnostic];
      for (const one of diagnostics) assert.ok(one.what !== '' && one.why !== '' && one.fix !== '');
    }),
    { numRuns: 1000 },
  );
});
