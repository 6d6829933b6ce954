import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { RouteLabels } from '../../../../src/model/policy.ts';
import { defaultProxyOptions } from '../../../../src/model/proxy-options.ts';
import { Exchange } from '../../../../src/proxy/exchange/exchange.ts';
import { count, routeCounts } from '../../../../src/proxy/filters/count.ts';
import type { FilterEnvironment, RequestLabels } from '../../../../src/proxy/filters/filter.ts';
import type { Counters } from '../../../../src/telemetry/counters.ts';
import { createCounters } from '../../../../src/telemetry/counters.ts';
import { canaryOf } from '../../../support/canaries.ts';

const labels: RouteLabels = {
  namespace: 'shop',
  ingress: 'web',
  service: 'cart',
  servicePort: '80',
  path: '/cart',
  host: 'h.test',
};

function exchangeWith(method: string, status: number, tries = 1): Exchange {
  const exchange = new Exchange(
    {
      method,
      target: '/cart/1',
      httpVersion: '1.1',
      headers: [],
      host: 'H.TEST:8080',
      peerAddress: '192.0.2.1',
      peerPort: 1,
      localPort: 80,
      secure: false,
      serverName: '',
      upgrade: false,
    },
    1_000,
  );
  exchange.status = status;
  exchange.bytesReceived = 80;
  exchange.bytesSent = 1_500;
  [exchange.connectMs, exchange.headerMs, exchange.upstreamMs] = [1, 20, 200];
  const one = { endpoint: '10.0.0.1:80', status, bytes: 1, durationMs: 200 };
  exchange.tries = Array.from({ length: tries }, () => one);
  return exchange;
}

function counted(exchanges: readonly Exchange[], requestLabels?: RequestLabels, routeLabels = labels): Counters {
  const counters = createCounters({ timeBuckets: [0.1, 1], lengthBuckets: [100], sizeBuckets: [1000] });
  const environment: FilterEnvironment = {
    clock: { now: () => 1_500, wall: () => 0 },
    random: () => 0,
    counters,
    options: defaultProxyOptions,
    httpDate: () => '',
    accessLog: () => undefined,
    ...(requestLabels === undefined ? {} : { requestLabels }),
  };
  const hooks = count.create({}, environment);
  const counts = routeCounts(routeLabels, environment);
  for (const exchange of exchanges) {
    exchange.counts = counts;
    hooks?.finish?.(exchange);
  }
  return counters;
}

function labelsOf(counters: Counters): readonly (readonly string[])[] {
  const samples = counters.samples().filter((one) => one.metric === 'nginx_ingress_controller_requests');
  return samples.map((one) => one.labels);
}

test('one exchange is counted in all eight metrics, with the labels of its rule', () => {
  const counters = counted([exchangeWith('GET', 200)]);
  const values = Object.fromEntries(counters.samples().map((one) => [one.metric, one.values]));
  assert.deepEqual(labelsOf(counters), [['h.test', '200', 'GET', '/cart', 'shop', 'web', 'cart', '']]);
  assert.deepEqual(values['nginx_ingress_controller_requests'], [1]);
  assert.deepEqual(values['nginx_ingress_controller_request_duration_seconds'], [0, 1, 0, 0.5]);
  assert.deepEqual(values['nginx_ingress_controller_response_duration_seconds'], [0, 1, 0, 0.2]);
  assert.deepEqual(values['nginx_ingress_controller_header_duration_seconds'], [1, 0, 0, 0.02]);
  assert.deepEqual(values['nginx_ingress_controller_connect_duration_seconds'], [1, 0, 0, 0.001]);
  assert.deepEqual(values['nginx_ingress_controller_request_size'], [1, 0, 80]);
  assert.deepEqual(values['nginx_ingress_controller_response_size'], [0, 1, 1500]);
  assert.deepEqual(values['nginx_ingress_controller_bytes_sent'], [0, 1, 1500]);
});

test('what a canary took is counted with the labels of the rule, and its name', () => {
  const taken = exchangeWith('GET', 200);
  taken.canary = canaryOf('next');
  const counters = counted([exchangeWith('GET', 200), taken, taken]);
  assert.deepEqual(labelsOf(counters), [
    ['h.test', '200', 'GET', '/cart', 'shop', 'web', 'cart', ''],
    ['h.test', '200', 'GET', '/cart', 'shop', 'web', 'cart', 'shop-next-80'],
  ]);
});

test('methods that nobody knows share one label', () => {
  const methods = ['GET', 'BREW', 'PROPFIND', 'get', '__proto__'];
  const counters = counted(methods.map((method) => exchangeWith(method, 200)));
  assert.deepEqual(
    labelsOf(counters).map((one) => one[2]),
    ['GET', 'other'],
  );
});

test('status classes and hosts are shown as the settings say', () => {
  const exchanges = [exchangeWith('GET', 200), exchangeWith('GET', 204), exchangeWith('GET', 404)];
  const counters = counted(exchanges, { perHost: false, statusClasses: true });
  assert.deepEqual(
    labelsOf(counters).map((one) => one.slice(0, 2)),
    [
      ['', '2xx'],
      ['', '4xx'],
    ],
  );
});

test('exchanges with several tries, or none, have no times of the upstream', () => {
  const local = exchangeWith('GET', 308, 0);
  [local.connectMs, local.headerMs, local.upstreamMs] = [-1, -1, -1];
  const samples = counted([exchangeWith('GET', 200, 2), local]).samples();
  const sums = samples.filter((one) => one.metric.endsWith('header_duration_seconds'));
  assert.ok(sums.every((one) => one.values.every((value) => value === 0)));
});

test('requests that no Ingress takes are not counted', () => {
  const none = { namespace: '', ingress: '', service: '', servicePort: '', path: '', host: '' };
  assert.deepEqual(labelsOf(counted([exchangeWith('GET', 404)], undefined, none)), []);
});
