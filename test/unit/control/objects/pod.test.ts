import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import { decodeAs } from '../../../support/decoding.ts';

function probe(readinessProbe: unknown) {
  const { object, complaints } = decodeAs('Pod', { spec: { containers: [{ name: 'web', readinessProbe }] } });
  return { probe: object.containers[0]?.readinessProbe, complaints };
}

suite('readiness probes', () => {
  test('defaults of the Kubernetes API', () => {
    const { probe: found, complaints } = probe({ httpGet: { port: 8080 } });
    assert.deepEqual(complaints, []);
    assert.deepEqual(found, {
      action: { kind: 'http', path: '/', port: 8080, scheme: 'http', headers: [], host: '' },
      periodSeconds: 10,
      timeoutSeconds: 1,
      successThreshold: 1,
      failureThreshold: 3,
      initialDelaySeconds: 0,
    });
  });

  test('everything written', () => {
    const { probe: found, complaints } = probe({
      httpGet: {
        path: 'health',
        port: 'web',
        scheme: 'HTTPS',
        host: '10.1.2.3',
        httpHeaders: [
          { name: 'Host', value: 'a' },
          { name: 'X-Y', value: ' b ' },
        ],
      },
      periodSeconds: 5,
      timeoutSeconds: 2,
      successThreshold: 3,
      failureThreshold: 4,
      initialDelaySeconds: 6,
    });
    assert.deepEqual(complaints, []);
    assert.deepEqual(found?.action, {
      kind: 'http',
      path: '/health',
      port: 'web',
      scheme: 'https',
      headers: ['Host', 'a', 'X-Y', 'b'],
      host: '10.1.2.3',
    });
    assert.deepEqual(
      [
        found?.periodSeconds,
        found?.timeoutSeconds,
        found?.successThreshold,
        found?.failureThreshold,
        found?.initialDelaySeconds,
      ],
      [5, 2, 3, 4, 6],
    );
  });

  test('TCP, gRPC and exec', () => {
    assert.deepEqual(probe({ tcpSocket: { port: '8080' } }).probe?.action, { kind: 'tcp', port: 8080, host: '' });
    assert.deepEqual(probe({ grpc: { port: 9000 } }).probe?.action, { kind: 'grpc', port: 9000, service: '' });
    assert.deepEqual(probe({ grpc: { port: 9000, service: 'x' } }).probe?.action, {
      kind: 'grpc',
      port: 9000,
      service: 'x',
    });
    assert.deepEqual(probe({ exec: { command: ['true'] } }).probe?.action, { kind: 'exec' });
    assert.deepEqual(probe({}), { probe: undefined, complaints: [] });
  });

  test('0 means the default, and nonsense means it too but is told', () => {
    assert.equal(probe({ exec: {}, periodSeconds: 0 }).probe?.periodSeconds, 10);
    for (const periodSeconds of [-1, 1e9, 1.5, '5', {}]) {
      const { probe: found, complaints } = probe({ exec: {}, periodSeconds });
      assert.equal(found?.periodSeconds, 10);
      assert.deepEqual(complaints, ['field-malformed spec.containers[0].readinessProbe.periodSeconds']);
    }
  });

  test('what cannot be put into a request makes the probe unusable', () => {
    for (const httpGet of [
      {},
      { port: 0 },
      { port: 'a b' },
      { port: 80, path: '/a b' },
      { port: 80, path: '/\r\nX: y' },
      { port: 80, scheme: 'ftp' },
      { port: {} },
    ]) {
      const { probe: found, complaints } = probe({ httpGet });
      assert.equal(found, undefined, JSON.stringify(httpGet));
      assert.ok(complaints.length > 0);
    }
    assert.equal(probe({ grpc: { port: 'named' } }).probe, undefined);
  });

  test('headers that would make other headers are left out', () => {
    const bad = [
      { name: 'A\r\nB', value: 'x' },
      { name: 'A', value: 'x\r\nB: y' },
      { name: '', value: 'x' },
      { name: 'A', value: 7 },
    ];
    const { probe: found, complaints } = probe({
      httpGet: { port: 80, httpHeaders: [...bad.slice(0, 3), { name: 'Good', value: 'x' }] },
    });
    assert.ok(found?.action.kind === 'http');
    assert.deepEqual(found.action.headers, ['Good', 'x']);
    assert.equal(complaints.length, 3);
  });
});

test('addresses, ports and sidecars', () => {
  const { object, complaints } = decodeAs('Pod', {
    spec: {
      containers: [
        {
          name: 'web',
          ports: [{ name: 'http', containerPort: 80 }, { containerPort: 0 }, { containerPort: 81, protocol: 'UDP' }],
        },
      ],
      initContainers: [
        { name: 'once', ports: [{ containerPort: 1 }] },
        { name: 'sidecar', restartPolicy: 'Always', ports: [{ containerPort: 2 }] },
      ],
    },
    status: { podIP: '10.0.0.1', podIPs: [{ ip: '10.0.0.1' }, { ip: '2001:DB8::1' }, { ip: '127.0.0.1' }] },
  });
  assert.deepEqual(object.ips, ['10.0.0.1', '2001:db8::1']);
  assert.deepEqual(object.containers, [
    {
      name: 'web',
      ports: [
        { name: 'http', containerPort: 80, protocol: 'TCP' },
        { name: '', containerPort: 81, protocol: 'UDP' },
      ],
    },
    { name: 'sidecar', ports: [{ name: '', containerPort: 2, protocol: 'TCP' }] },
  ]);
  assert.deepEqual(complaints, ['field-malformed spec.containers[0].ports[1].containerPort']);
});
