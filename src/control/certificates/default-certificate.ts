import { randomBytes } from 'node:crypto';

import forge from 'node-forge';

import type { Certificate } from '../../model/certificate.ts';
import { checkPair } from './check.ts';

const lifetimeMs = 365 * 24 * 60 * 60 * 1000;

/**
 * A positive number without needless leading zeros, as RFC 5280 section 4.1.2.2 and DER ask: the first two bits are 01.
 * Bytes that begin with zeros made one certificate in 512 that OpenSSL refuses to read.
 * @param bytes  16 random ones
 * @returns hexadecimal
 */
export function serialNumberOf(bytes: Uint8Array): string {
  const [first = 0, ...rest] = bytes;
  return Buffer.from([(first & 0x3f) | 0x40, ...rest]).toString('hex');
}

/**
 * Makes the self-signed certificate that is served while the operator names none. The same subject and name as in
 * ingress-nginx, so that tests and alerts that know it go on working; a new key on every call. Takes about 100 ms, most
 * of it for the RSA key.
 * @param nowMs  milliseconds since 1970
 * Source: ingress-nginx internal/net/ssl, GetFakeSSLCert; compat/observed fact 5.
 */
export function makeDefaultCertificate(nowMs: number): Certificate {
  const keys = forge.pki.rsa.generateKeyPair(2048);
  const certificate = forge.pki.createCertificate();
  certificate.publicKey = keys.publicKey;
  certificate.serialNumber = serialNumberOf(randomBytes(16));
  certificate.validity.notBefore = new Date(nowMs);
  certificate.validity.notAfter = new Date(nowMs + lifetimeMs);
  const subject = [
    { name: 'organizationName', value: 'Acme Co' },
    { name: 'commonName', value: 'Kubernetes Ingress Controller Fake Certificate' },
  ];
  certificate.setSubject(subject);
  certificate.setIssuer(subject);
  certificate.setExtensions([
    { name: 'basicConstraints', critical: true, cA: false },
    { name: 'keyUsage', critical: true, digitalSignature: true, keyEncipherment: true },
    { name: 'extKeyUsage', serverAuth: true },
    { name: 'subjectAltName', altNames: [{ type: 2, value: 'ingress.local' }] },
  ]);
  certificate.sign(keys.privateKey, forge.md.sha256.create());
  return checked(forge.pki.certificateToPem(certificate), forge.pki.privateKeyToPem(keys.privateKey));
}

function checked(chainPem: string, keyPem: string): Certificate {
  const check = checkPair('default', chainPem, keyPem);
  if (check.kind === 'invalid') throw new Error(`the self-signed certificate is not usable: ${check.why}`);
  return check.certificate;
}
