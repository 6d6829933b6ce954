import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { test } from 'node:test';

import { makeDefaultCertificate, serialNumberOf } from '../../../../src/control/certificates/default-certificate.ts';

test('the self-signed certificate looks like the one of ingress-nginx', () => {
  const now = Date.UTC(2026, 5, 1);
  const certificate = makeDefaultCertificate(now);
  const x509 = new X509Certificate(certificate.chainPem);
  assert.equal(x509.subject, 'O=Acme Co\nCN=Kubernetes Ingress Controller Fake Certificate');
  assert.equal(x509.issuer, x509.subject);
  assert.equal(x509.subjectAltName, 'DNS:ingress.local');
  assert.equal(x509.publicKey.asymmetricKeyDetails?.modulusLength, 2048);
  assert.equal(x509.ca, false);
  assert.deepEqual(x509.keyUsage, ['1.3.6.1.5.5.7.3.1']);
  assert.ok(x509.verify(x509.publicKey));
  assert.equal(certificate.notBefore, now / 1000);
  assert.equal(certificate.notAfter, now / 1000 + 365 * 86_400);
  assert.deepEqual(certificate.names, ['ingress.local']);
  assert.equal(certificate.source, 'default');
  assert.match(certificate.id, /^default@[0-9a-f]{16}$/);
  assert.equal(certificate.issuerOrganization, 'Acme Co');
});

test('each one has a key and a number of its own', () => {
  const one = makeDefaultCertificate(0);
  const other = makeDefaultCertificate(0);
  assert.notEqual(one.keyPem, other.keyPem);
  assert.notEqual(one.serialNumber, other.serialNumber);
});

test('a serial number is positive and has no needless zeros, whatever the random bytes are', () => {
  for (const first of [0x00, 0x01, 0x7f, 0x80, 0xff]) {
    const bytes = new Uint8Array(16);
    bytes[0] = first;
    const number = serialNumberOf(bytes);
    assert.match(number, /^[4-7][0-9a-f]{31}$/);
  }
});
