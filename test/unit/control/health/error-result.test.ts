import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import { errorResult } from '../../../../src/control/health/checks/error-result.ts';

function errorWith(code: string): Error {
  return Object.assign(new Error('text that an endpoint could have written'), { code });
}

suite('the result of a socket error', () => {
  test('is a failure in plain words', () => {
    assert.deepEqual(errorResult(errorWith('ECONNREFUSED')), { outcome: 'failure', text: 'connection refused' });
    assert.deepEqual(errorResult(errorWith('ERR_SSL_WRONG_VERSION_NUMBER')), {
      outcome: 'failure',
      text: 'ERR_SSL_WRONG_VERSION_NUMBER',
    });
  });

  test('says nothing of the endpoint when Fairway itself has run out of something', () => {
    for (const code of ['EMFILE', 'ENFILE', 'EADDRNOTAVAIL', 'ENOBUFS', 'ENOMEM']) {
      assert.equal(errorResult(errorWith(code)).outcome, 'unknown', code);
    }
  });

  test('never shows the message', () => {
    assert.deepEqual(errorResult(new Error('secret')), { outcome: 'failure', text: 'cannot be checked' });
    assert.deepEqual(errorResult('secret'), { outcome: 'failure', text: 'cannot be checked' });
  });
});
