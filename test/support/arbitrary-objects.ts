import fc from 'fast-check';

import { knownKeys } from '../../src/control/annotations/table.ts';
import type {
  EndpointSlice,
  Endpoints,
  Ingress,
  IngressBackend,
  IngressClass,
  KubeObject,
  Pod,
  Secret,
  Service,
} from '../../src/control/objects/kinds.ts';
import type { Certificate } from '../../src/model/certificate.ts';
import { certificateId } from '../../src/model/ids.ts';
import { ingress, ownClass, pod, rule, service, slice } from './compile-objects.ts';

/**
 * Objects out of few names, so that they meet: Ingresses that share hosts, paths and Services, Secrets that come and
 * go. Texts that users write are partly sensible and partly anything.
 */

const namespaces = fc.constantFrom('a', 'b');
const names = fc.constantFrom('one', 'two', 'three');
const hosts = fc.constantFrom('x.example.com', 'y.example.com', '*.example.com', 'z.test');
const addresses = fc.constantFrom('10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.4');
const anyText = fc.string({ unit: 'binary', maxLength: 40 });
const paths = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('/', '/a', '/a/', '/a/b', '/b', '/a%41', '/aA', '/x(/|$)(.*)') },
  { weight: 1, arbitrary: anyText },
);
const values = fc.oneof(
  fc.constantFrom('true', 'false', '10', '0', 'on', 'off', 'cookie', 'ewma', 'hash', 'least_conn', '$request_uri'),
  fc.constantFrom('HTTPS', 'GRPC', '0.0.0.0/0,::/0', '/$1', 'error timeout', 'Lax', '${', 'deny all;'),
  anyText,
);
const prefixes = fc.constantFrom('nginx.ingress.kubernetes.io', 'fairway.dev', 'example.com');
const annotations = fc
  .array(fc.tuple(prefixes, fc.oneof(fc.constantFrom(...knownKeys), anyText), values), { maxLength: 3 })
  .map((entries) => Object.fromEntries(entries.map(([prefix, key, value]) => [`${prefix}/${key}`, value])));

/** What makes canaries, in full more often than chance would. */
const canaryAnnotations = fc
  .record(
    {
      canary: fc.constant('true'),
      'canary-weight': fc.constantFrom('0', '10', '100', 'ten'),
      'canary-weight-total': fc.constantFrom('50', '100', '1000'),
      'canary-by-header': fc.constantFrom('X-Canary', 'a/b'),
      'canary-by-header-value': fc.constantFrom('yes', '"'),
      'canary-by-header-pattern': fc.constantFrom('^a+$', '[][**da?$&*'),
      'canary-by-cookie': fc.constant('c'),
      'affinity-canary-behavior': fc.constantFrom('sticky', 'legacy'),
      'canary-scope': fc.constantFrom('rule', 'service', 'service'),
      'load-balance': fc.constantFrom('ewma', 'hash'),
      'auth-url': anyText,
    },
    { requiredKeys: ['canary'] },
  )
  .map((entries) => Object.fromEntries(Object.entries(entries).map(([key, value]) => [`fairway.dev/${key}`, value])));

const metadata = fc.record({
  namespace: namespaces,
  name: names,
  uid: fc.constant(''),
  resourceVersion: fc.constant(''),
  createdAt: fc.constantFrom(0, 1, 2),
  labels: fc.constant({}),
});

const backend: fc.Arbitrary<IngressBackend> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('service' as const),
      name: names,
      port: fc.constantFrom(80, 8080, 'http'),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('resource' as const),
      apiGroup: fc.constant('example.com'),
      resourceKind: anyText,
      name: names,
    }),
  },
);

const ingressPath = fc.record({
  path: paths,
  pathType: fc.constantFrom('Exact' as const, 'Prefix' as const, 'ImplementationSpecific' as const),
  backend,
});
const ingressRule = fc.record(
  { host: hosts, paths: fc.array(ingressPath, { maxLength: 3 }) },
  { requiredKeys: ['paths'] },
);
const ingressTls = fc.record(
  { hosts: fc.array(hosts, { maxLength: 2 }), secretName: names },
  { requiredKeys: ['hosts'] },
);

export const anyIngress: fc.Arbitrary<Ingress> = fc
  .tuple(
    metadata,
    fc.oneof(
      { weight: 3, arbitrary: fc.constant({}) },
      { weight: 2, arbitrary: annotations },
      { weight: 2, arbitrary: canaryAnnotations },
    ),
    fc.record(
      {
        className: fc.constantFrom('fairway', 'fairway', 'fairway', 'other', 'missing'),
        defaultBackend: backend,
        rules: fc.array(ingressRule, { maxLength: 3 }),
        tls: fc.array(ingressTls, { maxLength: 2 }),
        addresses: fc.constant([]),
      },
      { requiredKeys: ['rules', 'tls', 'addresses'] },
    ),
  )
  .map(([base, written, fields]) => ({ kind: 'Ingress', ...base, annotations: written, ...fields }));

