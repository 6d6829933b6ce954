import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';

import { openClusterAccess } from '../../src/control/sources/cluster/kubeconfig.ts';
import { systemClock } from '../../src/lib/clock.ts';
import type { FakeApiOptions, FakeRequest } from '../support/fake-api/fake-api.ts';
import { FakeApi, sendJson, sendStatus } from '../support/fake-api/fake-api.ts';
import type { OpenWatch } from '../support/fake-api/open-watch.ts';
import type { Harness, HarnessOptions } from '../support/fake-api/reflector-harness.ts';
import { follow, service } from '../support/fake-api/reflector-harness.ts';

/** All scenarios of a bad API server: what we hold equals what it holds at the end, and nothing is thrown. */

async function serverOf(t: TestContext, options: FakeApiOptions = {}, names: readonly string[] = ['a', 'b']) {
  const api = await new FakeApi(options).start();
  t.after(() => api.stop());
  for (const name of names) api.set('services', service(name));
  return api;
}

function followed(t: TestContext, api: FakeApi, options: HarnessOptions = {}): Harness {
  const harness = follow(api, options);
  t.after(() => harness.stop());
  return harness;
}

/** Synced, and with a watch that stands. */
async function watching(t: TestContext, api: FakeApi, options: HarnessOptions = {}): Promise<[Harness, OpenWatch]> {
  const harness = followed(t, api, options);
  await harness.mirror.until((mirror) => mirror.isSynced && api.openWatches('services').length > 0);
  const [watch] = api.openWatches('services');
  assert.ok(watch !== undefined);
  return [harness, watch];
}

const has = (name: string) => (mirror: { names(): string[] }) => mirror.names().includes(name);
const lacks = (name: string) => (mirror: { names(): string[] }) => !mirror.names().includes(name);

/** Lists, streamed or in pages. */
function lists(api: FakeApi): FakeRequest[] {
  return api.requests.filter(
    ({ verb, resource, query }) =>
      resource === 'services' && (verb === 'list' || query.get('sendInitialEvents') === 'true'),
  );
}

test('a first list is streamed inside the watch, and changes follow on the same connection', async (t) => {
  const api = await serverOf(t);
  const [{ mirror }] = await watching(t, api);
  assert.deepEqual(mirror.calls, ['set a uid-1', 'set b uid-2', 'synced']);
  api.set('services', service('c'));
  await mirror.until(has('c'));
  api.delete('services', 'shop', 'a');
  await mirror.until(lacks('a'));
  assert.equal(api.requests.length, 1);
  assert.equal(api.connections, 1);
});

test('a server that refuses to stream lists is listed in pages', async (t) => {
  const names = Array.from({ length: 35 }, (_, at) => `s${at}`);
  const api = await serverOf(t, { streamedLists: 'refused' }, names);
  const [{ mirror }] = await watching(t, api);
  assert.equal(mirror.names().length, 35);
  const pages = api.requests.filter(({ verb }) => verb === 'list');
  assert.deepEqual(
    pages.map(({ query }) => query.get('limit')),
    ['10', '10', '10', '10'],
  );
  api.set('services', service('late'));
  await mirror.until(has('late'));
});

test('a server that takes no notice of streamed lists is listed in pages after a silence', async (t) => {
  const api = await serverOf(t, { streamedLists: 'ignored' });
  const [{ mirror }] = await watching(t, api);
  assert.deepEqual(mirror.names(), ['a', 'b']);
  assert.equal(api.count('list', 'services'), 1);
});

test('reset of every watch: resumed from the last version, nothing lost, no second list', async (t) => {
  const api = await serverOf(t);
  const [{ mirror, metric }, watch] = await watching(t, api);
  const opened = api.nextWatch('services');
  watch.reset();
  api.set('services', service('meanwhile'));
  await opened;
  await mirror.until(has('meanwhile'));
  assert.equal(lists(api).length, 1);
  assert.equal(metric('fairway_reflector_failures_total', 'network'), 1);
});

test('503 at the start: synced by itself once the server recovers', async (t) => {
  const api = await serverOf(t);
  api.inject({ times: 3, act: (response) => sendStatus(response, 503, 'ServiceUnavailable') });
  const { mirror } = followed(t, api);
  await mirror.until(({ isSynced }) => isSynced);
  assert.deepEqual(mirror.names(), ['a', 'b']);
  assert.deepEqual(
    mirror.failures.map(({ status }) => status),
    [503, 503, 503],
  );
});

