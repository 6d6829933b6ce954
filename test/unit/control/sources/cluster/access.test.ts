import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';

import { FileCache } from '../../../../../src/control/sources/cluster/file-cache.ts';
import { openClusterAccess } from '../../../../../src/control/sources/cluster/kubeconfig.ts';
import { FakeTime } from '../../../../support/fake-time.ts';

/** Who we are to the API server, and where it is. */

function folderFor(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'fairway-access-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

function kubeconfigIn(folder: string, user: Record<string, unknown>, cluster: Record<string, unknown> = {}): string {
  const file = join(folder, 'config');
  const config = {
    'current-context': 'c',
    clusters: [{ name: 'k', cluster: { server: 'https://192.0.2.1:6443', ...cluster } }],
    users: [{ name: 'u', user }],
    contexts: [{ name: 'c', context: { cluster: 'k', user: 'u' } }],
  };
  writeFileSync(file, JSON.stringify(config));
  return file;
}

test('in a pod: address from the environment, token and authority from the service account', async (t) => {
  const root = folderFor(t);
  const account = join(root, 'var/run/secrets/kubernetes.io/serviceaccount');
  mkdirSync(account, { recursive: true });
  writeFileSync(join(account, 'token'), 'first\n');
  writeFileSync(join(account, 'ca.crt'), 'authority 1');
  // client-node reads these by itself.
  const before = { ...process.env };
  Object.assign(process.env, { KUBERNETES_SERVICE_HOST: '2001:db8::1', KUBERNETES_SERVICE_PORT: '443' });
  t.after(() => {
    delete process.env['KUBERNETES_SERVICE_HOST'];
    delete process.env['KUBERNETES_SERVICE_PORT'];
    Object.assign(process.env, before);
  });
  const time = new FakeTime();
  const access = openClusterAccess({ kubeconfig: '', apiserverHost: '' }, time, process.env, root);
  assert.equal(access.server.href, 'https://[2001:db8::1]/');
  const first = await access.credentials();
  assert.deepEqual(first.headers, { Authorization: 'Bearer first' });
  assert.equal(String(first.tls.ca), 'authority 1');

  writeFileSync(join(account, 'token'), 'second');
  assert.deepEqual((await access.credentials()).headers, first.headers);
  access.expire();
  const second = await access.credentials();
  assert.deepEqual(second.headers, { Authorization: 'Bearer second' });
  assert.equal(second.tls, first.tls, 'the same authority must keep its connections');

  writeFileSync(join(account, 'ca.crt'), 'authority 2');
  time.jump(60_001);
  const third = await access.credentials();
  assert.notEqual(third.tls, first.tls);
  assert.equal(String(third.tls.ca), 'authority 2');
});

test('a kubeconfig: every way to say who we are', async (t) => {
  const folder = folderFor(t);
  writeFileSync(join(folder, 'token'), ' from-file \n');
  const headersOf = async (user: Record<string, unknown>): Promise<unknown> => {
    const file = kubeconfigIn(folder, user);
    return (await openClusterAccess({ kubeconfig: file, apiserverHost: '' }, new FakeTime(), {}).credentials()).headers;
  };
  assert.deepEqual(await headersOf({}), {});
  assert.deepEqual(await headersOf({ token: 'abc' }), { Authorization: 'Bearer abc' });
  assert.deepEqual(await headersOf({ tokenFile: 'token' }), { Authorization: 'Bearer from-file' });
  assert.deepEqual(await headersOf({ username: 'a', password: 'b' }), { Authorization: 'Basic YTpi' });
  assert.deepEqual(await headersOf({ token: 'abc', as: 'somebody' }), {
    Authorization: 'Bearer abc',
    'Impersonate-User': 'somebody',
  });
  const credential = {
    apiVersion: 'client.authentication.k8s.io/v1',
    kind: 'ExecCredential',
    status: { token: 'plug' },
  };
  const exec = { apiVersion: credential.apiVersion, command: 'echo', args: [JSON.stringify(credential)] };
  assert.deepEqual(await headersOf({ exec }), { Authorization: 'Bearer plug' });
});

test('a kubeconfig: certificates from files and inline, server name, no verification', async (t) => {
  const folder = folderFor(t);
  writeFileSync(join(folder, 'ca.crt'), 'authority');
  writeFileSync(join(folder, 'client.crt'), 'certificate');
  const file = kubeconfigIn(
    folder,
    { 'client-certificate': 'client.crt', 'client-key-data': Buffer.from('key').toString('base64') },
    { 'certificate-authority': 'ca.crt', 'tls-server-name': 'kubernetes', 'insecure-skip-tls-verify': true },
  );
  const { tls } = await openClusterAccess({ kubeconfig: file, apiserverHost: '' }, new FakeTime(), {}).credentials();
  assert.deepEqual(
    { ...tls, ca: String(tls.ca), cert: String(tls.cert), key: String(tls.key) },
    { ca: 'authority', cert: 'certificate', key: 'key', servername: 'kubernetes', rejectUnauthorized: false },
  );
});

test('--apiserver-host replaces the address and needs no kubeconfig', async (t) => {
  const file = kubeconfigIn(folderFor(t), { token: 'abc' });
  const host = 'http://127.0.0.1:8001/k8s/clusters/c-1';
  const replaced = openClusterAccess({ kubeconfig: file, apiserverHost: host }, new FakeTime(), {});
  assert.equal(replaced.server.href, host);
  assert.deepEqual((await replaced.credentials()).headers, { Authorization: 'Bearer abc' });
  const alone = openClusterAccess({ kubeconfig: '', apiserverHost: host }, new FakeTime(), {});
  assert.deepEqual(await alone.credentials(), { headers: {}, tls: { rejectUnauthorized: false } });
});

test('what never will work is said: what, why and how to fix it', (t) => {
  const folder = folderFor(t);
  const empty = join(folder, 'empty');
  writeFileSync(empty, '');
  const text = join(folder, 'text');
  writeFileSync(text, '{{{');
  const open =
    (kubeconfig: string, apiserverHost = '') =>
    () =>
      openClusterAccess({ kubeconfig, apiserverHost }, new FakeTime(), {});
  const code = 'source-unavailable';
  assert.throws(open(''), { code, what: 'no API server is known', fix: /--manifests/ });
  assert.throws(open(join(folder, 'missing')), { code, why: /ENOENT/ });
  for (const file of [empty, text, folder])
    assert.throws(open(file), { code, what: `kubeconfig ${file} cannot be used` });
  for (const host of ['10.0.0.1:6443', 'ftp://x', 'https://', 'nonsense']) {
    assert.throws(open('', host), { code, why: `"${host}" is not an http or https address` });
  }
});

test('a file that cannot be read keeps its last content', async () => {
  const time = new FakeTime();
  let answer: Buffer | Error = Buffer.from('first');
  let reads = 0;
  const cache = new FileCache(time, async () => {
    reads += 1;
    if (answer instanceof Error) throw answer;
    return answer;
  });
  const read = async (): Promise<string> => (await cache.read('/token')).toString();
  assert.equal(await read(), 'first');
  assert.equal(await read(), 'first');
  assert.equal(reads, 1);
  answer = Object.assign(new Error('too many open files'), { code: 'EMFILE' });
  cache.expire();
  assert.deepEqual(await Promise.all([read(), read()]), ['first', 'first']);
  assert.equal(reads, 2);
  time.jump(4_000);
  await read();
  assert.equal(reads, 2, 'a file that cannot be read is not asked for at every request');
  answer = Buffer.from('second');
  time.jump(2_000);
  assert.equal(await read(), 'second');
  await assert.rejects(new FileCache(time, () => Promise.reject(new Error('missing'))).read('/never'), {
    message: 'missing',
  });
});

test('a current-context that is not there is named, with those that are', (t) => {
  const folder = folderFor(t);
  const file = kubeconfigIn(folder, {});
  writeFileSync(file, readFileSync(file, 'utf8').replace('"current-context":"c"', '"current-context":"prod"'));
  assert.throws(
    () => openClusterAccess({ kubeconfig: file, apiserverHost: '' }, new FakeTime(), {}),
    /its current-context "prod" is not among its contexts \(c\)/,
  );
});
