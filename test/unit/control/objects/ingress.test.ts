import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import { decodeAs } from '../../../support/decoding.ts';

const backend = { service: { name: 'cart', port: { number: 80 } } };

function ingressWith(...paths: readonly unknown[]) {
  const { object, complaints, text } = decodeAs('Ingress', { spec: { rules: [{ http: { paths } }] } });
  return { paths: object.rules[0]?.paths ?? [], complaints, text };
}

suite('paths', () => {
  test('one bad path leaves the others standing', () => {
    const { paths, complaints } = ingressWith(
      { path: '/good', pathType: 'Prefix', backend },
      { path: 'bad', pathType: 'Prefix', backend },
      { path: '/also-good', pathType: 'Exact', backend },
    );
    assert.deepEqual(paths, [
      { path: '/good', pathType: 'Prefix', backend: { kind: 'service', name: 'cart', port: 80 } },
      { path: '/also-good', pathType: 'Exact', backend: { kind: 'service', name: 'cart', port: 80 } },
    ]);
    assert.deepEqual(complaints, ['path-malformed spec.rules[0].http.paths[1].path']);
  });

  test('what the Kubernetes API refuses', () => {
    for (const path of [
      '',
      'x',
      '//',
      '/a//b',
      '/a/./b',
      '/a/../b',
      '/a%2fb',
      '/a%2Fb',
      '/a/..',
      '/a/.',
      '/a\nb',
      '/\u0000',
      7,
      ['/'],
      `/${'x'.repeat(9000)}`,
    ]) {
      for (const pathType of ['Exact', 'Prefix']) {
        const found = ingressWith({ path, pathType, backend });
        assert.deepEqual([found.paths.length, found.complaints.length], [0, 1], JSON.stringify(path));
      }
    }
  });

  test('ImplementationSpecific takes more, and nothing at all means everything', () => {
    for (const path of ['/a//b', '/a/../b', '/a(/|$)(.*)', '/a%2Fb']) {
      assert.deepEqual(ingressWith({ path, pathType: 'ImplementationSpecific', backend }).paths[0]?.path, path);
    }
    for (const path of ['', undefined, null]) {
      assert.equal(ingressWith({ path, pathType: 'ImplementationSpecific', backend }).paths[0]?.path, '/');
    }
    assert.equal(ingressWith({ path: 'x', pathType: 'ImplementationSpecific', backend }).paths.length, 0);
  });

  test('a missing pathType is served and told, a wrong one is not served', () => {
    const missing = ingressWith({ path: '/', backend });
    assert.equal(missing.paths[0]?.pathType, 'ImplementationSpecific');
    assert.deepEqual(missing.complaints, ['path-type-missing spec.rules[0].http.paths[0].pathType']);
    const wrong = ingressWith({ path: '/', pathType: 'prefix', backend });
    assert.deepEqual([wrong.paths.length, wrong.complaints.length], [0, 1]);
  });

  test('backends that name no Service with one port', () => {
    for (const bad of [
      undefined,
      null,
      'cart',
      {},
      { serviceName: 'cart', servicePort: 80 },
      { service: {} },
      { service: { name: 'Cart', port: { number: 80 } } },
      { service: { name: 'a/b', port: { number: 80 } } },
      { service: { name: 'cart' } },
      { service: { name: 'cart', port: 80 } },
      { service: { name: 'cart', port: {} } },
      { service: { name: 'cart', port: { number: '80' } } },
      { service: { name: 'cart', port: { number: 0.5 } } },
      { service: { name: 'cart', port: { number: 65_536 } } },
      { service: { name: 'cart', port: { number: -1 } } },
      { service: { name: 'cart', port: { name: 'http', number: 80 } } },
      { service: { name: 'cart', port: { name: 'a:b' } } },
      { service: { name: 'cart', port: { number: 80 } }, resource: { kind: 'Bucket', name: 'x' } },
    ]) {
      const { paths, complaints } = ingressWith({ path: '/', pathType: 'Prefix', backend: bad });
      assert.equal(paths.length, 0, JSON.stringify(bad));
      assert.ok(complaints.length >= 1, JSON.stringify(bad));
    }
  });

  test('resource backends are kept, so that the compiler can say that they are not served', () => {
    const { paths, complaints } = ingressWith({
      path: '/',
      pathType: 'Prefix',
      backend: { resource: { apiGroup: 'k8s.example.com', kind: 'Bucket', name: 'static' } },
    });
    assert.deepEqual(complaints, []);
    assert.deepEqual(paths[0]?.backend, {
      kind: 'resource',
      apiGroup: 'k8s.example.com',
      resourceKind: 'Bucket',
      name: 'static',
    });
  });
});

