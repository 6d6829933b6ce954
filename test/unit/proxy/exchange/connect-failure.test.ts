import assert from 'node:assert/strict';
import { test } from 'node:test';

import { connectFailure } from '../../../../src/proxy/exchange/connect-failure.ts';
import { failures } from '../../../../src/proxy/exchange/failure.ts';

test('what keeps this process from having a socket is not the fault of an endpoint', () => {
  for (const code of ['EMFILE', 'ENFILE', 'EADDRNOTAVAIL']) {
    assert.equal(connectFailure(code), 'no-socket');
    assert.notEqual(failures[connectFailure(code)].source, 'upstream');
  }
  for (const code of ['ECONNREFUSED', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH', 'ENOTFOUND', 'ECONNRESET', '']) {
    assert.equal(failures[connectFailure(code)].source, 'upstream', code);
  }
  assert.equal(connectFailure('ECONNREFUSED'), 'connect-refused');
});
