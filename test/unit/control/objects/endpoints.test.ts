import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import { decode, decodeAs, manifest } from '../../../support/decoding.ts';

function sliceOf(endpoints: readonly unknown[], addressType = 'IPv4', options = {}) {
  return decodeAs('EndpointSlice', { addressType, endpoints, ports: [] }, options);
}

suite('EndpointSlices', () => {
  test('what nil means', () => {
    const conditions = [
      undefined,
      null,
      {},
      { ready: null, serving: null, terminating: null },
      { ready: false },
      { ready: false, serving: true, terminating: true },
    ];
    const { object, complaints } = sliceOf(conditions.map((one) => ({ addresses: ['10.0.0.1'], conditions: one })));
    assert.deepEqual(complaints, []);
    assert.deepEqual(
      object.endpoints.map((one) => [one.ready, one.serving, one.terminating]),
      [
        [true, true, false],
        [true, true, false],
        [true, true, false],
        [true, true, false],
        [false, true, false],
        [false, true, true],
      ],
    );
  });

  test('service, ports, pod, zone and node', () => {
    const decoded = decode(
      manifest(
        'EndpointSlice',
        {
          addressType: 'IPv4',
          ports: [
            {},
            { name: null, port: 8080, protocol: null },
            { name: 'dns', port: 53, protocol: 'UDP' },
            { name: 'bad', port: 99_999 },
          ],
          endpoints: [
            { addresses: ['10.0.0.1'], zone: 'z1', nodeName: 'n1', targetRef: { kind: 'Pod', name: 'cart-1' } },
            { addresses: ['10.0.0.2'], targetRef: { kind: 'Node', name: 'x' } },
          ],
        },
        { labels: { 'kubernetes.io/service-name': 'cart', other: 'label' } },
      ),
    );
    assert.ok(decoded.outcome === 'object' && decoded.object.kind === 'EndpointSlice');
    assert.equal(decoded.object.service, 'cart');
    assert.deepEqual(decoded.object.labels, {});
    assert.deepEqual(decoded.object.ports, [
      { name: '', protocol: 'TCP' },
      { name: '', port: 8080, protocol: 'TCP' },
      { name: 'dns', port: 53, protocol: 'UDP' },
    ]);
    const base = { ready: true, serving: true, terminating: false };
    assert.deepEqual(decoded.object.endpoints, [
      { addresses: ['10.0.0.1'], ...base, zone: 'z1', pod: 'cart-1', nodeName: 'n1' },
      { addresses: ['10.0.0.2'], ...base },
    ]);
    assert.deepEqual(
      decoded.diagnostics.map((one) => one.field),
      ['ports[3].port'],
    );
  });

  test('addresses that no pod can have are refused', () => {
    const v4 = [
      '127.0.0.1',
      '127.9.9.9',
      '0.0.0.0',
      '169.254.169.254',
      '224.0.0.1',
      '255.255.255.255',
      '10.0.0.256',
      '010.0.0.1',
      '10.0.0.1/8',
      '',
      'localhost',
      '::1',
    ];
    const v6 = [
      '::1',
      '::',
      'fe80::1',
      'febf::1',
      'ff02::1',
      '::ffff:127.0.0.1',
      '::ffff:169.254.1.1',
      'fe80::1%eth0',
      '10.0.0.1',
      '0:0:0:0:0:0:0:1',
      '::FFFF:7f00:1',
    ];
    for (const [addressType, addresses] of [
      ['IPv4', v4],
      ['IPv6', v6],
    ] as const) {
      for (const address of addresses) {
        const { object, complaints } = sliceOf(
          [{ addresses: [address, addressType === 'IPv4' ? '10.0.0.9' : '2001:db8::9'] }],
          addressType,
        );
        assert.equal(object.endpoints[0]?.addresses.length, 1, address);
        assert.deepEqual(complaints, ['endpoint-address-refused endpoints[0].addresses[0]'], address);
      }
    }
  });

  test('loopback is allowed in a folder, nothing else of that sort', () => {
    const options = { allowLoopback: true };
    const { object } = sliceOf([{ addresses: ['127.0.0.1', '127.0.0.2', '169.254.1.1'] }], 'IPv4', options);
    assert.deepEqual(object.endpoints[0]?.addresses, ['127.0.0.1', '127.0.0.2']);
    assert.deepEqual(sliceOf([{ addresses: ['::1', '::'] }], 'IPv6', options).object.endpoints[0]?.addresses, ['::1']);
  });

  test('one IPv6 address has one text', () => {
    const { object } = sliceOf([{ addresses: ['2001:DB8:0:0:0:0:0:1', '2001:db8::1'] }], 'IPv6');
    assert.deepEqual(object.endpoints[0]?.addresses, ['2001:db8::1', '2001:db8::1']);
  });

  test('without an address type a slice cannot be read', () => {
    for (const addressType of [undefined, null, 'ipv4', 4]) {
      const decoded = decode(manifest('EndpointSlice', { addressType, endpoints: [] }));
      assert.ok(decoded.outcome === 'malformed');
      assert.equal(decoded.diagnostics.length, 1);
    }
  });
});

test('Endpoints: ready and not ready ones of each subset', () => {
  const { object, complaints } = decodeAs('Endpoints', {
    subsets: [
      {
        addresses: [{ ip: '10.0.0.1', targetRef: { kind: 'Pod', name: 'a' } }, { ip: '127.0.0.1' }],
        notReadyAddresses: [{ ip: '10.0.0.2' }],
        ports: [{ name: 'http', port: 80 }],
      },
      { addresses: null, ports: null },
    ],
  });
  assert.deepEqual(object.subsets, [
    {
      ready: [{ ip: '10.0.0.1', pod: 'a' }],
      notReady: [{ ip: '10.0.0.2' }],
      ports: [{ name: 'http', port: 80, protocol: 'TCP' }],
    },
    { ready: [], notReady: [], ports: [] },
  ]);
  assert.deepEqual(complaints, ['endpoint-address-refused subsets[0].addresses[1].ip']);
});
