import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';

import type { Answer, AskOptions } from '../support/client.ts';
import { ask, cookieOf } from '../support/client.ts';
import { ingress, service, yaml } from '../support/manifests.ts';
import { startBackend } from '../support/named-backend.ts';
import type { Program } from '../support/program.ts';
import { startProgram } from '../support/program.ts';
import { until } from '../support/until.ts';

/** The cases of ingress-nginx' own end-to-end tests, `test/e2e/annotations/canary.go`, and what goes beyond them. */

type Annotations = Readonly<Record<string, string>>;

interface Shop {
  readonly program: Program;
  readonly get: (options?: Omit<AskOptions, 'port'>) => Promise<Answer>;
  /** Who answers, or the status when nobody does. */
  readonly who: (headers?: Annotations, options?: Omit<AskOptions, 'port'>) => Promise<string>;
  /** Answers of so many requests, by who gave them. */
  readonly shares: (count: number, options?: Omit<AskOptions, 'port'>) => Promise<Record<string, number>>;
}

/** Backends `main`, `next` and `third` behind Services of the same names, and what else is in the folder. */
async function shop(t: TestContext, files: Readonly<Record<string, string>>): Promise<Shop> {
  const backends = await Promise.all(['main', 'next', 'third'].map((name) => startBackend(t, name)));
  const services = yaml(...backends.flatMap(({ name, port }) => service(name, [{ port }])), ...service('empty', []));
  const program = await startProgram(t, { manifests: { 'services.yaml': services, ...files } });
  const get: Shop['get'] = (options) => ask({ ...options, port: program.httpPort });
  const who: Shop['who'] = async (headers = {}, options = {}) => {
    const answer = await get({ headers, ...options });
    return String(answer.headers['x-backend'] ?? answer.status);
  };
  const shares: Shop['shares'] = async (count, options) => {
    const counts: Record<string, number> = {};
    for (let at = 0; at < count; at += 1) {
      const name = await who({}, options);
      counts[name] = (counts[name] ?? 0) + 1;
    }
    return counts;
  };
  return { program, get, who, shares };
}

const main = yaml(ingress({ name: 'main', paths: { '/': 'main' } }));

function canary(annotations: Annotations, name = 'next', target = name): string {
  return yaml(ingress({ name, paths: { '/': target }, annotations: { canary: 'true', ...annotations } }));
}

test('a canary without the other Ingress serves nothing, not even as a catch-all', async (t) => {
  const catchAll = yaml(
    ingress({ name: 'all', host: '', paths: { '/': 'next' }, annotations: { canary: 'true', 'canary-weight': '100' } }),
  );
  const { who, program } = await shop(t, {
    'next.yaml': canary({ 'canary-by-header': 'X-Canary' }),
    'all.yaml': catchAll,
  });
  assert.equal(await who({ 'X-Canary': 'always' }), '404');
  assert.equal(await who({ 'X-Canary': 'always' }, { host: 'other.test' }), '404');
  const { text } = await program.admin('/diagnostics');
  assert.match(text, /canary-unattached/);
});

test('the canary may come before or after the Ingress, and either may change', async (t) => {
  const { who, program } = await shop(t, { 'next.yaml': canary({ 'canary-by-header': 'X-Canary' }) });
  program.write('main.yaml', main);
  await until(async () => ((await who()) === 'main' ? true : undefined));
  assert.equal(await who({ 'X-Canary': 'always' }), 'next');
  assert.equal(await who({ 'X-Canary': 'never' }), 'main');
  program.write(
    'main.yaml',
    yaml(ingress({ name: 'main', paths: { '/': 'main' }, annotations: { 'proxy-read-timeout': '9' } })),
  );
  program.write('next.yaml', canary({ 'canary-by-header': 'X-Other' }));
  await until(async () => ((await who({ 'X-Other': 'always' })) === 'next' ? true : undefined));
  assert.equal(await who({ 'X-Other': 'never' }), 'main');
  assert.equal(await who({ 'X-Canary': 'always' }), 'main');
  program.remove('next.yaml');
  await until(async () => ((await who({ 'X-Other': 'always' })) === 'main' ? true : undefined));
});