const anyClass: fc.Arbitrary<IngressClass> = fc.record({
  kind: fc.constant('IngressClass'),
  namespace: fc.constant(''),
  name: fc.constantFrom('fairway', 'other'),
  uid: fc.constant(''),
  resourceVersion: fc.constant(''),
  createdAt: fc.constantFrom(0, 1),
  annotations: fc.constant({}),
  labels: fc.constant({}),
  controller: fc.constantFrom('fairway.dev/ingress-controller', 'fairway.dev/ingress-controller', 'example.com/other'),
  isDefault: fc.boolean(),
});

const anyService: fc.Arbitrary<Service> = fc
  .tuple(
    metadata,
    fc.record({
      type: fc.constantFrom('ClusterIP' as const, 'ClusterIP' as const, 'ClusterIP' as const, 'ExternalName' as const),
      clusterIP: fc.constantFrom('10.96.0.1', 'None', ''),
      externalName: fc.oneof(fc.constantFrom('api.example.net', 'x.b.svc.cluster.local', 'localhost'), anyText),
      externalIPs: fc.constant([]),
      ports: fc.constantFrom(
        [{ name: '', port: 80, targetPort: 8080, protocol: 'TCP' }],
        [{ name: '', port: 80, targetPort: 8080, protocol: 'TCP' }],
        [
          { name: 'http', port: 80, targetPort: 'web', protocol: 'TCP' },
          { name: 'dns', port: 8080, targetPort: 53, protocol: 'UDP' },
        ],
        [],
      ),
      addresses: fc.constant([]),
    }),
  )
  .map(([base, fields]) => ({ kind: 'Service', ...base, annotations: {}, ...fields }));

const endpointPorts = fc.constantFrom(
  [{ name: '', port: 8080, protocol: 'TCP' }],
  [{ name: '', port: 8080, protocol: 'TCP' }],
  [{ name: '', port: 8080, protocol: 'TCP' }],
  [{ name: 'http', port: 8080, protocol: 'TCP' }],
  [{ name: 'http', protocol: 'TCP' }],
);

const anySlice: fc.Arbitrary<EndpointSlice> = fc
  .tuple(
    metadata,
    fc.record({
      service: names,
      managedBy: fc.constantFrom('', 'endpointslice-controller.k8s.io'),
      addressType: fc.constantFrom('IPv4' as const, 'IPv4' as const, 'FQDN' as const),
      ports: endpointPorts,
      endpoints: fc.array(
        fc.record(
          {
            addresses: fc.array(addresses, { maxLength: 2 }),
            ready: fc.constantFrom(true, true, false),
            serving: fc.boolean(),
            terminating: fc.boolean(),
            pod: names,
            zone: fc.constantFrom('y', 'z'),
            zoneHints: fc.constantFrom(['z'], ['y'], ['y', 'z']),
          },
          { requiredKeys: ['addresses', 'ready', 'serving', 'terminating'] },
        ),
        { maxLength: 3 },
      ),
    }),
  )
  .map(([base, fields]) => ({ kind: 'EndpointSlice', ...base, annotations: {}, ...fields }));

const anyEndpoints: fc.Arbitrary<Endpoints> = fc
  .tuple(metadata, endpointPorts, fc.array(addresses, { maxLength: 2 }))
  .map(([base, ports, ips]) => ({
    kind: 'Endpoints',
    ...base,
    annotations: {},
    subsets: [{ ready: ips.map((ip) => ({ ip })), notReady: [{ ip: '10.0.0.9' }], ports }],
  }));

const probes = fc.constantFrom<NonNullable<Pod['containers'][number]['readinessProbe']>['action']>(
  { kind: 'http', path: '/', port: 'web', scheme: 'http', headers: [], host: '' },
  { kind: 'http', path: '/b', port: 'web', scheme: 'http', headers: [], host: '' },
  { kind: 'http', path: '/', port: 8080, scheme: 'https', headers: ['A', 'b'], host: 'elsewhere' },
  { kind: 'tcp', port: 'missing', host: '' },
  { kind: 'grpc', port: 8080, service: '' },
  { kind: 'exec' },
);

