import assert from 'node:assert/strict';
import { test } from 'node:test';

import { variableNames } from '../../../../src/model/variable-names.ts';
import { compileText } from '../../../../src/proxy/exchange/variables.ts';
import { exchangeOf, forwardRoute } from '../../../support/proxy.ts';

const exchange = exchangeOf({
  host: 'H.Test:99',
  headers: [
    'Host',
    'H.Test:99',
    'X-User-Id',
    '7',
    'Cookie',
    'a=1; Sid=2',
    'Authorization',
    `Basic ${btoa('ann:secret')}`,
  ],
});
exchange.uri = '/p%20q?x=1&Name=v&flag';
exchange.path = '/p%20q';
exchange.hostName = 'h.test';
exchange.requestId = 'id';
exchange.labels = forwardRoute('/p').policies.labels;

const texts: readonly (readonly [text: string, value: string])[] = [
  ['$request_uri', '/p%20q?x=1&Name=v&flag'],
  ['${uri}', '/p%20q'],
  ['$host-$http_host', 'h.test-H.Test:99'],
  ['$http_x_user_id', '7'],
  ['$cookie_a,$cookie_sid,$cookie_SID,$cookie_si', '1,2,2,'],
  ['$arg_x,$arg_name,$arg_flag', '1,v,'],
  ['$args|$query_string|$is_args', 'x=1&Name=v&flag|x=1&Name=v&flag|?'],
  ['$remote_addr/$binary_remote_addr', '192.0.2.7/192.0.2.7'],
  ['$remote_user', 'ann'],
  ['$scheme://$server_name:$server_port', 'http://h:8080'],
  ['$request_method $server_protocol', 'GET HTTP/1.1'],
  ['$namespace/$ingress_name/$service_name', 'shop/cart/cart'],
  ['$request_id', 'id'],
  ['[$nope$http_]', '[]'],
  ['plain', 'plain'],
  ['', ''],
  ['$nothing_known|$|${|$$|${}', '|$|${|$$|${}'],
  ['$__proto__$constructor$toString', ''],
  ['$HOST', 'h.test'],
  ['${scheme}x$scheme', 'httpxhttp'],
];

for (const [text, value] of texts) {
  test(`${JSON.stringify(text)} gives ${JSON.stringify(value)}`, () =>
    assert.equal(compileText(text)(exchange), value));
}

test('every name of the table gives text for any exchange', () => {
  const bare = exchangeOf({ host: '', headers: [], httpVersion: '1.0' });
  for (const name of variableNames) assert.equal(typeof compileText(`$${name}`)(bare), 'string');
  assert.equal(compileText('$remote_user')(exchangeOf({ headers: ['Authorization', 'Basic !!'] })), '');
});
