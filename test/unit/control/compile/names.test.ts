import assert from 'node:assert/strict';
import { test } from 'node:test';

import { checkExternalName } from '../../../../src/control/compile/external-names.ts';
import { namesCover, wildcardCovers, wildcardOf } from '../../../../src/control/compile/hosts.ts';
import { canonicalPath, literalPrefix } from '../../../../src/control/compile/paths.ts';
import { normaliseRulePath } from '../../../../src/proxy/routing/normalise-path.ts';

test('a wildcard stands for one label', () => {
  assert.equal(wildcardCovers('*.example.com', 'a.example.com'), true);
  assert.equal(wildcardCovers('*.example.com', 'a.b.example.com'), false);
  assert.equal(wildcardCovers('*.example.com', 'example.com'), false);
  assert.equal(wildcardCovers('*.example.com', '*.example.com'), true);
  assert.equal(wildcardCovers('*.com', 'example.com'), true);
  assert.equal(wildcardOf('localhost'), undefined);
  assert.equal(wildcardOf('*'), undefined);
});

test('a certificate is for a host by one of its names', () => {
  assert.equal(namesCover(['a.test', '*.b.test'], 'x.b.test'), true);
  assert.equal(namesCover(['a.test'], '*.test'), false);
  assert.equal(namesCover([], 'a.test'), false);
});

test('paths come in the form in which requests have them', () => {
  assert.equal(canonicalPath('/a b/ü'), '/a%20b/%C3%BC');
  assert.equal(canonicalPath('/%7eme/%2f'), '/~me/%2F');
  assert.equal(canonicalPath('/a//b'), undefined);
  assert.equal(canonicalPath('/a/..'), undefined);
  assert.equal(canonicalPath('/..a/.well-known'), '/..a/.well-known');
  assert.equal(canonicalPath('/100%'), undefined);
  assert.equal(canonicalPath('/a\\b'), undefined);
});

test('the worker reads a canonical path as it is', () => {
  for (const path of ['/', '/a b', '/%41%c3%a9', '/ü/%2F', '/a~b']) {
    const canonical = canonicalPath(path) ?? '';
    assert.equal(normaliseRulePath(canonical), canonical);
    assert.equal(normaliseRulePath(path), canonical);
  }
});

test('a pattern is closed by what it begins with', () => {
  assert.equal(literalPrefix('/plain/path.html'), undefined);
  assert.equal(literalPrefix('/api(/|$)(.*)'), '/api');
  assert.equal(literalPrefix('/foo.+'), '/foo');
  assert.equal(literalPrefix('/colou?r'), '/colo');
  assert.equal(literalPrefix('/(.*)'), '/');
  assert.equal(literalPrefix('/*'), '/');
  assert.equal(literalPrefix('/a|/b'), '/');
});

test('names outside of the cluster come back absolute', () => {
  for (const name of [
    'api.example.net',
    'API.Example.Net.',
    'a_b.example.net',
    'svc.example.net',
    'x.svc.example.net',
  ]) {
    const check = checkExternalName(name, 'shop');
    assert.equal(check.kind === 'name' && check.absolute, `${name.toLowerCase().replace(/\.$/, '')}.`);
  }
});

test('names that a tenant must not reach are refused', () => {
  for (const name of [
    '',
    '.',
    'localhost',
    'foo.localhost',
    'intranet',
    '127.0.0.1',
    '0x7f.1',
    '10.1',
    '[::1]',
    'fd00::1',
    'db.bank.svc.cluster.local',
    'db.bank.svc',
    'db.bank.svc.cluster.internal.',
    '10-0-0-1.bank.pod.cluster.local',
    'pod-0.db.bank.svc.cluster.local',
    'any.cluster.local',
    'a..b',
    'a b.example.net',
    'exa\nmple.net',
    `${'a'.repeat(64)}.example.net`,
  ]) {
    assert.equal(checkExternalName(name, 'shop').kind, 'refused', name);
  }
});

test('names of the own namespace are not', () => {
  for (const name of ['db.shop.svc.cluster.local', 'pod-0.db.shop.svc.cluster.local']) {
    assert.equal(checkExternalName(name, 'shop').kind, 'name', name);
  }
});