for (const { name, annotations, cases } of [
  {
    name: 'by header: always and never, and anything else says nothing',
    annotations: { 'canary-by-header': 'CanaryByHeader' },
    cases: [
      [{ canarybyheader: 'always' }, 'next'],
      [{ CanaryByHeader: 'never' }, 'main'],
      [{ CanaryByHeader: 'badheadervalue' }, 'main'],
      [{}, 'main'],
    ],
  },
  {
    name: 'by the value of a header, which takes their meaning from always and never',
    annotations: { 'canary-by-header': 'CanaryByHeader', 'canary-by-header-value': 'DoCanary' },
    cases: [
      [{ CanaryByHeader: 'DoCanary' }, 'next'],
      [{ CanaryByHeader: 'always' }, 'main'],
      [{ CanaryByHeader: 'never' }, 'main'],
      [{ CanaryByHeader: 'otherheadervalue' }, 'main'],
    ],
  },
  {
    name: 'by a pattern of a header',
    annotations: { 'canary-by-header': 'CanaryByHeader', 'canary-by-header-pattern': '^Do[A-Z][a-z]+y$' },
    cases: [
      [{ CanaryByHeader: 'DoCanary' }, 'next'],
      [{ CanaryByHeader: 'Docanary' }, 'main'],
    ],
  },
  {
    name: 'by value and pattern: the value alone',
    annotations: {
      'canary-by-header': 'CanaryByHeader',
      'canary-by-header-value': 'DoCanary',
      'canary-by-header-pattern': '^Do[A-Z][a-z]+y$',
    },
    cases: [
      [{ CanaryByHeader: 'DoCananry' }, 'main'],
      [{ CanaryByHeader: 'DoCanary' }, 'next'],
    ],
  },
  {
    name: 'by a pattern that is none: whoever sends the header stays',
    annotations: {
      'canary-by-header': 'CanaryByHeader',
      'canary-by-header-pattern': '[][**da?$&*',
      'canary-by-cookie': 'CanaryByCookie',
    },
    cases: [
      [{ CanaryByHeader: 'DoCanary', Cookie: 'CanaryByCookie=always' }, 'main'],
      [{ Cookie: 'CanaryByCookie=always' }, 'next'],
    ],
  },
  {
    name: 'by header value, then by cookie, then by weight',
    annotations: {
      'canary-by-header': 'CanaryByHeader',
      'canary-by-header-value': 'DoCanary',
      'canary-by-cookie': 'CanaryByCookie',
      'canary-weight': '100',
    },
    cases: [
      [{ CanaryByHeader: 'otherheadervalue', Cookie: 'CanaryByCookie=always' }, 'next'],
      [{ CanaryByHeader: 'otherheadervalue', Cookie: 'a=b; CanaryByCookie=never' }, 'main'],
      [{ CanaryByHeader: 'DoCanary', Cookie: 'CanaryByCookie=never' }, 'next'],
      [{ Cookie: 'CanaryByCookie=badcookievalue' }, 'next'],
    ],
  },
  {
    name: 'by weight: none, all, and all of another total',
    annotations: { 'canary-weight': '1000', 'canary-weight-total': '1000' },
    cases: [[{}, 'next']],
  },
] satisfies { name: string; annotations: Annotations; cases: [Annotations, string][] }[]) {
  test(name, async (t) => {
    const { who } = await shop(t, { 'main.yaml': main, 'next.yaml': canary(annotations) });
    for (const [headers, backend] of cases) {
      for (let at = 0; at < 5; at += 1) assert.equal(await who(headers), backend, JSON.stringify(headers));
    }
  });
}