test('no server at the start: synced by itself once there is one', async (t) => {
  const api = await serverOf(t);
  await api.stop();
  const { mirror } = followed(t, api);
  await mirror.until(({ failures }) => failures.length >= 2);
  assert.equal(mirror.failures[0]?.reason, 'ECONNREFUSED');
  await api.start();
  await mirror.until(({ isSynced }) => isSynced);
});

test('a server that is away and comes back is resumed without a list', async (t) => {
  const api = await serverOf(t);
  const [{ mirror }] = await watching(t, api);
  await api.stop();
  await mirror.until(({ failures }) => failures.length >= 3);
  assert.deepEqual(mirror.names(), ['a', 'b']);
  api.set('services', service('while-away'));
  await api.start();
  await mirror.until(has('while-away'));
  assert.equal(lists(api).length, 1);
});

test('401: the token is read again at once, and the watch resumes', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'fairway-token-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'token');
  writeFileSync(file, 'first\n');
  const api = await serverOf(t, { tokens: ['first'] });
  const [{ mirror }, watch] = await watching(t, api, { access: accessWithToken(t, api, file) });
  api.tokens = ['second'];
  // As the kubelet does it: the new file takes the place of the old one.
  writeFileSync(`${file}.new`, 'second\n');
  renameSync(`${file}.new`, file);
  api.set('services', service('rotated'));
  watch.reset();
  await mirror.until(has('rotated'));
  assert.deepEqual(
    mirror.failures.filter(({ status }) => status === 401),
    [],
  );
  assert.equal(lists(api).length, 1);
});

test('a token that the server never accepts is a failure, and what is held stays', async (t) => {
  const api = await serverOf(t);
  const [{ mirror }, watch] = await watching(t, api);
  api.tokens = ['somebody-else'];
  watch.reset();
  await mirror.until(({ failures }) => failures.some(({ status }) => status === 401));
  assert.deepEqual(mirror.names(), ['a', 'b']);
  api.tokens = undefined;
  api.set('services', service('c'));
  await mirror.until(has('c'));
});

for (const status of [500, 403]) {
  test(`${status} on the watch: resumed without a list`, async (t) => {
    const api = await serverOf(t);
    const [{ mirror }, watch] = await watching(t, api);
    api.inject({ verb: 'watch', times: 2, act: (response) => sendStatus(response, status, 'Broken') });
    watch.reset();
    api.set('services', service('c'));
    await mirror.until(has('c'));
    assert.equal(lists(api).length, 1);
    assert.deepEqual(
      mirror.calls.filter((call) => call.startsWith('remove')),
      [],
    );
  });
}

test('an ERROR event that is not 410 resumes without a list', async (t) => {
  const api = await serverOf(t);
  const [{ mirror }, watch] = await watching(t, api);
  watch.error(500, 'InternalError', 'etcdserver: leader changed');
  api.set('services', service('c'));
  await mirror.until(has('c'));
  assert.equal(lists(api).length, 1);
  assert.equal(mirror.failures[0]?.message, 'etcdserver: leader changed');
});

test('objects that do not say who they are are skipped and counted; the next event counts', async (t) => {
  const api = await serverOf(t);
  const [{ mirror, metric }, watch] = await watching(t, api);
  for (const object of [null, {}, { metadata: null }, { metadata: { name: 7 } }, [], 'text']) {
    watch.send({ type: 'ADDED', object });
  }
  watch.send({ type: 'SURPRISE', object: {} });
  api.set('services', service('c'));
  await mirror.until(has('c'));
  assert.deepEqual(mirror.names(), ['a', 'b', 'c']);
  assert.equal(metric('fairway_reflector_events_total', 'bad'), 7);
  assert.equal(api.requests.length, 1);
});

test('half a line: resumed from the last version, nothing lost', async (t) => {
  const api = await serverOf(t);
  const [{ mirror }, watch] = await watching(t, api);
  watch.freeze();
  const cut = api.set('services', service('cut'));
  watch.cut({ type: 'ADDED', object: cut });
  await mirror.until(has('cut'));
  assert.equal(lists(api).length, 1);
});

