import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { suite, test } from 'node:test';
import type { TestContext } from 'node:test';

import { mostRows } from '../../../../src/control/admin/pages/index-table.ts';
import { createAdmin } from '../../../../src/control/admin/server.ts';
import type { Admin } from '../../../../src/control/admin/server.ts';
import { adminPages } from '../../../../src/control/admin/table.ts';
import type { Diagnostic } from '../../../../src/model/diagnostic.ts';
import {
  certificateOf,
  compilationOf,
  endpointOf,
  healthOf,
  hostOf,
  routeOf,
  snapshotOf,
  startedAt,
  upstreamOf,
  viewOf,
  wellFixture,
} from '../../../support/admin-view.ts';
import type { ViewFixture } from '../../../support/admin-view.ts';

interface Page {
  readonly status: number;
  readonly text: string;
  readonly headers: Headers;
}

interface Running {
  readonly admin: Admin;
  readonly port: number;
  readonly fixture: ViewFixture;
  readonly clock: { now: number };
  readonly warnings: string[];
  readonly get: (path: string, method?: string) => Promise<Page>;
}

/** The admin listener on a port of its own, over a view that the test changes as it likes. */
async function start(t: TestContext, fixture: ViewFixture = wellFixture()): Promise<Running> {
  const clock = { now: 0 };
  const warnings: string[] = [];
  const admin = createAdmin({
    view: viewOf(fixture),
    clock: { now: () => clock.now, wall: () => startedAt + 3_600_000 },
    log: { info: () => {}, warn: (_fields, message) => warnings.push(message) },
  });
  fixture.askWorkers = (request) => {
    for (const [index, pid] of [101, 102].entries()) admin.collected({ request, index, pid, samples: [] });
  };
  const port = await admin.listen({ host: '127.0.0.1', port: 0 });
  t.after(() => admin.close());
  const get = async (path: string, method = 'GET'): Promise<Page> => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { method });
    return { status: response.status, text: await response.text(), headers: response.headers };
  };
  return { admin, port, fixture, clock, warnings, get };
}

suite('probes', () => {
  test('answer 200 when all is served', async (t) => {
    const { get } = await start(t);
    for (const path of ['/livez', '/readyz', '/healthz']) {
      const { status, text } = await get(path);
      assert.deepEqual([status, text], [200, 'ok\n'], path);
    }
  });

  test('/readyz gives its reasons and /livez does not care', async (t) => {
    const { get, fixture } = await start(t);
    assert.ok(fixture.state);
    fixture.state = { ...fixture.state, phase: 'starting' };
    fixture.waitingFor = ['Ingresses are not listed yet', 'Services are not listed yet'];
    assert.deepEqual(await get('/readyz').then(({ status, text }) => [status, text]), [
      503,
      'Ingresses are not listed yet\nServices are not listed yet\nlisteners are not bound yet\n',
    ]);
    assert.equal((await get('/livez')).status, 200);
    assert.equal((await get('/healthz')).status, 200);
  });

  test('/readyz and /healthz answer 503 from the first moment of a shutdown', async (t) => {
    const { get, fixture } = await start(t);
    assert.ok(fixture.state);
    for (const phase of ['lameduck', 'draining'] as const) {
      fixture.state = { ...fixture.state, phase };
      assert.equal((await get('/readyz')).status, 503);
      assert.equal((await get('/healthz')).status, 503);
      assert.equal((await get('/livez')).status, 200);
    }
  });
});

