import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';

import { childEnvironment, securityFlags } from '../../../src/supervisor/children.ts';

const environment = {
  PATH: '/bin',
  TZ: 'UTC',
  HOME: '/root',
  KUBECONFIG: '/k',
  KUBERNETES_SERVICE_HOST: '10.0.0.1',
  AWS_SECRET_ACCESS_KEY: 'secret',
  NODE_OPTIONS: '--inspect',
  NODE_EXTRA_CA_CERTS: '/ca',
  NODE_TLS_REJECT_UNAUTHORIZED: '0',
  NODE_DEBUG: 'tls',
  SSLKEYLOGFILE: '/keys',
  OPENSSL_CONF: '/o',
};

test('a data worker sees nothing that it does not need', () => {
  assert.deepEqual(childEnvironment('worker', environment), { PATH: '/bin', TZ: 'UTC' });
});

test('the control process sees what leads to the API server, and nothing that changes Node', () => {
  assert.deepEqual(childEnvironment('control', environment), {
    PATH: '/bin',
    TZ: 'UTC',
    HOME: '/root',
    KUBECONFIG: '/k',
    KUBERNETES_SERVICE_HOST: '10.0.0.1',
    AWS_SECRET_ACCESS_KEY: 'secret',
  });
});

test('Node takes every security flag, and they do what they say', () => {
  const program = `
    const outcome = [];
    try { new Function('1')() } catch (error) { outcome.push(error.name) }
    outcome.push(typeof ({}).__proto__);
    console.log(outcome.join());
  `;
  const output = execFileSync(process.execPath, [...securityFlags, '-e', program], { encoding: 'utf8' });
  assert.equal(output.trim(), 'EvalError,undefined');
});
