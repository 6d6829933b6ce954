import type { KeyObject, X509Certificate } from 'node:crypto';

import type { Remark } from './remark.ts';

/** A chain in the order that TLS wants: the leaf, then each certificate's issuer. */
export interface OrderedChain {
  readonly certificates: readonly [X509Certificate, ...X509Certificate[]];
  readonly remarks: readonly Remark[];
}

/**
 * Puts the certificate that the key belongs to first and its issuers behind it. What issues none of them is not sent,
 * except in a file whose order is right already. RFC 8446 section 4.4.2 asks for this order.
 * @returns undefined when the key belongs to no certificate
 */
export function orderChain(given: readonly X509Certificate[], key: KeyObject): OrderedChain | undefined {
  const leaf = given.find((certificate) => belongsTo(certificate, key));
  if (leaf === undefined) return undefined;
  const path = issuersOf(leaf, given);
  const rest = given.filter((certificate) => certificate !== leaf);
  // Certificates that lead nowhere stay where they are: an old client may need the cross-signed one that we do not see.
  if (given[0] === leaf && inOrder(path, rest)) return { certificates: [leaf, ...rest], remarks: [] };
  const left = rest.length - path.length;
  const remark: Remark = {
    why:
      given[0] === leaf
        ? 'the intermediates in `tls.crt` are not in order'
        : 'the first certificate in `tls.crt` is not the one that the key belongs to',
    fix: `Store the leaf first, then each issuer.${left > 0 ? ` ${left} that belong to no one are not sent.` : ''}`,
  };
  return { certificates: [leaf, ...path], remarks: [remark] };
}

/** Issuer, its issuer, and so on, each once. */
function issuersOf(leaf: X509Certificate, given: readonly X509Certificate[]): X509Certificate[] {
  const path: X509Certificate[] = [];
  for (let current: X509Certificate | undefined = leaf; current !== undefined;) {
    const subject: X509Certificate = current;
    current = given.find((other) => other !== leaf && !path.includes(other) && issued(other, subject));
    if (current !== undefined) path.push(current);
  }
  return path;
}

function inOrder(path: readonly X509Certificate[], rest: readonly X509Certificate[]): boolean {
  let from = 0;
  return path.every((certificate) => {
    const at = rest.indexOf(certificate, from);
    from = at + 1;
    return at >= 0;
  });
}

function issued(issuer: X509Certificate, subject: X509Certificate): boolean {
  try {
    return subject.checkIssued(issuer);
  } catch {
    return false;
  }
}

function belongsTo(certificate: X509Certificate, key: KeyObject): boolean {
  try {
    return certificate.checkPrivateKey(key);
  } catch {
    return false;
  }
}