const garbage: readonly (readonly [string, string])[] = [
  ['null', 'null\n'],
  ['a number', '7\n'],
  ['no type', '{"object":{}}\n'],
  ['not JSON', '<html>busy</html>\n'],
  ['bytes', '\u0000\u0001\ufffd{{{\n'],
  ['a line without end', 'x'.repeat(1_100_000)],
];
for (const [what, text] of garbage) {
  test(`a line that is no event (${what}): not skipped, but resumed from the last version`, async (t) => {
    const api = await serverOf(t);
    const [{ mirror, metric }, watch] = await watching(t, api);
    const opened = api.nextWatch('services');
    watch.raw(text);
    await opened;
    api.set('services', service('c'));
    await mirror.until(has('c'));
    assert.equal(lists(api).length, 1);
    assert.equal(metric('fairway_reflector_failures_total', 'line'), 1);
  });
}

test('one version that gives three bad lines is gone around by a list', async (t) => {
  const api = await serverOf(t);
  const [{ mirror }, watch] = await watching(t, api);
  api.on('watch', (next, { query }) => {
    if (query.get('sendInitialEvents') === null) next.raw('garbage\n');
  });
  watch.raw('garbage\n');
  api.set('services', service('c'));
  await mirror.until(() => lists(api).length === 2);
  await mirror.until(has('c'));
});

test('a handler that throws is contained', async (t) => {
  const api = await serverOf(t);
  const [{ mirror, log }] = await watching(t, api);
  mirror.throwing = 1;
  api.set('services', service('c'));
  api.set('services', service('d'));
  await mirror.until(has('d'));
  assert.equal(log.with({ level: 'error' }).length, 1);
  assert.equal(api.requests.length, 1);
});

for (const form of ['an ERROR event', 'an HTTP status'] as const) {
  test(`410 as ${form}: listed anew, only differences are passed on, delete and create are told apart`, async (t) => {
    const api = await serverOf(t, {}, ['a', 'b', 'c']);
    const [{ mirror, metric }, watch] = await watching(t, api);
    watch.freeze();
    api.delete('services', 'shop', 'a');
    api.set('services', service('a'));
    api.delete('services', 'shop', 'b');
    api.store.compact();
    mirror.calls.length = 0;
    if (form === 'an HTTP status') {
      api.inject({ verb: 'watch', times: 1, act: (response) => sendStatus(response, 410, 'Expired') });
    }
    watch.reset();
    await mirror.until(lacks('b'));
    await mirror.until(() => mirror.calls.length === 3);
    assert.deepEqual([...mirror.calls].sort(), ['remove a uid-1', 'remove b uid-2', 'set a uid-4']);
    assert.ok(mirror.calls.indexOf('remove a uid-1') < mirror.calls.indexOf('set a uid-4'));
    assert.equal(metric('fairway_reflector_failures_total', 'gone'), 1);
    assert.equal(lists(api).at(-1)?.query.get('resourceVersion'), null);
  });
}

test('410 again and again: lists back off, what is held is served meanwhile', async (t) => {
  const api = await serverOf(t);
  const [{ mirror }, watch] = await watching(t, api);
  let left = 4;
  api.on('watch', (next) => {
    if (left <= 0) return;
    left -= 1;
    next.error(410, 'Expired');
    next.end();
  });
  watch.error(410, 'Expired');
  await mirror.until(() => lists(api).length === 6);
  assert.deepEqual(mirror.names(), ['a', 'b']);
  const times = lists(api).map(({ at }) => at);
  const gaps = times.slice(1).map((at, index) => at - (times[index] ?? 0));
  // 20, 40, 80, 133, 133 ms, each ±50 %.
  assert.ok((gaps[4] ?? 0) > 60, `gaps ${gaps.map(Math.round).join(', ')}`);
  assert.deepEqual(mirror.calls, ['set a uid-1', 'set b uid-2', 'synced']);
});

test('an expired page token begins the list anew, at last without pages', async (t) => {
  const names = Array.from({ length: 25 }, (_, at) => `s${at}`);
  const api = await serverOf(t, { streamedLists: 'refused' }, names);
  api.inject({
    verb: 'list',
    when: ({ query }) => query.get('continue') !== null,
    act: (response) => sendStatus(response, 410, 'Expired'),
  });
  const { mirror } = followed(t, api);
  await mirror.until(({ isSynced }) => isSynced);
  assert.equal(mirror.names().length, 25);
  const limits = api.requests.filter(({ verb }) => verb === 'list').map(({ query }) => query.get('limit'));
  assert.deepEqual(limits, ['10', '10', '10', '10', '10', '10', '10', '10', null]);
});

