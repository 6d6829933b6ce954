import assert from 'node:assert/strict';
import { test } from 'node:test';

import { mirrorHost, mirrorTarget } from '../../../../src/control/annotations/mirror-kinds.ts';
import type { ValueKind } from '../../../../src/control/annotations/value-kind.ts';
import {
  anyCaseChoice,
  choice,
  cookieSeconds,
  decimal,
  duration,
  flag,
  hashText,
  retryConditions,
  seconds,
  wholeNumber,
} from '../../../../src/control/annotations/value-kind.ts';

/** What each text becomes; undefined is refused. */
function check<T>(kind: ValueKind<T>, cases: readonly (readonly [string, T | undefined])[]): void {
  for (const [text, expected] of cases) {
    const result = kind.parse(text);
    assert.deepEqual(result.ok ? result.value : undefined, expected, text);
  }
}

test('booleans are those of Go', () => {
  check(flag(), [
    ['true', true],
    ['T', true],
    ['0', false],
    ['yes', undefined],
    ['on', undefined],
    ['tRUE', undefined],
  ]);
});

test('seconds are whole numbers without a unit, milliseconds inside, and never more than timers can hold', () => {
  check(seconds(1), [
    ['60', 60_000],
    ['+5', 5_000],
    ['99999999', 2_147_483_000],
    ['30s', undefined],
    ['0', undefined],
    ['-1', undefined],
    ['1.5', undefined],
    ['9'.repeat(20), undefined],
  ]);
});

test('whole numbers stay between their bounds', () => {
  check(wholeNumber(0, 10), [
    ['0', 0],
    ['10', 10],
    ['11', undefined],
    ['', undefined],
    ['1 0', undefined],
  ]);
});

test('seconds of cookies may be negative, and have no leading zero', () => {
  check(cookieSeconds(), [
    ['0', 0],
    ['-1', -1],
    ['3600', 3600],
    ['007', undefined],
    ['1h', undefined],
  ]);
});

test('choices are exact unless case does not matter', () => {
  check(choice(['on', 'off'], { yes: 'on' }), [
    ['on', 'on'],
    ['yes', 'on'],
    ['ON', undefined],
    ['constructor', undefined],
  ]);
  check(anyCaseChoice(['None', 'Lax']), [
    ['nONE', 'None'],
    ['lax', 'Lax'],
    ['maybe', undefined],
  ]);
});

test('a refusal names the value as it was written, and what was meant', () => {
  const result = anyCaseChoice(['HTTP', 'HTTPS']).parse('Htps');
  assert.deepEqual(result, { ok: false, why: '"Htps" is not a value of it; did you mean HTTPS' });
});

test('texts that are hashed hold known variables and few characters', () => {
  check(hashText(), [
    ['$request_uri', '$request_uri'],
    ['$remote_addr $http_x_tenant', '$remote_addr$http_x_tenant'],
    ['${cookie_id}-x', '${cookie_id}-x'],
    ['false', 'false'],
    ['$tenant', undefined],
    ['$', undefined],
    ['${', undefined],
    ['a;b', undefined],
  ]);
});

test('conditions of retries are those of nginx, and off is none', () => {
  check(retryConditions(), [
    ['error  timeout', ['error', 'timeout']],
    ['off', []],
    ['error off', []],
    ['errors', undefined],
  ]);
});

test('durations have a unit, or are seconds', () => {
  check(duration(100, 3_600_000), [
    ['30s', 30_000],
    ['500ms', 500],
    ['1m', 60_000],
    ['1h', 3_600_000],
    ['2', 2000],
    ['99ms', undefined],
    ['2h', undefined],
    ['-1s', undefined],
    ['1.5s', undefined],
    ['1d', undefined],
    ['', undefined],
  ]);
  assert.match(duration(0, 3_600_000).describe, /from 0s to 1h/);
  assert.match(duration(250, 90_000).describe, /from 250ms to 90s/);
});

test('targets of mirrors are URLs whose host is plain text', () => {
  const parsed = (text: string): string | undefined => {
    const result = mirrorTarget().parse(text);
    return result.ok
      ? `${result.value.scheme} ${result.value.name} ${result.value.port} ${result.value.path}`
      : undefined;
  };
  assert.equal(parsed('http://a.example.com'), 'http a.example.com 80 $request_uri');
  assert.equal(parsed('https://a.example.com/$request_uri'), 'https a.example.com 443 $request_uri');
  assert.equal(parsed('https://a.example.com:8443/x?y=$arg_y'), 'https a.example.com 8443 /x?y=$arg_y');
  assert.equal(parsed('http://a.example.com?all'), 'http a.example.com 80 /?all');
  for (const text of [
    'a.example.com',
    'ftp://a.example.com/',
    'http://$host/',
    'http://user@a.example.com/',
    'http://a.example.com:0/',
    'http://a.example.com:65536/',
    'http://a.example.com/#x',
    'http://a.example.com/a b',
    'http://a.example.com/"',
    'http://a.example.com/$nobody_knows',
    'http://[::1]/',
    'HTTP://a.example.com/',
  ]) {
    assert.equal(parsed(text), undefined, text);
  }
});

test('numbers may have decimals, and nothing else', () => {
  check(decimal(1.05, 10), [
    ['1.25', 1.25],
    ['2', 2],
    ['10.000', 10],
    ['1.05', 1.05],
    ['1.049', undefined],
    ['10.001', undefined],
    ['1.2345', undefined],
    ['1,25', undefined],
    ['.5', undefined],
    ['2.', undefined],
    ['1e1', undefined],
    ['+2', undefined],
    ['0x2', undefined],
    ['Infinity', undefined],
    ['125%', undefined],
  ]);
});

test('hosts of mirrors may be a variable', () => {
  check(mirrorHost(), [
    ['shadow.example.com:8080', 'shadow.example.com:8080'],
    ['$host', '$host'],
    ['a b', undefined],
    ['a/b', undefined],
    ['$unknown', undefined],
  ]);
});
