import { createHash, X509Certificate } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { createSecureContext } from 'node:tls';

import { codeOf } from '../../lib/error-text.ts';
import type { Certificate } from '../../model/certificate.ts';
import { certificateId } from '../../model/ids.ts';
import { describeLeaf } from './describe.ts';
import { orderChain } from './order.ts';
import { readPem } from './pem.ts';
import { readPrivateKey } from './private-key.ts';
import type { Remark } from './remark.ts';

/** What a certificate file and a key file are good for. Nothing in here but `certificate.keyPem` ever shows the key. */
export type PairCheck =
  | {
      readonly kind: 'certificate';
      readonly certificate: Certificate;
      /** What is served differently from what was written. */
      readonly remarks: readonly Remark[];
    }
  | ({ readonly kind: 'invalid' } & Remark);

/** More than Kubernetes stores in one Secret: longer text is not read. */
const pemLimitBytes = 1024 * 1024;
/** A longer file is a bundle of authorities, not a chain: no client takes so many. */
const chainLimit = 100;

/**
 * Checks that a chain and a key can serve TLS. Dates are not judged: what has expired, or begins tomorrow, is served, and
 * the dates stand in the certificate. Takes about 0.6 ms. Never throws.
 * @param source  `namespace/name` of the Secret, or `default`
 * @param chainText  PEM; the leaf should come first and is looked for if it does not
 * @param keyText  PEM, without password: PKCS #8, PKCS #1 or SEC 1
 */
export function checkPair(source: string, chainText: string, keyText: string): PairCheck {
  if (chainText.length > pemLimitBytes || keyText.length > pemLimitBytes) {
    return invalid(
      'certificate or key is longer than 1 MiB',
      'Store the certificate, its intermediates and the key only.',
    );
  }
  const chain = readChain(chainText);
  if (chain.kind === 'invalid') return chain;
  const key = readPrivateKey(keyText);
  if (key.kind === 'invalid') return key;
  const ordered = orderChain(chain.certificates, key.key);
  if (ordered === undefined) {
    return invalid(
      'the private key in `tls.key` does not belong to a certificate in `tls.crt`',
      'Store the key with which the certificate was requested.',
    );
  }
  const chainPem = ordered.certificates.map((one) => one.toString()).join('');
  const refusal = refusalOfTls(chainPem, key.keyPem);
  if (refusal !== undefined) return refusal;
  const parts = { leaf: ordered.certificates[0], key: key.key, chainPem, keyPem: key.keyPem };
  try {
    return accept(source, parts, [...chain.remarks, ...ordered.remarks]);
  } catch {
    // OpenSSL took it, but Node cannot print one of its fields: one strange Secret must not end the process.
    return invalid('the names or dates of the certificate cannot be read', 'Request a new certificate.');
  }
}

function accept(
  source: string,
  parts: {
    readonly leaf: X509Certificate;
    readonly key: KeyObject;
    readonly chainPem: string;
    readonly keyPem: string;
  },
  remarks: readonly Remark[],
): PairCheck {
  const { chainPem, keyPem } = parts;
  const digest = createHash('sha256').update(chainPem).update('\0').update(keyPem).digest('hex').slice(0, 16);
  const certificate: Certificate = {
    id: certificateId(source, digest),
    chainPem,
    keyPem,
    source,
    ...describeLeaf(parts.leaf, parts.key),
  };
  return { kind: 'certificate', certificate, remarks };
}

type Chain =
  | {
      readonly kind: 'chain';
      readonly certificates: readonly X509Certificate[];
      readonly remarks: readonly Remark[];
    }
  | (Remark & { readonly kind: 'invalid' });

function readChain(text: string): Chain {
  const file = readPem(text);
  const blocks = file.blocks.filter((block) => block.label === 'CERTIFICATE' || block.label === 'X509 CERTIFICATE');
  if (blocks.length > chainLimit) {
    return invalid(
      `\`tls.crt\` holds ${blocks.length} certificates`,
      'Store the certificate and its intermediates only, not a bundle of authorities.',
    );
  }
  const certificates = blocks.flatMap((block) => parseCertificate(block.der) ?? []);
  const unreadable = file.broken + blocks.length - certificates.length;
  if (certificates.length === 0) return invalid(whyNoCertificate(text, unreadable), chainFix);
  const why = `${unreadable} of the blocks in \`tls.crt\` cannot be read and ${unreadable === 1 ? 'is' : 'are'} left out`;
  return { kind: 'chain', certificates, remarks: unreadable === 0 ? [] : [{ why, fix: chainFix }] };
}

const chainFix = 'Store the certificate and its intermediates in PEM, the leaf first.';

function whyNoCertificate(text: string, unreadable: number): string {
  if (text.trim() === '') return '`tls.crt` is empty';
  return unreadable > 0 ? 'the certificate in `tls.crt` cannot be read' : '`tls.crt` holds no certificate in PEM';
}

function parseCertificate(der: Buffer): X509Certificate | undefined {
  try {
    return new X509Certificate(der);
  } catch {
    return undefined;
  }
}

/** Asks OpenSSL itself: what it refuses here (short keys, weak digests) it would refuse in a data worker. */
function refusalOfTls(cert: string, key: string): PairCheck | undefined {
  try {
    createSecureContext({ cert, key });
    return undefined;
  } catch (error) {
    // The code is a name like ERR_SSL_EE_KEY_TOO_SMALL. The message is not used: it might hold what must not be shown.
    const reason = codeOf(error).replace(/^ERR_(SSL|OSSL)_/, '');
    return invalid(
      `OpenSSL refuses the certificate${reason === '' ? '' : ` (${reason.toLowerCase().replaceAll('_', ' ')})`}`,
      'Request a certificate with an RSA key of 2048 bits or more, or an ECDSA key, signed with SHA-256.',
    );
  }
}

function invalid(why: string, fix: string): { readonly kind: 'invalid' } & Remark {
  return { kind: 'invalid', why, fix };
}
