import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { HttpsRedirect } from '../../../../src/model/policy.ts';
import type { LocalResponse, RequestHead } from '../../../../src/proxy/exchange/exchange.ts';
import { headerValue } from '../../../../src/proxy/exchange/headers.ts';
import { httpsRedirect } from '../../../../src/proxy/filters/https-redirect.ts';
import { exchangeOf, testEnvironment } from '../../../support/proxy.ts';

const policy: HttpsRedirect = {
  status: 308,
  preserveTrailingSlash: false,
  exemptPaths: ['/.well-known/acme-challenge'],
};

function redirect(head: Partial<RequestHead>, more: Partial<HttpsRedirect> = {}): LocalResponse | undefined {
  const exchange = exchangeOf(head);
  exchange.uri = exchange.request.target;
  exchange.path = exchange.uri.split('?')[0] ?? '';
  const verdict = httpsRedirect
    .create({ httpsRedirect: { ...policy, ...more } }, testEnvironment())
    ?.request?.(exchange);
  assert.ok(!(verdict instanceof Promise));
  return verdict;
}

function location(head: Partial<RequestHead>, more: Partial<HttpsRedirect> = {}): string | undefined {
  return headerValue(redirect(head, more)?.headers ?? [], 'location');
}

/** Observed 2. */
const targets: readonly (readonly [target: string, location: string])[] = [
  ['/', 'https://h'],
  ['/x', 'https://h/x'],
  ['/x/', 'https://h/x'],
  ['/x//', 'https://h/x/'],
  ['/x?a=b/', 'https://h/x?a=b'],
  ['/x/?a=b', 'https://h/x/?a=b'],
  ['//x', 'https://h//x'],
];

for (const [target, expected] of targets) {
  test(`${target} is sent to ${expected}`, () => assert.equal(location({ target }), expected));
}

test('the slash stays when asked for', () => {
  assert.equal(location({ target: '/x/' }, { preserveTrailingSlash: true }), 'https://h/x/');
});

test('Host loses its port and nothing else', () => {
  assert.equal(location({ host: 'H.Test:8080', target: '/x' }), 'https://H.Test/x');
  assert.equal(location({ host: '[::1]:8080', target: '/x' }), 'https://[::1]/x');
});

test('the answer is nginx’ page with the status asked for', () => {
  const answer = redirect({}, { status: 301 });
  assert.equal(answer?.status, 301);
  assert.match(answer?.body ?? '', /<center><h1>301 Moved Permanently<\/h1><\/center>/);
  assert.deepEqual(answer?.headers.slice(0, 4), [
    'Content-Type',
    'text/html',
    'Content-Length',
    `${answer?.body.length}`,
  ]);
});

test('HTTPS is not redirected, nor are the paths of certificate issuers', () => {
  assert.equal(redirect({ secure: true }), undefined);
  assert.equal(redirect({ target: '/.well-known/acme-challenge/token' }), undefined);
  assert.equal(httpsRedirect.create({}, testEnvironment()), undefined);
});

test('a request without Host cannot be redirected and is not served', () => {
  assert.equal(redirect({ host: '', headers: [], httpVersion: '1.0' })?.status, 400);
});
