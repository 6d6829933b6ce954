import { createPrivateKey } from 'node:crypto';
import type { KeyObject } from 'node:crypto';

import { readPem } from './pem.ts';
import type { PemBlock } from './pem.ts';
import type { Remark } from './remark.ts';

/** A private key that TLS can use, or why there is none. Messages never hold a part of the key. */
export type PrivateKeyCheck =
  | {
      readonly kind: 'key';
      readonly key: KeyObject;
      /** PKCS #8, whatever the form it was written in. */
      readonly keyPem: string;
    }
  | ({ readonly kind: 'invalid' } & Remark);

const forms: Readonly<Record<string, 'pkcs8' | 'pkcs1' | 'sec1'>> = {
  'PRIVATE KEY': 'pkcs8',
  'RSA PRIVATE KEY': 'pkcs1',
  'EC PRIVATE KEY': 'sec1',
};

const usable: ReadonlySet<string | undefined> = new Set(['rsa', 'rsa-pss', 'ec', 'ed25519', 'ed448']);

/** Takes the first private key of a PEM file; `EC PARAMETERS` and certificates around it are passed over. */
export function readPrivateKey(text: string): PrivateKeyCheck {
  if (text.trim() === '') return invalid('`tls.key` is empty');
  const blocks = readPem(text).blocks;
  const block = blocks.find((one) => Object.hasOwn(forms, one.label) || one.label === 'ENCRYPTED PRIVATE KEY');
  if (block === undefined) return invalid('`tls.key` holds no private key in PEM');
  if (block.encrypted) {
    return invalid(
      'the private key in `tls.key` is encrypted',
      'Store it without a password, for example with "openssl pkey -in encrypted.key -out tls.key".',
    );
  }
  const key = parseKey(block);
  if (key === undefined) return invalid('the private key in `tls.key` cannot be read');
  if (!usable.has(key.asymmetricKeyType)) return invalid('the private key in `tls.key` is not RSA, ECDSA or EdDSA');
  return { kind: 'key', key, keyPem: key.export({ type: 'pkcs8', format: 'pem' }) };
}

function parseKey(block: PemBlock): KeyObject | undefined {
  const type = forms[block.label];
  try {
    return type === undefined ? undefined : createPrivateKey({ key: block.der, format: 'der', type });
  } catch {
    return undefined;
  }
}

function invalid(why: string, fix = 'Store an RSA, ECDSA or Ed25519 key in PEM, without a password.'): PrivateKeyCheck {
  return { kind: 'invalid', why, fix };
}
