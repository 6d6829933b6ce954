import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connect } from 'node:tls';

import { ask } from '../support/client.ts';
import { ingress, service, tlsSecret, yaml } from '../support/manifests.ts';
import { startBackend } from '../support/named-backend.ts';
import { startProgram } from '../support/program.ts';
import { makeCertificate } from '../support/test-certificates.ts';
import { until } from '../support/until.ts';

test('certificates are chosen by server name: exact, wildcard, default', async (t) => {
  const backend = await startBackend(t, 'web');
  const exact = makeCertificate({ commonName: 'exact', names: ['www.shop.test'], keyType: 'rsa' });
  const wildcard = makeCertificate({ commonName: 'wildcard', names: ['*.shop.test'], keyType: 'ecdsa' });
  const program = await startProgram(t, {
    manifests: {
      'all.yaml': yaml(
        ...service('web', [{ port: backend.port }]),
        tlsSecret('exact', exact),
        tlsSecret('wildcard', wildcard),
        ingress({ name: 'exact', host: 'www.shop.test', tls: [{ hosts: ['www.shop.test'], secretName: 'exact' }] }),
        ingress({ name: 'wildcard', host: '*.shop.test', tls: [{ hosts: ['*.shop.test'], secretName: 'wildcard' }] }),
        ingress({ name: 'without', host: 'plain.test', tls: [{ hosts: ['plain.test'], secretName: 'missing' }] }),
      ),
    },
  });
  const nameFor = async (host: string): Promise<string> =>
    (await ask({ port: program.httpsPort, tls: true, host })).certificateName;
  assert.equal(await nameFor('www.shop.test'), 'exact');
  assert.equal(await nameFor('WWW.SHOP.TEST'), 'exact');
  assert.equal(await nameFor('other.shop.test'), 'wildcard');
  assert.equal(await nameFor('plain.test'), 'Kubernetes Ingress Controller Fake Certificate');
  assert.match((await program.admin('/diagnostics')).text, /missing/);
  assert.doesNotMatch((await program.admin('/snapshot')).text, /PRIVATE KEY/);
});

test('TLS 1.2 and 1.3 are spoken, older ones are not', async (t) => {
  const backend = await startBackend(t, 'web');
  const program = await startProgram(t, {
    manifests: { 'all.yaml': yaml(...service('web', [{ port: backend.port }]), ingress()) },
  });
  const speak = (version: 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3'): Promise<string> =>
    new Promise((resolve) => {
      const socket = connect({
        host: '127.0.0.1',
        port: program.httpsPort,
        minVersion: version,
        maxVersion: version,
        rejectUnauthorized: false,
        ciphers: 'DEFAULT@SECLEVEL=0',
      });
      socket.on('secureConnect', () => {
        resolve(socket.getProtocol() ?? '');
        socket.destroy();
      });
      socket.on('error', () => resolve('refused'));
    });
  assert.equal(await speak('TLSv1.2'), 'TLSv1.2');
  assert.equal(await speak('TLSv1.3'), 'TLSv1.3');
  assert.equal(await speak('TLSv1.1'), 'refused');
});

test('a renewed certificate is served at once without closing connections, a broken one changes nothing', async (t) => {
  const backend = await startBackend(t, 'web');
  const pair = (commonName: string): ReturnType<typeof makeCertificate> =>
    makeCertificate({ commonName, names: ['example.test'] });
  const program = await startProgram(t, {
    manifests: {
      'all.yaml': yaml(
        ...service('web', [{ port: backend.port }]),
        ingress({ tls: [{ hosts: ['example.test'], secretName: 'web' }] }),
      ),
      'secret.yaml': yaml(tlsSecret('web', pair('first'))),
    },
  });
  const nameNow = async (): Promise<string> => (await ask({ port: program.httpsPort, tls: true })).certificateName;
  assert.equal(await nameNow(), 'first');
  const old = connect({
    host: '127.0.0.1',
    port: program.httpsPort,
    servername: 'example.test',
    rejectUnauthorized: false,
  });
  await new Promise((resolve) => old.once('secureConnect', resolve));
  program.write('secret.yaml', yaml(tlsSecret('web', pair('second'))));
  await until(async () => ((await nameNow()) === 'second' ? true : undefined));
  old.write('GET / HTTP/1.1\r\nHost: example.test\r\nConnection: close\r\n\r\n');
  const answer = await new Promise<string>((resolve) => {
    let text = '';
    old.on('data', (chunk: Buffer) => (text += chunk.toString()));
    old.on('close', () => resolve(text));
  });
  assert.match(answer, /^HTTP\/1\.1 200/);
  program.write('secret.yaml', yaml(tlsSecret('web', { certificate: 'garbage', key: 'garbage' })));
  await until(async () => ((await program.admin('/diagnostics')).text.includes('secret-invalid') ? true : undefined));
  assert.equal(await nameNow(), 'second');
  program.remove('secret.yaml');
  await until(async () => ((await program.admin('/diagnostics')).text.includes('secret-missing') ? true : undefined));
  assert.equal(await nameNow(), 'second');
});

test('plain HTTP is redirected where the host has TLS, as ingress-nginx does it', async (t) => {
  const backend = await startBackend(t, 'web');
  const program = await startProgram(t, {
    manifests: {
      'all.yaml': yaml(
        ...service('web', [{ port: backend.port }]),
        ingress({ name: 'tls', host: 'tls.test', tls: [{ hosts: ['tls.test'] }] }),
        ingress({
          name: 'off',
          host: 'off.test',
          tls: [{ hosts: ['off.test'] }],
          annotations: { 'ssl-redirect': 'false' },
        }),
        ingress({ name: 'forced', host: 'forced.test', annotations: { 'force-ssl-redirect': 'true' } }),
        ingress({
          name: 'solver',
          host: 'tls.test',
          pathType: 'Exact',
          paths: { '/.well-known/acme-challenge/token': 'web' },
        }),
      ),
    },
  });
  const location = async (host: string, path: string): Promise<string> => {
    const answer = await ask({ port: program.httpPort, host, path });
    return answer.status === 308 ? String(answer.headers.location) : String(answer.status);
  };
  assert.equal(await location('tls.test', '/x/'), 'https://tls.test/x');
  assert.equal(await location('tls.test:8080', '/x?a=b/'), 'https://tls.test/x?a=b');
  assert.equal(await location('tls.test', '/x/?a=b'), 'https://tls.test/x/?a=b');
  assert.equal(await location('tls.test', '/'), 'https://tls.test');
  assert.equal(await location('off.test', '/'), '200');
  assert.equal(await location('forced.test', '/y'), 'https://forced.test/y');
  assert.equal(await location('tls.test', '/.well-known/acme-challenge/token'), '200');
});