suite('hosts', () => {
  function hostsOf(...hosts: readonly unknown[]) {
    const { object, complaints } = decodeAs('Ingress', { spec: { rules: hosts.map((host) => ({ host })) } });
    return { hosts: object.rules.map((rule) => rule.host), complaints };
  }

  test('names, wildcards and none at all', () => {
    const { hosts, complaints } = hostsOf(
      'shop.example.com',
      '*.example.com',
      '',
      undefined,
      null,
      'localhost',
      '1a.x',
    );
    assert.deepEqual(hosts, [
      'shop.example.com',
      '*.example.com',
      undefined,
      undefined,
      undefined,
      'localhost',
      '1a.x',
    ]);
    assert.deepEqual(complaints, []);
  });

  test('a rule with a wrong host is left out and never becomes a rule for every host', () => {
    const wrong = [
      '*',
      '*.*.example.com',
      'a.*.com',
      '*example.com',
      '10.0.0.1',
      'a:80',
      '[::1]',
      'a..b',
      '-a.com',
      'a-.com',
      'a.com.',
      'a_b.com',
      ' a.com',
      'ä.com',
      'a/b',
      `${'a.'.repeat(200)}com`,
      7,
      {},
      [],
    ];
    const { hosts, complaints } = hostsOf(...wrong);
    assert.deepEqual(hosts, []);
    assert.equal(complaints.length, wrong.length);
  });

  test('upper case is served in lower case, and told', () => {
    const { hosts, complaints } = hostsOf('Shop.Example.COM');
    assert.deepEqual(hosts, ['shop.example.com']);
    assert.deepEqual(complaints, ['host-malformed spec.rules[0].host']);
  });
});

test('TLS, default backend, class and addresses', () => {
  const { object, complaints } = decodeAs('Ingress', {
    spec: {
      ingressClassName: 'fairway',
      defaultBackend: { service: { name: 'fallback', port: { name: 'http' } } },
      tls: [
        { hosts: ['a.example.com', '10.0.0.1', 5], secretName: 'tls' },
        { hosts: null },
        { secretName: '../x' },
        'no',
      ],
    },
    status: { loadBalancer: { ingress: [{ ip: '192.0.2.1' }, { hostname: 'lb.example.com' }, {}] } },
  });
  assert.equal(object.className, 'fairway');
  assert.deepEqual(object.defaultBackend, { kind: 'service', name: 'fallback', port: 'http' });
  assert.deepEqual(object.tls, [{ hosts: ['a.example.com'], secretName: 'tls' }, { hosts: [] }, { hosts: [] }]);
  assert.deepEqual(object.addresses, [{ ip: '192.0.2.1' }, { hostname: 'lb.example.com' }]);
  assert.deepEqual([...complaints].sort(), [
    'field-malformed spec.tls[0].hosts[2]',
    'field-malformed spec.tls[2].secretName',
    'field-malformed spec.tls[3]',
    'host-malformed spec.tls[0].hosts[1]',
  ]);
});

test('null is the same as absent everywhere, because Go writes it so', () => {
  const { object, complaints } = decodeAs('Ingress', {
    spec: { ingressClassName: null, defaultBackend: null, rules: null, tls: null },
    status: { loadBalancer: { ingress: null } },
  });
  assert.deepEqual(complaints, []);
  assert.deepEqual([object.rules, object.tls, object.addresses, object.className], [[], [], [], undefined]);
});
