import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import { knownKeys } from '../../../src/settings/config-map-keys.ts';
import { effectiveSettings } from '../../../src/settings/config-map.ts';
import { describeProblem } from '../../../src/settings/problem.ts';
import { allSettings, defaultSettings } from '../../../src/settings/table-access.ts';

const base = defaultSettings();

function said(data: Record<string, string>): string[] {
  return effectiveSettings(base, data).problems.map((one) => `${one.severity} ${describeProblem(one)}`);
}

test('keys set settings, and the rest stays', () => {
  const { settings, problems } = effectiveSettings(base, {
    'keep-alive': '10',
    'ssl-redirect': 'false',
    'load-balance': 'ewma',
    'no-tls-redirect-locations': '/a,/b',
    'disable-access-log': 'true',
  });
  assert.deepEqual(problems, []);
  assert.deepEqual(settings, {
    ...base,
    keepAliveMs: 10_000,
    sslRedirect: false,
    loadBalance: 'ewma',
    noTlsRedirectLocations: ['/a', '/b'],
    accessLog: false,
  });
});

test('nothing to apply gives the same object', () => {
  assert.equal(effectiveSettings(base, {}).settings, base);
  assert.equal(effectiveSettings(base, { nonsense: '1' }).settings, base);
});

test('a wrong value leaves the setting as it was', () => {
  assert.deepEqual(said({ 'keep-alive': 'long' }), [
    'error keep-alive is not as written: "long" is not a number of seconds. ' +
      'It takes seconds from 0 to 86400, for example 60 or 60s.',
  ]);
  assert.match(said({ 'ssl-protocols': 'TLSv1.1 TLSv1.2' })[0] ?? '', /"TLSv1.1" is not TLSv1.2 or TLSv1.3/);
  assert.match(said({ 'disable-access-log': 'maybe' })[0] ?? '', /neither true nor false/);
  assert.equal(effectiveSettings(base, { 'keep-alive': 'long' }).settings, base);
});

test('an unknown key names the right one', () => {
  assert.match(said({ 'keep-alives': '1' })[0] ?? '', /^warning keep-alives is not a key.*did you mean keep-alive\./);
  assert.match(said({ 'proxy-body-sizes': '1' })[0] ?? '', /did you mean proxy-body-size\./);
  assert.match(said({ constructor: '1' })[0] ?? '', /not a key/);
});

test('a key that protects and is not supported is an error, others are less', () => {
  assert.match(
    said({ 'whitelist-source-range': '10.0.0.0/8' })[0] ?? '',
    /^error whitelist-source-range has no effect/,
  );
  assert.match(
    said({ 'http-snippet': 'x' })[0] ?? '',
    /^warning http-snippet has no effect.*never becomes program text/,
  );
  assert.match(said({ 'use-gzip': 'true' })[0] ?? '', /^warning use-gzip has no effect/);
  assert.match(said({ 'reuse-port': 'false' })[0] ?? '', /^info reuse-port has no effect/);
});

test('a value that asks for nothing is not worth a word', () => {
  const nothing = {
    'allow-snippet-annotations': 'false',
    'enable-modsecurity': 'false',
    'generate-request-id': 'true',
    'hide-headers': '',
    'limit-rate': '0',
    'use-gzip': ' false',
    'use-http2': 'false',
  };
  assert.deepEqual(said(nothing), []);
  assert.deepEqual(
    said({ 'generate-request-id': 'false', 'ssl-reject-handshake': 'true', 'use-http2': 'true' }).map((text) =>
      text.slice(0, text.indexOf(' has no effect')),
    ),
    ['info generate-request-id', 'error ssl-reject-handshake', 'warning use-http2'],
  );
});

test('what the supervisor reads at the start is named with its flag', () => {
  assert.match(said({ 'worker-processes': '4' })[0] ?? '', /^warning worker-processes.*Set --workers=4/);
  assert.deepEqual(said({ 'worker-processes': 'auto', 'worker-shutdown-timeout': '240s' }), []);
});

test('problems come in the order of the keys', () => {
  const one = said({ b: '1', a: '1' });
  assert.deepEqual(one, said({ a: '1', b: '1' }));
});

test('every key of ingress-nginx is known', () => {
  const keys = readFileSync(new URL('ingress-nginx-config-map-keys.txt', import.meta.url), 'utf8')
    .trim()
    .split('\n');
  assert.equal(keys.length, 208);
  assert.deepEqual(
    keys.filter((key) => said({ [key]: '0' }).some((text) => text.includes('is not a key'))),
    [],
  );
  const settingKeys = allSettings().flatMap(([, definition]) => definition.configMapKey ?? []);
  assert.deepEqual(
    settingKeys.filter((key) => knownKeys.has(key)),
    [],
  );
});
