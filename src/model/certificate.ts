import type { CertificateId } from './ids.ts';

/** Certificate chain and key as TLS takes them. Every dump prints the key as `[redacted]`. */
export interface Certificate {
  readonly id: CertificateId;
  /** Leaf first, then intermediates, PEM. */
  readonly chainPem: string;
  /** Private key, PEM. Appears in messages to data workers and nowhere else. */
  readonly keyPem: string;
  /** `namespace/name` of the Secret, or `default`. */
  readonly source: string;
  /** DNS names of the leaf, lower-case. */
  readonly names: readonly string[];
  readonly issuer: string;
  readonly issuerOrganization: string;
  readonly issuerCommonName: string;
  readonly serialNumber: string;
  readonly keyAlgorithm: string;
  /** Unix time in seconds. */
  readonly notBefore: number;
  /** Unix time in seconds. */
  readonly notAfter: number;
}