suite('the listener', () => {
  test('only reads', async (t) => {
    const { get } = await start(t);
    for (const { path } of adminPages) {
      for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS']) {
        const { status, headers } = await get(path, method);
        assert.deepEqual([status, headers.get('allow')], [405, 'GET, HEAD'], `${method} ${path}`);
      }
    }
  });

  test('answers HEAD without a body', async (t) => {
    const { get } = await start(t);
    for (const { path } of adminPages) {
      const { status, text, headers } = await get(path, 'HEAD');
      assert.deepEqual([status, text], [200, ''], path);
      assert.ok(Number(headers.get('content-length')) > 0, path);
    }
  });

  test('says what there is when a path is unknown', async (t) => {
    const { get } = await start(t);
    const { status, text } = await get('/shutdown');
    assert.equal(status, 404);
    for (const { path } of adminPages) assert.ok(text.includes(path));
  });

  test('does not look at the host', async (t) => {
    const { port } = await start(t);
    const socket = connect(port, '127.0.0.1');
    socket.end('GET /livez HTTP/1.1\r\nHost: anything.example:1\r\nConnection: close\r\n\r\n');
    assert.match(await textOf(socket), /^HTTP\/1\.1 200 OK\r\n/);
  });

  test('survives what is not HTTP', async (t) => {
    const { port, get } = await start(t);
    for (const bytes of [
      '\x16\x03\x01\x02\0',
      'GET http://[::1 HTTP/1.1\r\nHost: x\r\n\r\n',
      'CONNECT x:1 HTTP/1.1\r\n\r\n',
    ]) {
      const socket = connect(port, '127.0.0.1');
      socket.end(bytes);
      await textOf(socket);
    }
    assert.equal((await get('/livez')).status, 200);
  });

  test('lets a probe in however many connections do nothing', async (t) => {
    const { port, get } = await start(t);
    const began = performance.now();
    const sockets: Socket[] = [];
    for (let count = 0; count < 100; count += 1) {
      const socket = connect(port, '127.0.0.1');
      socket.on('error', () => {}).resume();
      t.after(() => socket.destroy());
      await once(socket, 'connect');
      sockets.push(socket);
    }
    assert.equal((await get('/readyz')).status, 200);
    // The oldest made room at once; without that only the limit on silence (5 s) would end them.
    for (const socket of sockets.slice(0, 36)) if (!socket.closed) await once(socket, 'close');
    assert.ok(performance.now() - began < 4_000);
    assert.equal(sockets.at(-1)?.closed, false);
  });

  test('answers 500 when a page has a bug, says so in the log, and goes on', async (t) => {
    const { get, fixture, warnings } = await start(t);
    Object.defineProperty(fixture, 'compilation', {
      get: () => {
        throw new Error('secret text');
      },
    });
    const { status, text } = await get('/');
    assert.equal(status, 500);
    assert.doesNotMatch(text, /secret/);
    assert.deepEqual(warnings, ['an admin page failed']);
    assert.equal((await get('/livez')).status, 200);
  });
});