test('weights: 0 takes nothing, 50 of 100 and 100 of 200 take half, 100 takes all; none of it costs a request', async (t) => {
  const { shares, who, program } = await shop(t, { 'main.yaml': main, 'next.yaml': canary({ 'canary-weight': '0' }) });
  assert.deepEqual(await shares(50), { main: 50 });
  for (const annotations of [{ 'canary-weight': '50' }, { 'canary-weight': '100', 'canary-weight-total': '200' }]) {
    program.write('next.yaml', canary({ 'canary-weight': '0' }));
    await until(async () => ((await shares(20))['next'] === undefined ? true : undefined));
    program.write('next.yaml', canary(annotations));
    await until(async () => ((await who()) === 'next' ? true : undefined));
    const { main: mainline = 0, next = 0 } = await shares(200);
    assert.equal(mainline + next, 200);
    assert.ok(mainline >= 60 && next >= 60, `${mainline} and ${next}`);
  }
  program.write('next.yaml', canary({ 'canary-weight': '100' }));
  await until(async () => ((await shares(20))['main'] === undefined ? true : undefined));
});

test('what is wrong has no effect and is said, and other annotations of a canary do not count', async (t) => {
  const { who, program } = await shop(t, {
    'main.yaml': main,
    'next.yaml': canary({ 'canary-weight': 'many', 'auth-url': 'http://auth.test/', 'canary-by-cookie': 'c' }),
  });
  assert.equal(await who(), 'main');
  assert.equal(await who({ Cookie: 'c=always' }), 'next', 'the guard closes nothing');
  const { text } = await program.admin('/diagnostics');
  assert.match(text, /annotation-invalid/);
  assert.match(text, /annotation-on-canary/);
});

test('without canary "true" it is an ordinary Ingress', async (t) => {
  const other = ingress({
    name: 'next',
    host: 'next.test',
    paths: { '/': 'next' },
    annotations: { 'canary-weight': '10' },
  });
  const { who, program } = await shop(t, { 'main.yaml': main, 'next.yaml': yaml(other) });
  assert.equal(await who({}, { host: 'next.test' }), 'next');
  assert.match((await program.admin('/diagnostics')).text, /canary is not/);
});

test('a canary without endpoints costs no request; an Ingress without endpoints does not stop its canary', async (t) => {
  const { who, program } = await shop(t, {
    'main.yaml': main,
    'empty.yaml': canary({ 'canary-weight': '100', 'canary-by-header': 'X-Canary' }, 'empty'),
  });
  for (let at = 0; at < 10; at += 1) assert.equal(await who({ 'X-Canary': 'always' }), 'main');
  program.remove('empty.yaml');
  program.write('main.yaml', yaml(ingress({ name: 'main', paths: { '/': 'empty' } })));
  program.write('next.yaml', canary({ 'canary-by-header': 'X-Canary' }));
  await until(async () => ((await who()) === '503' ? true : undefined));
  await until(async () => ((await who({ 'X-Canary': 'always' })) === 'next' ? true : undefined));
});

test('several paths, hosts of others and Services of nobody break nothing', async (t) => {
  const odd = ingress({
    name: 'odd',
    paths: { '/foo': 'nobody', '/bar': 'nobody' },
    annotations: { canary: 'true', 'canary-weight': '100' },
  });
  const { who } = await shop(t, { 'main.yaml': main, 'odd.yaml': yaml(odd) });
  assert.equal(await who({}, { path: '/foo' }), 'main');
});

test('several canaries share one rule, and a canary is bound to its rule', async (t) => {
  const files = (scope: string): Record<string, string> => ({
    'main.yaml': yaml(
      ingress({ name: 'main', paths: { '/': 'main', '/api': 'main' } }),
      ingress({ name: 'elsewhere', host: 'elsewhere.test', paths: { '/': 'main' } }),
    ),
    'next.yaml': canary({ 'canary-weight': '40', 'canary-by-header': 'X-Next', 'fairway.dev/canary-scope': scope }),
    'third.yaml': canary(
      { 'canary-weight': '40', 'canary-by-header': 'X-Third', 'fairway.dev/canary-scope': scope },
      'third',
    ),
  });
  const { who, shares, program } = await shop(t, files('rule'));
  assert.equal(await who({ 'X-Next': 'always' }), 'next');
  assert.equal(await who({ 'X-Third': 'always' }), 'third');
  const counts = await shares(300);
  for (const [name, least] of Object.entries({ main: 30, next: 80, third: 80 }))
    assert.ok((counts[name] ?? 0) >= least, `${name} got ${counts[name]}`);
  assert.equal(await who({ 'X-Next': 'always' }, { path: '/api' }), 'main');
  assert.deepEqual(await shares(30, { host: 'elsewhere.test' }), { main: 30 });
  assert.match((await program.admin('/diagnostics')).text, /canary-bound/);
  for (const [name, text] of Object.entries(files('service'))) program.write(name, text);
  await until(async () =>
    (await who({ 'X-Next': 'always' }, { host: 'elsewhere.test' })) === 'next' ? true : undefined,
  );
  assert.equal(await who({ 'X-Third': 'always' }, { path: '/api' }), 'third');
});

