import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { ValueKind } from '../../../../src/control/annotations/value-kind.ts';
import {
  anyCaseChoice,
  choice,
  cookieSeconds,
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