test('a page that is cut in the middle is asked for again, alone', async (t) => {
  const names = Array.from({ length: 15 }, (_, at) => `s${at}`);
  const api = await serverOf(t, { streamedLists: 'refused' }, names);
  api.inject({
    verb: 'list',
    times: 1,
    when: ({ query }) => query.get('continue') !== null,
    act: (response, _request, socket) => {
      response.writeHead(200, { 'content-length': '1000' });
      response.write('{"items":[', () => socket.destroy());
    },
  });
  const { mirror } = followed(t, api);
  await mirror.until(({ isSynced }) => isSynced);
  assert.equal(mirror.names().length, 15);
  const tokens = api.requests.filter(({ verb }) => verb === 'list').map(({ query }) => query.get('continue') !== null);
  assert.deepEqual(tokens, [false, true, true]);
});

test('an answer that is not a list is a failure and never an empty list', async (t) => {
  const api = await serverOf(t, { streamedLists: 'refused' });
  const [{ mirror, reflector }] = await watching(t, api);
  const bodies = [{}, { items: 'no' }, { items: [] }, null, 7, { items: {}, metadata: { resourceVersion: '1' } }];
  for (const body of bodies) {
    api.inject({ verb: 'list', times: 1, act: (response) => sendJson(response, 200, body) });
  }
  const before = lists(api).length;
  reflector.relist();
  await mirror.until(() => lists(api).length >= before + bodies.length + 1);
  assert.deepEqual(
    mirror.calls.filter((call) => call.startsWith('remove')),
    [],
  );
  assert.deepEqual(mirror.names(), ['a', 'b']);
});

test('an empty list of Go is null', async (t) => {
  const api = await serverOf(t, { streamedLists: 'refused' }, []);
  api.inject({
    verb: 'list',
    times: 1,
    act: (response) => sendJson(response, 200, { metadata: { resourceVersion: '1000' }, items: null }),
  });
  const [{ mirror }] = await watching(t, api);
  api.set('services', service('first'));
  await mirror.until(has('first'));
});

test('a watch that falls silent after a bookmark is found and resumed', async (t) => {
  const api = await serverOf(t);
  const [{ mirror, metric }, watch] = await watching(t, api);
  watch.freeze();
  api.set('services', service('unheard'));
  await mirror.until(has('unheard'));
  assert.equal(metric('fairway_reflector_failures_total', 'stall'), 1);
  assert.equal(lists(api).length, 1);
});

test('bookmarks keep a quiet watch alive and move its version', async (t) => {
  const api = await serverOf(t);
  const [{ mirror, metric }, watch] = await watching(t, api);
  const timer = setInterval(() => watch.bookmark(api.store.version), 40);
  t.after(() => clearInterval(timer));
  api.set('configmaps', { metadata: { name: 'elsewhere', namespace: 'shop' } });
  const waited = once(AbortSignal.timeout(400), 'abort');
  await waited;
  assert.equal(api.requests.length, 1);
  // Without the bookmarks' version this would be 410.
  api.store.compact();
  watch.reset();
  api.set('services', service('c'));
  await mirror.until(has('c'));
  assert.equal(lists(api).length, 1);
  assert.ok(metric('fairway_reflector_bookmarks_total') >= 5);
});

test('a watch without bookmarks that outlives its time is ended by us', async (t) => {
  const api = await serverOf(t, { streamedLists: 'refused' });
  api.inject({
    verb: 'watch',
    times: 1,
    when: ({ query }) => query.get('resourceVersion') !== null,
    act: (response) => {
      response.writeHead(200);
      response.flushHeaders();
    },
  });
  const { mirror, metric } = followed(t, api, { timings: { watchSeconds: [0, 0], watchGraceMs: 120 } });
  await mirror.until(({ isSynced }) => isSynced);
  api.set('services', service('c'));
  await mirror.until(has('c'));
  assert.ok(metric('fairway_reflector_failures_total', 'stall') >= 1);
});

test('a watch that the server ends in order is opened again at once, on the same connection', async (t) => {
  const api = await serverOf(t);
  const [{ mirror, metric }, first] = await watching(t, api);
  let watch = first;
  for (let round = 0; round < 5; round += 1) {
    await once(AbortSignal.timeout(20), 'abort');
    const opened = api.nextWatch('services');
    watch.end();
    watch = await opened;
  }
  api.set('services', service('c'));
  await mirror.until(has('c'));
  assert.equal(api.connections, 1);
  assert.equal(metric('fairway_reflector_failures_total'), 0);
  assert.equal(lists(api).length, 1);
});

