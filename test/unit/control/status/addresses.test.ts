import assert from 'node:assert/strict';
import { test } from 'node:test';

import { decodeObject } from '../../../../src/control/objects/decode.ts';
import { ObjectStore } from '../../../../src/control/objects/object-store.ts';
import { publishedAddresses } from '../../../../src/control/status/addresses.ts';
import { nodeAddresses } from '../../../../src/control/status/own-node.ts';

function storeWith(spec: Record<string, unknown>, status: Record<string, unknown> = {}): ObjectStore {
  const store = new ObjectStore();
  const decoded = decodeObject(
    { apiVersion: 'v1', kind: 'Service', metadata: { name: 'front', namespace: 'fairway' }, spec, status },
    { allowLoopback: false, origin: { kind: 'Service', namespace: 'fairway', name: 'front' }, place: 'a test' },
  );
  if (decoded.outcome === 'object') store.upsert(decoded.object);
  return store;
}

const front = { publishService: 'fairway/front', publishStatusAddress: [] };
const cases: readonly (readonly [string, Record<string, unknown>, Record<string, unknown>, unknown])[] = [
  [
    'a load balancer: its addresses, then external addresses, sorted, no doubles',
    { type: 'LoadBalancer', clusterIP: '10.0.0.1', externalIPs: ['192.0.2.9', '192.0.2.2'] },
    { loadBalancer: { ingress: [{ ip: '192.0.2.9' }, { hostname: 'lb.example.com' }] } },
    [{ hostname: 'lb.example.com' }, { ip: '192.0.2.2' }, { ip: '192.0.2.9' }],
  ],
  ['a load balancer that has no address yet', { type: 'LoadBalancer', clusterIP: '10.0.0.1' }, {}, []],
  ['a cluster address', { type: 'ClusterIP', clusterIP: '10.0.0.1' }, {}, [{ ip: '10.0.0.1' }]],
  ['a headless Service has none', { type: 'ClusterIP', clusterIP: 'None' }, {}, []],
  ['node ports', { type: 'NodePort', clusterIP: '10.0.0.1' }, {}, [{ ip: '10.0.0.1' }]],
  [
    'node ports with external addresses',
    { type: 'NodePort', clusterIP: '10.0.0.1', externalIPs: ['2001:db8::1'] },
    {},
    [{ ip: '2001:db8::1' }],
  ],
  ['a name', { type: 'ExternalName', externalName: 'edge.example.com' }, {}, [{ hostname: 'edge.example.com' }]],
];
for (const [what, spec, status, expected] of cases) {
  test(`the published Service is ${what}`, () => {
    assert.deepEqual(
      publishedAddresses(storeWith({ ports: [{ port: 80 }], ...spec }, status), front, ['9.9.9.9']),
      expected,
    );
  });
}

test('given addresses win, then the Service, then the node', () => {
  const store = storeWith({ type: 'ClusterIP', clusterIP: '10.0.0.1', ports: [{ port: 80 }] });
  const given = { publishService: 'fairway/front', publishStatusAddress: ['lb.example.com', '192.0.2.1'] };
  assert.deepEqual(publishedAddresses(store, given, ['9.9.9.9']), [
    { hostname: 'lb.example.com' },
    { ip: '192.0.2.1' },
  ]);
  assert.deepEqual(publishedAddresses(store, { publishService: '', publishStatusAddress: [] }, ['9.9.9.9']), [
    { ip: '9.9.9.9' },
  ]);
  assert.deepEqual(publishedAddresses(new ObjectStore(), front, ['9.9.9.9']), []);
});

test('the address of a node: external falls back to internal, and nonsense gives none', () => {
  const node = (...addresses: unknown[]): unknown => ({ status: { addresses } });
  const internal = { type: 'InternalIP', address: '10.0.0.7' };
  const external = { type: 'ExternalIP', address: '192.0.2.7' };
  assert.deepEqual(nodeAddresses(node(internal, external), 'external'), ['192.0.2.7']);
  assert.deepEqual(nodeAddresses(node(internal, external), 'internal'), ['10.0.0.7']);
  assert.deepEqual(nodeAddresses(node(internal), 'external'), ['10.0.0.7']);
  for (const wrong of [undefined, null, 7, {}, { status: 7 }, node(null, 7, { type: 'InternalIP' })]) {
    assert.deepEqual(nodeAddresses(wrong, 'internal'), []);
  }
});
