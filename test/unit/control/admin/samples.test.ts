import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import { Collector } from '../../../../src/control/admin/collector.ts';
import { configHash } from '../../../../src/control/admin/config-hash.ts';
import { derivedMetrics, derivedSamples } from '../../../../src/control/admin/derived-samples.ts';
import { metricsText } from '../../../../src/control/admin/metrics-text.ts';
import type { MetricSample } from '../../../../src/model/metric-sample.ts';
import {
  certificateOf,
  compilationOf,
  endpointOf,
  healthOf,
  hostOf,
  routeOf,
  snapshotOf,
  upstreamOf,
  viewOf,
  wellFixture,
  workerOf,
} from '../../../support/admin-view.ts';

function linesOf(samples: readonly MetricSample[], metric: string): string[] {
  return samples
    .filter((sample) => sample.metric === metric)
    .map((sample) => `${sample.labels.join(' ')}: ${sample.values.join(' ')}`);
}

suite('derived metrics', () => {
  test('cover what they say they cover', () => {
    const fixture = wellFixture();
    const certificate = certificateOf('shop/cart-tls', ['shop.example']);
    const upstream = upstreamOf('cart', [endpointOf(1), endpointOf(2), endpointOf(3)]);
    const host = hostOf('shop.example', [routeOf('shop.example', '/')], certificate);
    fixture.compilation = compilationOf(snapshotOf([host], [upstream], [certificate]));
    fixture.health = new Map([
      [
        upstream.id,
        healthOf([
          [endpointOf(1), 'healthy', 'HTTP 200'],
          [endpointOf(2), 'unhealthy', 'HTTP 503'],
        ]),
      ],
    ]);
    fixture.state = {
      ...wellFixture().state,
      phase: 'lameduck',
      workers: [workerOf(0, 101), workerOf(1, 0)],
      listeners: [],
      deaths: { exit: 2 },
      supervisorRssBytes: 45_000_000,
      controlRestarts: 1,
      crashLooping: false,
    };
    const samples = derivedSamples(viewOf(fixture), 90);
    assert.deepEqual(new Set(samples.map((sample) => sample.metric)), new Set(derivedMetrics));
    const end = certificate.notAfter;
    assert.deepEqual(linesOf(samples, 'nginx_ingress_controller_ssl_expire_time_seconds'), [
      `shop fairway.dev/ingress-controller shop.example cart-tls -12345: ${end}`,
    ]);
    assert.deepEqual(linesOf(samples, 'nginx_ingress_controller_ssl_certificate_info'), [
      'shop fairway.dev/ingress-controller shop.example cart-tls -12345 Example CA R3 12345 ECDSA: 1',
    ]);
    assert.deepEqual(linesOf(samples, 'fairway_endpoint_healthy'), [
      'shop cart 10.0.0.1:8080: 1',
      'shop cart 10.0.0.2:8080: 0',
    ]);
    assert.deepEqual(linesOf(samples, 'fairway_process_resident_memory_bytes'), [
      'supervisor: 45000000',
      'control: 90',
      'worker-0: 80000000',
    ]);
    assert.deepEqual(linesOf(samples, 'fairway_drain_phase'), [
      'starting: 0',
      'serving: 0',
      'lameduck: 1',
      'draining: 0',
    ]);
    assert.deepEqual(linesOf(samples, 'fairway_worker_deaths_total'), ['exit: 2']);
  });

  test('say when certificates end on the leader only', () => {
    const fixture = wellFixture();
    const certificate = certificateOf('shop/cart-tls', ['shop.example']);
    fixture.compilation = compilationOf(snapshotOf([hostOf('shop.example', [], certificate)], [], [certificate]));
    fixture.leadership = { isLeader: false, lease: 'fairway-leader', holder: 'fairway-1' };
    const samples = derivedSamples(viewOf(fixture), 0);
    assert.deepEqual(linesOf(samples, 'nginx_ingress_controller_ssl_expire_time_seconds'), []);
    assert.deepEqual(linesOf(samples, 'nginx_ingress_controller_leader_election_status'), ['fairway-leader: 0']);
    fixture.leadership = { isLeader: false, lease: '', holder: '' };
    const alone = derivedSamples(viewOf(fixture), 0);
    assert.equal(linesOf(alone, 'nginx_ingress_controller_ssl_expire_time_seconds').length, 1);
    assert.deepEqual(linesOf(alone, 'nginx_ingress_controller_leader_election_status'), []);
  });
});