test('duplicates, deletions of strangers and repeated deletions change nothing', async (t) => {
  const api = await serverOf(t);
  const [{ mirror, metric }, watch] = await watching(t, api);
  const a = api.store.get('services', 'shop', 'a');
  watch.send({ type: 'MODIFIED', object: a });
  watch.send({ type: 'ADDED', object: a });
  watch.send({
    type: 'DELETED',
    object: { metadata: { name: 'x', namespace: 'shop', uid: 'u', resourceVersion: '5' } },
  });
  // Another object of the same name: a deletion that is not about ours.
  watch.send({
    type: 'DELETED',
    object: { metadata: { name: 'b', namespace: 'shop', uid: 'older', resourceVersion: '5' } },
  });
  api.set('services', service('c'));
  await mirror.until(has('c'));
  assert.deepEqual(mirror.calls, ['set a uid-1', 'set b uid-2', 'synced', 'set c uid-3']);
  assert.equal(metric('fairway_reflector_events_total', 'ignored'), 4);
});

test('an event with an old version is dropped when versions may be compared', async (t) => {
  const api = await serverOf(t);
  const [{ mirror, metric }, watch] = await watching(t, api, { compareVersions: true });
  const old = api.store.get('services', 'shop', 'a');
  api.set('services', service('a', 81));
  watch.send({ type: 'MODIFIED', object: old });
  api.set('services', service('c'));
  await mirror.until(has('c'));
  assert.equal(mirror.objects.get('a')?.resourceVersion, '1003');
  assert.equal(metric('fairway_reflector_events_total', 'stale'), 1);
});

test('an event with an old version is repaired by the next self-check when versions are not compared', async (t) => {
  const api = await serverOf(t);
  const [{ mirror }, watch] = await watching(t, api, { timings: { selfCheckMs: 100 } });
  const old = api.store.get('services', 'shop', 'a');
  api.set('services', service('a', 81));
  watch.send({ type: 'MODIFIED', object: old });
  await mirror.until(({ objects }) => objects.get('a')?.resourceVersion === '1001');
  await mirror.until(({ objects }) => objects.get('a')?.resourceVersion === '1003');
});

test('a list that hangs is given up after its deadline; only one request is under way', async (t) => {
  const api = await serverOf(t);
  api.inject({ times: 2, act: () => {} });
  const { mirror } = followed(t, api);
  await mirror.until(({ isSynced }) => isSynced);
  assert.deepEqual(
    mirror.failures.map(({ failure }) => failure),
    ['timeout', 'timeout'],
  );
  const times = api.requests.map(({ at }) => at);
  assert.ok((times[1] ?? 0) - (times[0] ?? 0) >= 290, 'the second request came before the first was given up');
});

test('a page that drips is given up after its deadline', async (t) => {
  const api = await serverOf(t, { streamedLists: 'refused' });
  api.inject({
    verb: 'list',
    times: 1,
    act: (response) => {
      response.writeHead(200);
      const timer = setInterval(() => response.write(' '), 50);
      response.once('close', () => clearInterval(timer));
    },
  });
  const { mirror } = followed(t, api);
  await mirror.until(({ isSynced }) => isSynced);
  assert.match(mirror.failures[0]?.message ?? '', /no complete answer from http:\/\/127\.0\.0\.1:\d+ within 0\.8 s/);
});

test('429 with Retry-After is waited for', async (t) => {
  const api = await serverOf(t);
  api.inject({
    times: 1,
    act: (response) => sendStatus(response, 429, 'TooManyRequests', 'slow down', { 'retry-after': '1' }),
  });
  const { mirror } = followed(t, api);
  await mirror.until(({ isSynced }) => isSynced);
  const [first, second] = api.requests.map(({ at }) => at);
  assert.ok((second ?? 0) - (first ?? 0) >= 990);
});

test('a list without most of the objects waits for a second one', async (t) => {
  const names = Array.from({ length: 30 }, (_, at) => `s${at}`);
  const api = await serverOf(t, {}, names);
  const [{ mirror, reflector, metric, log }] = await watching(t, api);
  api.inject({
    verb: 'watch',
    times: 1,
    act: (response) => {
      response.writeHead(200);
      const end = { metadata: { resourceVersion: '5', annotations: { 'k8s.io/initial-events-end': 'true' } } };
      response.write(`${JSON.stringify({ type: 'BOOKMARK', object: end })}\n`);
    },
  });
  mirror.calls.length = 0;
  reflector.relist();
  const opened = api.nextWatch('services');
  await opened;
  assert.deepEqual(mirror.calls, []);
  assert.equal(mirror.names().length, 30);
  assert.equal(metric('fairway_reflector_held_deletions_total'), 1);
  assert.equal(log.with({ level: 'warn', held: 30 }).length, 1);
});