const affinity = { affinity: 'cookie', 'session-cookie-name': 'aff' };
const forced = { 'canary-by-header': 'ForceCanary', 'canary-by-header-value': 'yes', 'canary-weight': '1' };

for (const behavior of [{}, { 'affinity-canary-behavior': 'sticky' }]) {
  test(`a session that begins at the canary stays there ${JSON.stringify(behavior)}`, async (t) => {
    const { get, who } = await shop(t, {
      'main.yaml': yaml(ingress({ name: 'main', paths: { '/': 'main' }, annotations: affinity })),
      'next.yaml': canary({ ...forced, ...behavior }),
    });
    const first = await get({ headers: { ForceCanary: 'yes' } });
    assert.equal(first.headers['x-backend'], 'next');
    assert.match(cookieOf(first), /^aff=[^|]+\|[0-9a-f]{32}$/);
    for (let at = 0; at < 50; at += 1) assert.equal(await who({ Cookie: cookieOf(first) }), 'next');
    const other = await until(async () => {
      const answer = await get();
      return answer.headers['x-backend'] === 'main' ? answer : undefined;
    });
    for (let at = 0; at < 20; at += 1) assert.equal(await who({ Cookie: cookieOf(other), ForceCanary: 'yes' }), 'main');
  });
}

test('legacy: the canary begins no session, and each request without one is decided anew', async (t) => {
  const { get, shares } = await shop(t, {
    'main.yaml': yaml(ingress({ name: 'main', paths: { '/': 'main' }, annotations: affinity })),
    'next.yaml': canary({ ...forced, 'canary-weight': '50', 'affinity-canary-behavior': 'legacy' }),
  });
  const answer = await get({ headers: { ForceCanary: 'yes' } });
  assert.equal(answer.headers['x-backend'], 'next');
  assert.equal(cookieOf(answer), '');
  const { main: mainline = 0, next = 0 } = await shares(200);
  assert.ok(mainline >= 60 && next >= 60, `${mainline} and ${next}`);
});

test('metrics and access log name the canary beside the Ingress and Service of the rule', async (t) => {
  const { who, program } = await shop(t, {
    'main.yaml': main,
    'next.yaml': canary({ 'canary-by-header': 'X-Canary' }),
  });
  assert.equal(await who({ 'X-Canary': 'always' }, { path: '/of-canary' }), 'next');
  assert.equal(await who({}, { path: '/of-main' }), 'main');
  const line = await program.accessLog.next({ request_uri: '/of-canary' });
  assert.equal(line['proxy_alternative_upstream_name'], 'default-next-80');
  assert.deepEqual([line['ingress_name'], line['service_name']], ['main', 'main']);
  const other = await program.accessLog.next({ request_uri: '/of-main' });
  assert.equal(other['proxy_alternative_upstream_name'], undefined);
  const { text } = await program.admin('/metrics');
  const requests = text.split('\n').filter((one) => one.startsWith('nginx_ingress_controller_requests{'));
  for (const name of ['', 'default-next-80']) {
    const labels = [`canary="${name}"`, 'ingress="main"', 'service="main"', 'status="200"'];
    assert.ok(
      requests.some((one) => labels.every((label) => one.includes(label)) && one.endsWith(' 1')),
      requests.join('\n'),
    );
  }
});