const anyPod: fc.Arbitrary<Pod> = fc
  .tuple(metadata, fc.constantFrom({}, { 'fairway.dev/weight': '5' }, { 'fairway.dev/weight': 'x' }), probes)
  .map(([base, written, action]) => ({
    kind: 'Pod',
    ...base,
    annotations: written,
    ips: ['10.0.0.1'],
    containers: [
      {
        name: 'web',
        ports: [{ name: 'web', containerPort: 8080, protocol: 'TCP' }],
        readinessProbe: {
          action,
          periodSeconds: 1,
          timeoutSeconds: 1,
          successThreshold: 1,
          failureThreshold: 1,
          initialDelaySeconds: 0,
        },
      },
    ],
  }));

const anySecret: fc.Arbitrary<Secret> = fc
  .tuple(metadata, fc.array(hosts, { maxLength: 3 }), fc.constantFrom(0, 100, 10_000_000), fc.boolean())
  .map(([base, dnsNames, notAfter, good]) => ({
    kind: 'Secret',
    ...base,
    annotations: {},
    type: 'kubernetes.io/tls',
    tls: good
      ? { kind: 'certificate', certificate: certificateOf(`${base.namespace}/${base.name}`, dnsNames, notAfter) }
      : { kind: 'invalid', why: 'it is broken', fix: 'Mend it.' },
  }));

function certificateOf(source: string, dnsNames: readonly string[], notAfter: number): Certificate {
  return {
    id: certificateId(source, `${dnsNames.join('+')}-${notAfter}`),
    chainPem: 'CERTIFICATE',
    keyPem: 'KEY',
    source,
    names: dnsNames,
    issuer: '',
    issuerOrganization: '',
    issuerCommonName: '',
    serialNumber: '',
    keyAlgorithm: '',
    notBefore: 0,
    notAfter,
  };
}

const anyConfigMap: fc.Arbitrary<KubeObject> = fc
  .dictionary(fc.constantFrom('load-balance', 'ssl-redirect', 'hsts', 'unknown', 'proxy-read-timeout'), values)
  .map((data) => ({
    kind: 'ConfigMap',
    namespace: 'a',
    name: 'config',
    uid: '',
    resourceVersion: '',
    createdAt: 0,
    annotations: {},
    labels: {},
    data,
  }));

/** Something of every kind, joined together, for changes to start from. */
export const joinedObjects: readonly KubeObject[] = [
  ownClass,
  secretOf('a', ['x.example.com', '*.example.com']),
  secretOf('b', ['x.example.com', '*.example.com']),
  ...['a', 'b'].flatMap((namespace) =>
    ['one', 'two', 'three'].flatMap((name) => [
      ingress(name, {
        namespace,
        rules: [rule('x.example.com', `/${namespace}-${name}`, name), rule(`${name}.example.com`, '/', name)],
        tls: [{ hosts: ['x.example.com', `${name}.example.com`], secretName: 'one' }],
      }),
      ingress(`${name}-canary`, {
        namespace,
        annotations: { 'fairway.dev/canary': 'true', 'fairway.dev/canary-weight': '10' },
        rules: [rule('x.example.com', `/${namespace}-${name}`, 'two'), rule(`${name}.example.com`, '/', 'three')],
      }),
      service(name, { namespace }),
      slice(name, name, [], { namespace, endpoints: [endpointOf('10.0.0.1', 'one'), endpointOf('10.0.0.2', 'two')] }),
      pod(name, { namespace, name }),
    ]),
  ),
];

function secretOf(namespace: string, dnsNames: readonly string[]): Secret {
  const certificate = certificateOf(`${namespace}/one`, dnsNames, 10_000_000);
  const base = { uid: '', resourceVersion: '', createdAt: 0, annotations: {}, labels: {} };
  return {
    kind: 'Secret',
    namespace,
    name: 'one',
    ...base,
    type: 'kubernetes.io/tls',
    tls: { kind: 'certificate', certificate },
  };
}

function endpointOf(address: string, podName: string): EndpointSlice['endpoints'][number] {
  return { addresses: [address], ready: true, serving: true, terminating: false, pod: podName };
}

export const anyObject: fc.Arbitrary<KubeObject> = fc.oneof(
  { weight: 6, arbitrary: anyIngress },
  { weight: 1, arbitrary: anyClass },
  { weight: 3, arbitrary: anyService },
  { weight: 4, arbitrary: anySlice },
  { weight: 1, arbitrary: anyEndpoints },
  { weight: 3, arbitrary: anyPod },
  { weight: 2, arbitrary: anySecret },
  { weight: 1, arbitrary: anyConfigMap },
);