test('a list without most of the objects counts when a second one confirms it', async (t) => {
  const names = Array.from({ length: 30 }, (_, at) => `s${at}`);
  const api = await serverOf(t, {}, names);
  const [{ mirror, metric }, watch] = await watching(t, api);
  watch.freeze();
  for (const name of names.slice(5)) api.delete('services', 'shop', name);
  api.store.compact();
  watch.reset();
  await mirror.until((one) => one.names().length === 5);
  assert.equal(metric('fairway_reflector_held_deletions_total'), 1);
  const [confirmation] = api.requests.filter(({ verb }) => verb === 'list');
  assert.equal(confirmation?.query.get('resourceVersion'), null);
});

test('a lost event is found by the self-check and repaired by a list', async (t) => {
  const api = await serverOf(t);
  const [{ mirror, metric, log }, watch] = await watching(t, api, {
    timings: { selfCheckMs: 100, silenceMs: 60_000 },
  });
  watch.freeze();
  api.set('services', service('lost'));
  await mirror.until(has('lost'));
  assert.equal(metric('fairway_reflector_divergences_total'), 1);
  assert.equal(log.with({ level: 'warn', differences: 1 }).length, 1);
  const check = api.requests.find(({ accept }) => accept.includes('PartialObjectMetadataList'));
  assert.equal(check?.verb, 'list');
});

test('a self-check under constant change finds nothing', async (t) => {
  const api = await serverOf(t);
  const [{ mirror, metric }] = await watching(t, api, { timings: { selfCheckMs: 40, selfCheckConfirmMs: 10 } });
  let round = 0;
  const timer = setInterval(() => api.set('services', service(`s${(round += 1) % 7}`, round)), 2);
  t.after(() => clearInterval(timer));
  const checks = (): number => api.requests.filter(({ accept }) => accept.includes('Partial')).length;
  await mirror.until(() => checks() >= 6);
  assert.equal(metric('fairway_reflector_divergences_total'), 0);
});

test('a server that was restored from a backup is listed anew', async (t) => {
  const api = await serverOf(t);
  const [{ mirror }, watch] = await watching(t, api);
  watch.bookmark(9_000_000);
  watch.freeze();
  api.set('services', service('restored'));
  watch.end();
  await mirror.until(has('restored'));
  assert.equal(lists(api).length, 2);
});

test('a version that the server cannot read is listed around', async (t) => {
  const api = await serverOf(t);
  const [{ mirror }, watch] = await watching(t, api);
  watch.send({ type: 'BOOKMARK', object: { metadata: { resourceVersion: 'nonsense' } } });
  watch.freeze();
  api.set('services', service('c'));
  watch.end();
  await mirror.until(() => lists(api).length === 2);
  await mirror.until(has('c'));
});

test('fifty lists in pages use few connections', async (t) => {
  const names = Array.from({ length: 25 }, (_, at) => `s${at}`);
  const api = await serverOf(t, { streamedLists: 'refused' }, names);
  const [{ mirror, reflector }] = await watching(t, api);
  for (let round = 0; round < 50; round += 1) {
    const before = api.count('list', 'services');
    reflector.relist();
    await mirror.until(() => api.count('list', 'services') >= before + 3);
    await mirror.until(() => api.openWatches('services').length > 0);
  }
  assert.ok(api.count('list', 'services') >= 150);
  // One for pages; an aborted watch takes its own connection with it.
  assert.ok(api.connections <= 60, `${api.connections} connections`);
});

function accessWithToken(t: TestContext, api: FakeApi, tokenFile: string) {
  const folder = mkdtempSync(join(tmpdir(), 'fairway-kubeconfig-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'config.json');
  const config = {
    'current-context': 'c',
    clusters: [{ name: 'k', cluster: { server: api.url } }],
    users: [{ name: 'u', user: { tokenFile } }],
    contexts: [{ name: 'c', context: { cluster: 'k', user: 'u' } }],
  };
  writeFileSync(file, JSON.stringify(config));
  return openClusterAccess({ kubeconfig: file, apiserverHost: '' }, systemClock, {});
}