suite('/metrics', () => {
  /** Two workers that answer when asked; counts how often they are. */
  function answering(running: Running): { asked: number } {
    const counted = { asked: 0 };
    running.fixture.askWorkers = (request) => {
      counted.asked += 1;
      for (const [index, pid] of [101, 102].entries()) {
        setImmediate(() => running.admin.collected({ request, index, pid, samples: [requestsSample(index + 1)] }));
      }
    };
    return counted;
  }

  const requestsSample = (value: number) => ({
    metric: 'nginx_ingress_controller_requests',
    labels: ['shop.example', '200', 'GET', '/', 'shop', 'cart', 'cart', ''],
    values: [value],
  });

  test('shows the sum of all workers in the text format', async (t) => {
    const running = await start(t);
    answering(running);
    const { status, text, headers } = await running.get('/metrics');
    assert.equal(status, 200);
    assert.equal(headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8');
    assert.match(text, /^# TYPE nginx_ingress_controller_requests counter$/m);
    assert.match(text, /^nginx_ingress_controller_requests\{.*ingress="cart".*\} 3$/m);
    for (const line of text.split('\n')) {
      assert.match(line, /^(?:|# (?:HELP|TYPE) .+|[a-z_]+(?:\{(?:[a-z_]+="[^"\n]*",?)+\})? \S+)$/);
    }
  });

  test('collects at most once a second, however many ask', async (t) => {
    const running = await start(t);
    const counted = answering(running);
    const texts = await Promise.all(Array.from({ length: 50 }, () => running.get('/metrics')));
    assert.equal(counted.asked, 1);
    assert.equal(new Set(texts.map(({ text }) => text)).size, 1);
    running.clock.now += 999;
    await running.get('/metrics');
    assert.equal(counted.asked, 1);
    running.clock.now += 1;
    await running.get('/metrics');
    assert.equal(counted.asked, 2);
  });

  test('answers with what is there when a worker hangs', async (t) => {
    const running = await start(t);
    running.fixture.askWorkers = (request) =>
      running.admin.collected({ request, index: 0, pid: 101, samples: [requestsSample(5)] });
    const { text } = await running.get('/metrics');
    assert.match(text, /^nginx_ingress_controller_requests\{.*\} 5$/m);
  });

  test('is not served when it is off', async (t) => {
    const running = await start(t);
    running.fixture.settings = { ...running.fixture.settings, enableMetrics: false };
    assert.equal((await running.get('/metrics')).status, 404);
  });
});

suite('/snapshot and /diagnostics', () => {
  test('show everything but private keys', async (t) => {
    const running = await start(t);
    const certificate = certificateOf('shop/cart-tls', ['shop.example']);
    const host = hostOf('shop.example', [routeOf('shop.example', '/')], certificate);
    running.fixture.compilation = compilationOf(
      snapshotOf([host], [upstreamOf('cart', [endpointOf(1)])], [certificate]),
    );
    const { text } = await running.get('/snapshot');
    const parsed: unknown = JSON.parse(text);
    assert.deepEqual(pick(parsed, 'certificates', certificate.id, 'keyPem'), '[redacted]');
    assert.deepEqual(pick(parsed, 'virtualHosts', 'shop.example', 'routes', '0', 'match', 'path'), '/');
    for (const { path } of adminPages) {
      assert.doesNotMatch((await running.get(path)).text, /PRIVATE KEY|very secret/, path);
    }
  });

  test('show diagnostics and states as data', async (t) => {
    const running = await start(t);
    running.fixture.compilation = compilationOf(snapshotOf([]), [diagnosticOf('cart')]);
    const upstream = upstreamOf('cart', [endpointOf(1)]);
    running.fixture.health = new Map([[upstream.id, healthOf([[endpointOf(1), 'unhealthy', 'HTTP 503']], true)]]);
    const parsed: unknown = JSON.parse((await running.get('/diagnostics')).text);
    assert.equal(pick(parsed, 'diagnostics', '0', 'code'), 'service-missing');
    assert.deepEqual(pick(parsed, 'healthChecksIgnored'), [upstream.id]);
  });
});

suite('the index page', () => {
  test('shows routes, endpoints with health and why, certificates, diagnostics and processes', async (t) => {
    const running = await start(t);
    const certificate = certificateOf('shop/cart-tls', ['shop.example', 'www.shop.example']);
    const endpoints = [endpointOf(1), endpointOf(2), endpointOf(3), endpointOf(4, 'draining'), endpointOf(5)];
    const upstream = upstreamOf('cart', endpoints);
    const host = hostOf('shop.example', [routeOf('shop.example', '/basket')], certificate);
    running.fixture.compilation = compilationOf(snapshotOf([host], [upstream], [certificate]), [diagnosticOf('cart')]);
    running.fixture.health = new Map([
      [
        upstream.id,
        healthOf([
          [endpointOf(1), 'healthy', 'HTTP 200'],
          [endpointOf(2), 'unhealthy', 'HTTP 503'],
          [endpointOf(3), 'unknown', ''],
        ]),
      ],
    ]);
    const { status, text } = await running.get('/');
    assert.equal(status, 200);
    for (const expected of [
      'shop.example',
      '/basket',
      'shop/cart:80',
      '10.0.0.2:8080',
      'HTTP 503 (3 in a row)',
      'HTTP 200, 1 h ago',
      '<b>4</b><span>of 5 endpoints in use',
      'cart-2',
      'not checked',
      'terminates: no new requests while another one is ready',
      'www.shop.example',
      'CN=R3, O=Example CA',
      'The Service is missing, named <code>cart</code>: nobody created it.',
      'Create it',
      'worker 1',
      '80 MB',
      'this one (fairway-leader)',
      'up 1 h',
    ]) {
      assert.ok(text.includes(expected), expected);
    }
    assert.ok(text.indexOf('10.0.0.2:8080') < text.indexOf('10.0.0.1:8080'), 'what is out comes first');
  });

  test('says when the checks of an upstream are ignored', async (t) => {
    const running = await start(t);
    const upstream = upstreamOf('cart', [endpointOf(1)]);
    running.fixture.compilation = compilationOf(snapshotOf([], [upstream]));
    running.fixture.health = new Map([[upstream.id, healthOf([[endpointOf(1), 'unhealthy', 'HTTP 503']], true)]]);
    const { text } = await running.get('/');
    assert.match(text, /fails, ignored/);
    assert.match(text, /<b>1<\/b><span>of 1 endpoints in use/);
  });

  test('has a style that its own policy allows', async (t) => {
    const running = await start(t);
    const { text, headers } = await running.get('/');
    const style = /<style>([^<]*)<\/style>/.exec(text)?.[1] ?? '';
    const hash = createHash('sha256').update(style).digest('base64');
    assert.ok(headers.get('content-security-policy')?.includes(`style-src 'sha256-${hash}'`));
  });

  test('is readable before anything is known', async (t) => {
    const running = await start(t);
    running.fixture.compilation = undefined;
    running.fixture.state = undefined;
    const { status, text } = await running.get('/');
    assert.equal(status, 200);
    assert.match(text, /no report from the supervisor yet/);
  });

  test('makes no markup of what tenants write', async (t) => {
    const running = await start(t);
    const bad = `"><script>alert(1)</script><img src=x onerror='a'>`;
    const route = routeOf(bad, bad, bad, bad);
    const upstream = upstreamOf(bad, [{ ...endpointOf(1), pod: { kind: 'Pod', namespace: bad, name: bad } }]);
    const certificate = { ...certificateOf(bad, [bad]), issuer: bad };
    running.fixture.compilation = compilationOf(snapshotOf([hostOf(bad, [route])], [upstream], [certificate]), [
      { ...diagnosticOf(bad), field: bad, what: bad, why: bad, fix: bad },
    ]);
    running.fixture.health = new Map([[upstream.id, healthOf([[endpointOf(1), 'unhealthy', bad]])]]);
    const { text, headers } = await running.get(`/?q=${encodeURIComponent('"><script>')}`);
    assert.ok(text.includes('&quot;&gt;&lt;script&gt;'));
    assert.doesNotMatch(text, /<script|<img|onerror='/i);
    const policy = headers.get('content-security-policy') ?? '';
    assert.match(policy, /^default-src 'none'; style-src 'sha256-/);
    assert.doesNotMatch(policy, /unsafe/);
    assert.equal(headers.get('x-content-type-options'), 'nosniff');
  });

  test('stays small with 5 000 routes and finds the one that is asked for', async (t) => {
    const running = await start(t);
    const hosts = Array.from({ length: 5_000 }, (_, at) =>
      hostOf(`host-${at}.example`, [routeOf(`host-${at}.example`, '/', `ingress-${at}`)]),
    );
    running.fixture.compilation = compilationOf(snapshotOf(hosts));
    const all = await running.get('/');
    assert.ok(all.text.length < 200_000, `${all.text.length} bytes`);
    assert.equal(all.text.split('<tr>').length - 1 < mostRows + 30, true);
    assert.match(all.text, /4800 more are hidden/);
    const found = await running.get('/?q=HOST-4321.');
    assert.match(found.text, /host-4321\.example/);
    assert.doesNotMatch(found.text, /host-4320\.example/);
    assert.match(found.text, /1 of 5000/);
  });

  test('adds up what the data workers hold, and asks them at most once a second', async (t) => {
    const running = await start(t);
    const endpoint = endpointOf(1);
    running.fixture.compilation = compilationOf(snapshotOf([], [upstreamOf('cart', [endpoint])]));
    let asked = 0;
    running.fixture.askWorkers = (request) => {
      asked += 1;
      for (const [index, pid] of [101, 102].entries()) {
        const labels = ['shop', 'cart', endpoint.id];
        const sample = { metric: 'fairway_endpoint_in_flight', labels, values: [20 * asked + index] };
        setImmediate(() => running.admin.collected({ request, index, pid, samples: [sample, sample] }));
      }
    };
    const shows = async (number: number): Promise<void> =>
      assert.match((await running.get('/')).text, new RegExp(`<td class="w">${number}</td>`));
    await Promise.all(Array.from({ length: 20 }, () => shows(82)));
    await running.get('/metrics');
    assert.equal(asked, 2);
    running.clock.now += 999;
    await shows(82);
    running.clock.now += 1;
    await shows(242);
    assert.equal(asked, 3);
  });

  test('comes without the numbers of workers that hang', async (t) => {
    const running = await start(t);
    running.fixture.askWorkers = () => {};
    assert.equal((await running.get('/')).status, 200);
  });
});

function diagnosticOf(ingress: string): Diagnostic {
  return {
    code: 'service-missing',
    severity: 'error',
    object: { kind: 'Ingress', namespace: 'shop', name: ingress },
    field: 'spec.rules[0].http.paths[0].backend',
    what: 'The Service is missing, named `cart`',
    why: 'nobody created it',
    fix: 'Create it.',
  };
}

function pick(value: unknown, ...path: readonly string[]): unknown {
  let at = value;
  for (const name of path) at = typeof at === 'object' && at !== null ? Reflect.get(at, name) : undefined;
  return at;
}

async function textOf(socket: Socket): Promise<string> {
  let text = '';
  socket.setEncoding('utf8');
  socket.on('data', (chunk: string) => (text += chunk));
  socket.on('error', () => {});
  await once(socket, 'close');
  return text;
}
