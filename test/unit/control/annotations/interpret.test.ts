import assert from 'node:assert/strict';
import { test } from 'node:test';

import { interpretAnnotations } from '../../../../src/control/annotations/interpret.ts';
import { guardingDirective } from '../../../../src/control/annotations/snippet-guards.ts';
import { defaultSettings } from '../../../../src/settings/table-access.ts';
import { ingress, rule } from '../../../support/compile-objects.ts';

const prefix = 'nginx.ingress.kubernetes.io';
const settings = defaultSettings();

function interpret(
  annotations: Readonly<Record<string, string>>,
  fields = settings,
): ReturnType<typeof interpretAnnotations> {
  const named = Object.entries(annotations).map(([key, value]) => [
    key.includes('/') ? key : `${prefix}/${key}`,
    value,
  ]);
  const rules = [rule('x.example.com', '/', 'cart')];
  return interpretAnnotations(ingress('cart', { annotations: Object.fromEntries(named), rules }), fields);
}

function codesOf(annotations: Readonly<Record<string, string>>): string[] {
  return interpret(annotations).diagnostics.map(({ code }) => code);
}

test('an Ingress without annotations of ours shares one interpretation, which holds the defaults', () => {
  assert.equal(interpret({}), interpret({ 'example.com/x': 'y' }));
  assert.deepEqual(interpret({}).meaning.route?.retry, { on: ['error', 'timeout'], tries: 3, timeoutMs: 0 });
});

test('another prefix can take the place of the compatible one, and fairway.dev is read always', () => {
  const other = { ...settings, annotationsPrefix: 'ingress.example.com' };
  const meaning = (key: string): unknown => interpret({ [`${key}/load-balance`]: 'ewma' }, other).meaning.upstream;
  assert.deepEqual(meaning('ingress.example.com'), { balancing: { algorithm: 'ewma' } });
  assert.deepEqual(meaning('fairway.dev'), { balancing: { algorithm: 'ewma' } });
  assert.deepEqual(meaning(prefix), {});
});

test('the compatible prefix may be the own one', () => {
  const own = { ...settings, annotationsPrefix: 'fairway.dev' };
  assert.deepEqual(interpret({ 'fairway.dev/load-balance': 'ewma' }, own).diagnostics, []);
});

test('what keeps requests out closes the Ingress', () => {
  for (const [key, value] of Object.entries({
    'auth-url': 'http://a',
    'auth-type': 'basic',
    'auth-secret': 'x',
    'auth-tls-secret': 'a/b',
    'auth-tls-match-cn': 'CN=x',
    'whitelist-source-range': '10.0.0.0/8',
    'allowlist-source-range': '0.0.0.0/0',
    'denylist-source-range': '10.0.0.1',
    'limit-rps': '1',
    'limit-rpm': 'many',
    'limit-connections': '1',
    'limit-rate': '1',
    'proxy-ssl-verify': 'on',
    'ssl-passthrough': 'true',
  })) {
    assert.equal(interpret({ [key]: value }).closedBy, `${prefix}/${key}`, key);
    assert.deepEqual(codesOf({ [key]: value }), ['guard-not-supported'], key);
  }
});

test('values that keep nobody out do not', () => {
  for (const [key, value] of Object.entries({
    'whitelist-source-range': ' 0.0.0.0/0 , ::/0 ',
    'limit-rps': '0',
    'proxy-ssl-verify': 'off',
    'ssl-passthrough': 'false',
    'auth-url': '',
  })) {
    assert.deepEqual(interpret({ [key]: value }).closedBy, '', key);
    assert.deepEqual(codesOf({ [key]: value }), [], key);
  }
});

test('snippets that keep requests out are told from others', () => {
  const cases: Readonly<Record<string, string | undefined>> = {
    'deny all;': 'deny',
    'location /x { return 403; }': 'return 403',
    'auth_request /auth;': 'auth_request',
    'if ($host = a) {return  401;}': 'return 401',
    'more_set_headers "X-A: deny";': undefined,
    'return 301 https://x;': undefined,
    'proxy_set_header X-Deny-All yes;': undefined,
    'SecRuleEngine On': 'SecRuleEngine On',
    'SecRuleEngine DetectionOnly': undefined,
  };
  for (const [text, expected] of Object.entries(cases)) assert.equal(guardingDirective(text), expected, text);
});

test('hostile texts cost linear time', () => {
  const hostile = ['return ', '$'.repeat(3), '{', ' ', 'deny', 'a,'].map((text) => text.repeat(200_000 / text.length));
  for (const text of hostile) {
    interpret({
      'server-snippet': text,
      'upstream-hash-by': text,
      'whitelist-source-range': text,
      'load-balance': text,
    });
  }
  const many = Object.fromEntries(Array.from({ length: 5_000 }, (_, at) => [`proxy-read-timeouts-${at}`, '1']));
  assert.equal(interpret(many).diagnostics.length, 5_000);
});

test('no value becomes part of a message without bounds or with line breaks', () => {
  for (const value of ['x'.repeat(1_000), 'a\nb', '\u2028', '\u001b[31m', '"; drop']) {
    for (const { what, why, fix } of interpret({ 'load-balance': value, affinity: value }).diagnostics) {
      for (const text of [what, why, fix]) assert.match(text, /^[\x20-\x7e…]{1,400}$/, text);
    }
  }
});
