import type { KeyObject, X509Certificate } from 'node:crypto';

import type { Certificate } from '../../model/certificate.ts';

type Description = Omit<Certificate, 'id' | 'chainPem' | 'keyPem' | 'source'>;

/** Names, issuer, number, algorithm and dates of a leaf certificate, as metrics and the admin page show them. */
export function describeLeaf(leaf: X509Certificate, key: KeyObject): Description {
  const issuer = attributes(leaf.issuer);
  return {
    names: namesOf(leaf),
    issuer: linesOf(leaf.issuer).join(', '),
    issuerOrganization: issuer.get('O') ?? '',
    issuerCommonName: issuer.get('CN') ?? '',
    serialNumber: decimal(leaf.serialNumber),
    keyAlgorithm: algorithms[key.asymmetricKeyType ?? ''] ?? '',
    notBefore: seconds(leaf.validFromDate),
    notAfter: seconds(leaf.validToDate),
  };
}

/** As Go's x509.PublicKeyAlgorithm prints them: dashboards made for ingress-nginx compare these words. */
const algorithms: Readonly<Record<string, string>> = {
  rsa: 'RSA',
  'rsa-pss': 'RSA',
  ec: 'ECDSA',
  ed25519: 'Ed25519',
  ed448: 'Ed448',
};

/** DNS names of the subject alternative name; the common name only when there is no such extension (RFC 9525). */
function namesOf(leaf: X509Certificate): readonly string[] {
  const alternative = leaf.subjectAltName;
  const names = alternative === undefined ? [attributes(leaf.subject).get('CN') ?? ''] : dnsNames(alternative);
  return [...new Set(names.map((name) => name.toLowerCase()))].filter((name) => isDnsName(name));
}

/**
 * Node prints `DNS:a.example, IP Address:10.0.0.1, DNS:"odd, name"`. Names that need quotes are not DNS names, and a
 * comma inside the quotes must not make one.
 */
function dnsNames(alternative: string): string[] {
  const outsideQuotes = alternative.replaceAll(/"(?:[^"\\]|\\.)*"/g, '"');
  return outsideQuotes
    .split(', ')
    .filter((entry) => entry.startsWith('DNS:'))
    .map((entry) => entry.slice('DNS:'.length));
}

function isDnsName(name: string): boolean {
  return name.length <= 253 && /^(?:\*\.)?[a-z0-9_](?:[-a-z0-9_.]*[a-z0-9])?$/.test(name);
}

/** Node prints one attribute a line: `O=Acme Co`; of two with the same key the last one counts. */
function attributes(name: string | undefined): ReadonlyMap<string, string> {
  return new Map(
    linesOf(name).map((line) => {
      const equals = line.indexOf('=');
      return [line.slice(0, equals), line.slice(equals + 1)];
    }),
  );
}

/** An empty name, as in certificates that have alternative names only, is undefined, whatever Node's types say. */
function linesOf(name: string | undefined): readonly string[] {
  return name === undefined ? [] : name.split('\n');
}

/** Decimal, as ingress-nginx shows it. */
function decimal(hexadecimal: string): string {
  if (!/^-?[0-9A-F]{1,200}$/i.test(hexadecimal)) return '';
  const negative = hexadecimal.startsWith('-');
  const value = BigInt(`0x${negative ? hexadecimal.slice(1) : hexadecimal}`);
  return (negative ? -value : value).toString();
}

function seconds(date: Date): number {
  const time = date.getTime();
  return Number.isFinite(time) ? Math.floor(time / 1000) : 0;
}
