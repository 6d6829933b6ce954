import { constants } from 'node:crypto';
import type { SecureContext, SecureContextOptions } from 'node:tls';
import { createSecureContext, DEFAULT_CIPHERS } from 'node:tls';

import type { Certificate } from '../../model/certificate.ts';
import type { CertificateId } from '../../model/ids.ts';
import type { ProxyOptions } from '../../model/proxy-options.ts';

/** What TLS needs to know from outside. */
export interface TlsParts {
  /** Exact name, then wildcard, then the default certificate. @param serverName  lower-case, empty without */
  readonly certificateFor: (serverName: string) => Certificate | undefined;
  /** 48 bytes that all workers share, so that a session resumes on any of them. */
  readonly ticketKeys: Uint8Array;
  /** OpenSSL refuses a certificate: its handshakes fail, and nothing else does. Called once for each. */
  readonly onBadCertificate: (certificate: Certificate, error: unknown) => void;
}

export type TlsOptions = Pick<ProxyOptions, 'tlsMinVersion' | 'tlsMaxVersion' | 'defaultCertificate'>;

/** About 50 KB each; made on the first handshake that needs it. */
const contextLimit = 2048;
/**
 * Node's, with AES-128 and SHA-256 before AES-256 and SHA-384 in TLS 1.3 as well as in TLS 1.2, which is what browsers ask
 * for first: the processor has instructions for SHA-256, and the key schedule of a handshake is hashing.
 */
const ciphers = [
  'TLS_AES_128_GCM_SHA256',
  ...DEFAULT_CIPHERS.split(':').filter((one) => one !== 'TLS_AES_128_GCM_SHA256'),
].join(':');
/** The same in every worker, or sessions of one are refused by the others. */
const sessionIdContext = 'fairway';

/** What OpenSSL needs for each certificate, made once; and the one that a connection begins with. */
export class CertificateContexts {
  readonly #parts: TlsParts;
  /** Least recently used first. A certificate with another content has another id. */
  readonly #contexts = new Map<CertificateId, SecureContext>();
  /** Certificates that OpenSSL refused: tried and reported once, not at every handshake. */
  readonly #refused = new Set<CertificateId>();
  #options: TlsOptions = { tlsMinVersion: 'TLSv1.2', tlsMaxVersion: 'TLSv1.3' };
  #initialOptions: SecureContextOptions;
  #initial: SecureContext | undefined = undefined;
  #defaultId: CertificateId | undefined = undefined;

  constructor(parts: TlsParts) {
    this.#parts = parts;
    this.#initialOptions = this.#withTickets(undefined);
  }

  /** Of the default certificate; holds the keys of tickets for all server names. */
  get initial(): SecureContext {
    this.#initial ??= createSecureContext(this.#initialOptions);
    return this.#initial;
  }

  /** What `initial` is made of. */
  get initialOptions(): SecureContextOptions {
    return this.#initialOptions;
  }

  /** @returns what `initial` is made of now, when that changed */
  update(options: TlsOptions): SecureContextOptions | undefined {
    const versionsChanged =
      options.tlsMinVersion !== this.#options.tlsMinVersion || options.tlsMaxVersion !== this.#options.tlsMaxVersion;
    this.#options = options;
    if (versionsChanged) this.#contexts.clear();
    const certificate = this.#parts.certificateFor('');
    if (!versionsChanged && certificate?.id === this.#defaultId) return undefined;
    const made = this.#withTickets(certificate);
    try {
      this.#initial = createSecureContext(made);
    } catch (error) {
      // The default certificate of before is served on.
      if (certificate !== undefined) this.#refuse(certificate, error);
      return undefined;
    }
    this.#initialOptions = made;
    this.#defaultId = certificate?.id;
    return made;
  }

  /**
   * Called with bytes of an attacker: whatever goes wrong ends this handshake only (threats R-44).
   * @returns undefined: the handshake goes on with `initial`; refused: it fails
   */
  find(serverName: string): SecureContext | 'refused' | undefined {
    let certificate: Certificate | undefined;
    try {
      certificate = this.#parts.certificateFor(normalName(serverName));
      // The handshake began with this one.
      if (certificate === undefined || certificate.id === this.#defaultId) return undefined;
      if (this.#refused.has(certificate.id)) return 'refused';
      return this.#contextOf(certificate);
    } catch (error) {
      if (certificate !== undefined) this.#refuse(certificate, error);
      return 'refused';
    }
  }

  #refuse(certificate: Certificate, error: unknown): void {
    if (this.#refused.has(certificate.id)) return;
    if (this.#refused.size >= contextLimit) this.#refused.clear();
    this.#refused.add(certificate.id);
    this.#parts.onBadCertificate(certificate, error);
  }

  #contextOf(certificate: Certificate): SecureContext {
    const known = this.#contexts.get(certificate.id);
    if (known !== undefined) this.#contexts.delete(certificate.id);
    const context = known ?? createSecureContext(this.#optionsOf(certificate));
    this.#contexts.set(certificate.id, context);
    const [oldest] = this.#contexts.keys();
    if (this.#contexts.size > contextLimit && oldest !== undefined) this.#contexts.delete(oldest);
    return context;
  }

  #withTickets(certificate: Certificate | undefined): SecureContextOptions {
    return { ...this.#optionsOf(certificate), ticketKeys: Buffer.from(this.#parts.ticketKeys) };
  }

  #optionsOf(certificate: Certificate | undefined): SecureContextOptions {
    const { tlsMinVersion, tlsMaxVersion } = this.#options;
    const common = {
      minVersion: tlsMinVersion,
      maxVersion: tlsMaxVersion,
      sessionIdContext,
      honorCipherOrder: true,
      ciphers,
      // A client that could ask for one key exchange after the other would have us work for nothing (faults F-66).
      secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
    };
    return certificate === undefined ? common : { ...common, key: certificate.keyPem, cert: certificate.chainPem };
  }
}

/** Lower case, without the dot of an absolute name (threats R-62). */
export function normalName(name: string): string {
  const lower = name.toLowerCase();
  return lower.endsWith('.') ? lower.slice(0, -1) : lower;
}