test('endpoints are counted by state, and those that are out say why', () => {
  const fixture = wellFixture();
  const all = [1, 2, 3, 4].map((last) => endpointOf(last));
  const [one = endpointOf(1), two = endpointOf(2), three = endpointOf(3)] = all;
  const cart = upstreamOf('cart', [...all, endpointOf(5, 'draining')]);
  const shop = upstreamOf('shop', [one, two]);
  const none = upstreamOf('none', []);
  fixture.compilation = compilationOf(snapshotOf([], [cart, shop, none]));
  const fails = (endpoint: typeof one) => [endpoint, 'unhealthy', 'HTTP 503'] as const;
  fixture.health = new Map([
    [cart.id, healthOf([fails(one), [two, 'healthy', 'HTTP 200']])],
    [shop.id, healthOf([fails(one), fails(two)], true)],
  ]);
  fixture.ejections = new Map([
    [one.id, { reason: 'refused', since: 0, until: 0, times: 1 }],
    [three.id, { reason: 'failure-rate', since: 0, until: 0, times: 1 }],
  ]);
  const samples = derivedSamples(viewOf(fixture), 0);
  assert.deepEqual(linesOf(samples, 'fairway_endpoints'), [
    'shop cart 80 ready: 2',
    'shop cart 80 unhealthy: 1',
    'shop cart 80 ejected: 1',
    'shop cart 80 draining: 1',
    'shop shop 80 ready: 0',
    'shop shop 80 ejected: 1',
    'shop shop 80 ignored: 1',
    'shop none 80 ready: 0',
  ]);
  assert.deepEqual(linesOf(samples, 'fairway_endpoint_out'), [
    'shop cart 10.0.0.1:8080 check-failure: 1',
    'shop cart 10.0.0.3:8080 failure-rate: 1',
    'shop shop 10.0.0.1:8080 refused: 1',
  ]);
});

test('the default certificate of the operator has an end under the host _, the self-signed one has none', () => {
  const fixture = wellFixture();
  const given = certificateOf('ops/default-tls', ['*.example']);
  const made = certificateOf('default', ['ingress.local']);
  const endsOf = (id: typeof given.id): string[] => {
    const snapshot = snapshotOf([hostOf('shop.example', [])], [], [given, made]);
    fixture.compilation = compilationOf({ ...snapshot, options: { ...snapshot.options, defaultCertificate: id } });
    return linesOf(derivedSamples(viewOf(fixture), 0), 'nginx_ingress_controller_ssl_expire_time_seconds');
  };
  assert.deepEqual(endsOf(given.id), [`ops fairway.dev/ingress-controller _ default-tls -12345: ${given.notAfter}`]);
  assert.deepEqual(endsOf(made.id), []);
});

suite('the config hash', () => {
  const own = certificateOf('default', ['fairway.local']);
  const shop = hostOf('shop.example', [routeOf('shop.example', '/')]);
  const cart = upstreamOf('cart', [endpointOf(1)]);
  const snapshot = snapshotOf([shop, hostOf('a.example', [])], [cart]);

  test('is equal on replicas that are in step', () => {
    const other = structuredClone({ ...snapshot, version: 99, certificates: new Map([[own.id, own]]) });
    const options = { ...other.options, defaultCertificate: own.id };
    const reversed = new Map([...other.virtualHosts].toReversed());
    assert.equal(configHash({ ...other, options, virtualHosts: reversed }), configHash(snapshot));
    assert.ok(Number.isSafeInteger(configHash(snapshot)));
  });

  test('differs when anything is served differently', () => {
    const certificate = certificateOf('shop/tls', ['shop.example']);
    const others = [
      snapshotOf([shop], [cart]),
      snapshotOf([shop, hostOf('a.example', [])], [upstreamOf('cart', [endpointOf(2)])]),
      snapshotOf([shop, hostOf('a.example', [])], [cart], [certificate]),
      { ...snapshot, options: { ...snapshot.options, hsts: '' } },
      { ...snapshot, options: { ...snapshot.options, defaultCertificate: certificate.id } },
    ];
    const hashes = [snapshot, ...others].map((one) => configHash(one));
    assert.equal(new Set(hashes).size, hashes.length);
  });
});

async function textOf(...parameters: Parameters<typeof metricsText>): Promise<string> {
  return Buffer.concat([...(await metricsText(...parameters))]).toString();
}

suite('the text of the metrics', () => {
  function collectorWith(samples: readonly MetricSample[]): Collector {
    const collector: Collector = new Collector({
      ask: (request) => collector.received({ request, index: 0, pid: 101, samples }),
      alive: () => [101],
      deadlineMs: 1_000,
    });
    return collector;
  }
  const request = (namespace: string, ingress: string): MetricSample => ({
    metric: 'nginx_ingress_controller_requests',
    labels: ['shop.example', '200', 'GET', '/', namespace, ingress, 'cart', ''],
    values: [1],
  });

  test('shows series of Ingresses that are there, and of requests that no route took', async () => {
    const fixture = wellFixture();
    const samples = [request('shop', 'cart'), request('shop', 'gone'), request('other', 'cart'), request('', '')];
    const text = await textOf(viewOf(fixture), collectorWith(samples));
    const names = [...text.matchAll(/^nginx_ingress_controller_requests\{.*namespace="(\w*)",ingress="(\w*)"/gm)];
    assert.deepEqual(
      names.map((match) => `${match[1]}/${match[2]}`),
      ['shop/cart', '/'],
    );
  });

  test('has what the control process counts, once', async () => {
    const fixture = wellFixture();
    fixture.counters.series('nginx_ingress_controller_success', []).add(3);
    fixture.counters.series('fairway_control_restarts_total', []).add(3);
    const text = await textOf(viewOf(fixture), collectorWith([]));
    assert.match(text, /^nginx_ingress_controller_success\{.*\} 3$/m);
    assert.match(text, /^fairway_control_restarts_total 0$/m);
    assert.match(text, /^nginx_ingress_controller_config_hash\{.*\} \d+$/m);
  });
});
