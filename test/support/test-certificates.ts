import { createPublicKey, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';

/** A certificate for tests with its key, both PEM. */
export interface TestCertificate {
  readonly certificate: string;
  readonly key: string;
  readonly keyObject: KeyObject;
  readonly subject: string;
}

export type KeyType = 'rsa' | 'ecdsa' | 'ed25519';

export interface CertificateRequest {
  /** Common name of the subject; absent: none. */
  readonly commonName?: string;
  /** DNS names; empty: no such extension. */
  readonly names?: readonly string[];
  readonly keyType?: KeyType;
  readonly rsaBits?: number;
  /** Who signs; absent: itself. */
  readonly issuer?: TestCertificate;
  readonly isAuthority?: boolean;
  readonly notBefore?: Date;
  readonly notAfter?: Date;
  /** Hexadecimal. */
  readonly serialNumber?: string;
}

/** Makes an X.509 certificate (RFC 5280) of any key type, without programs from outside: node-forge knows RSA only. */
export function makeCertificate(request: CertificateRequest): TestCertificate {
  const keyObject = makeKey(request.keyType ?? 'ecdsa', request.rsaBits ?? 2048);
  const signer = request.issuer?.keyObject ?? keyObject;
  const subject = request.commonName ?? '';
  const algorithm = signatureAlgorithm(signer);
  const serial = Buffer.from(request.serialNumber ?? `01${randomBytes(7).toString('hex')}`, 'hex');
  const body = sequence(
    tagged(0xa0, integer(Buffer.from([2]))),
    integer(serial),
    algorithm,
    name(request.issuer?.subject ?? subject),
    sequence(time(request.notBefore ?? daysFromNow(-1)), time(request.notAfter ?? daysFromNow(30))),
    name(subject),
    createPublicKey(keyObject).export({ type: 'spki', format: 'der' }),
    tagged(0xa3, sequence(...extensions(request))),
  );
  const signature = sign(signer.asymmetricKeyType === 'ed25519' ? null : 'sha256', body, signer);
  const der = sequence(body, algorithm, tagged(0x03, Buffer.from([0]), signature));
  return {
    certificate: pem('CERTIFICATE', der),
    key: keyObject.export({ type: 'pkcs8', format: 'pem' }),
    keyObject,
    subject,
  };
}

/** PEM of 64 columns. */
export function pem(label: string, der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}

function daysFromNow(days: number): Date {
  return new Date(Date.now() + days * 86_400_000);
}

function makeKey(type: KeyType, rsaBits: number): KeyObject {
  switch (type) {
    case 'rsa':
      return generateKeyPairSync('rsa', { modulusLength: rsaBits }).privateKey;
    case 'ecdsa':
      return generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).privateKey;
    case 'ed25519':
      return generateKeyPairSync('ed25519').privateKey;
  }
}

function signatureAlgorithm(key: KeyObject): Buffer {
  if (key.asymmetricKeyType === 'rsa') return sequence(objectId('1.2.840.113549.1.1.11'), Buffer.from([0x05, 0x00]));
  return sequence(objectId(key.asymmetricKeyType === 'ec' ? '1.2.840.10045.4.3.2' : '1.3.101.112'));
}

function extensions(request: CertificateRequest): Buffer[] {
  const names = request.names ?? [];
  const found: Buffer[] = [];
  if (names.length > 0) {
    const value = sequence(...names.map((one) => tagged(0x82, Buffer.from(one, 'latin1'))));
    found.push(sequence(objectId('2.5.29.17'), tagged(0x04, value)));
  }
  const isTrue = Buffer.from([0x01, 0x01, 0xff]);
  const constraints = request.isAuthority === true ? sequence(isTrue) : sequence();
  found.push(sequence(objectId('2.5.29.19'), isTrue, tagged(0x04, constraints)));
  return found;
}

function name(commonName: string): Buffer {
  if (commonName === '') return sequence();
  return sequence(tagged(0x31, sequence(objectId('2.5.4.3'), tagged(0x0c, Buffer.from(commonName, 'utf8')))));
}

function time(date: Date): Buffer {
  const text = date.toISOString().replaceAll(/[-:T]|\.\d+/g, '');
  return tagged(0x18, Buffer.from(text, 'latin1'));
}

function integer(bytes: Buffer): Buffer {
  return tagged(0x02, bytes);
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return tagged(0x30, ...parts);
}

function objectId(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  const bytes = [first * 40 + second];
  for (const part of rest) {
    const digits = [part & 0x7f];
    for (let left = Math.floor(part / 128); left > 0; left = Math.floor(left / 128))
      digits.unshift((left & 0x7f) | 0x80);
    bytes.push(...digits);
  }
  return tagged(0x06, Buffer.from(bytes));
}

function tagged(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  if (length < 0x80) return Buffer.concat([Buffer.from([tag, length]), content]);
  const size = length < 0x100 ? [0x81, length] : [0x82, length >>> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
}
