import type { Socket } from 'node:net';
import type { SecureContext, SecureContextOptions, TLSSocket } from 'node:tls';
import { createSecureContext, createServer } from 'node:tls';

import type { Certificate } from '../../model/certificate.ts';
import type { CertificateId } from '../../model/ids.ts';
import type { ProxyOptions } from '../../model/proxy-options.ts';
import type { OnConnection } from './accepted-connection.ts';

/** What TLS needs to know from outside. */
export interface TlsParts {
  /** Exact name, then wildcard, then the default certificate. @param serverName  lower-case, empty without */
  readonly certificateFor: (serverName: string) => Certificate | undefined;
  /** 48 bytes that all workers share, so that a session resumes on any of them. */
  readonly ticketKeys: Uint8Array;
  /** OpenSSL refuses a certificate: its handshakes fail, and nothing else does. Called once for each. */
  readonly onBadCertificate: (certificate: Certificate, error: unknown) => void;
}

type TlsOptions = Pick<ProxyOptions, 'tlsMinVersion' | 'tlsMaxVersion' | 'defaultCertificate'>;

/** About 50 KB each; made on the first handshake that needs it. */
const contextLimit = 2048;
const handshakeTimeoutMs = 10_000;
/** The same in every worker, or sessions of one are refused by the others. */
const sessionIdContext = 'fairway';

/** Terminates TLS: server names, certificates, resumption. Certificates change without any connection noticing. */
export class TlsTermination {
  readonly #parts: TlsParts;
  readonly #server: ReturnType<typeof createServer>;
  readonly #onConnection: OnConnection;
  /** Least recently used first. A certificate with another content has another id. */
  readonly #contexts = new Map<CertificateId, SecureContext>();
  /** Certificates that OpenSSL refused: tried and reported once, not at every handshake. */
  readonly #refused = new Set<CertificateId>();
  #options: TlsOptions = { tlsMinVersion: 'TLSv1.2', tlsMaxVersion: 'TLSv1.3' };
  #defaultId: CertificateId | undefined = undefined;

  constructor(parts: TlsParts, onConnection: OnConnection) {
    this.#parts = parts;
    this.#onConnection = onConnection;
    this.#server = createServer({
      ALPNProtocols: ['http/1.1'],
      SNICallback: (serverName, done) => this.#onServerName(serverName, done),
      handshakeTimeout: handshakeTimeoutMs,
      allowHalfOpen: true,
      sessionIdContext,
      ticketKeys: Buffer.from(parts.ticketKeys),
      minVersion: this.#options.tlsMinVersion,
      maxVersion: this.#options.tlsMaxVersion,
    });
    // Handshakes of scanners and old clients fail all day long: the socket is destroyed, that is all.
    this.#server.on('tlsClientError', (_error, socket) => void socket.destroy());
    this.#server.on('secureConnection', (socket) => this.#onSecure(socket));
  }

  /** Takes new options and certificates. Handshakes that run, and open connections, keep what they have. */
  update(options: TlsOptions): void {
    const versionsChanged =
      options.tlsMinVersion !== this.#options.tlsMinVersion || options.tlsMaxVersion !== this.#options.tlsMaxVersion;
    this.#options = options;
    if (versionsChanged) this.#contexts.clear();
    const certificate = this.#parts.certificateFor('');
    if (!versionsChanged && certificate?.id === this.#defaultId) return;
    try {
      this.#server.setSecureContext({
        ...this.#contextOptions(certificate),
        ticketKeys: Buffer.from(this.#parts.ticketKeys),
      });
      this.#defaultId = certificate?.id;
    } catch (error) {
      // The default certificate of before is served on.
      if (certificate !== undefined) this.#refuse(certificate, error);
    }
  }

  /** Starts the handshake on a connection whose first byte says that one follows. */
  accept(socket: Socket): void {
    this.#server.emit('connection', socket);
  }

  #onSecure(socket: TLSSocket): void {
    socket.on('error', () => undefined);
    const serverName = typeof socket.servername === 'string' ? normalName(socket.servername) : '';
    this.#onConnection({ socket, localPort: socket.localPort ?? 0, secure: true, serverName, plainOnTls: false });
  }

  /** Called with bytes of an attacker: whatever goes wrong ends this handshake only (threats R-44). */
  #onServerName(serverName: string, done: (error: Error | null, context?: SecureContext) => void): void {
    let certificate: Certificate | undefined;
    try {
      certificate = this.#parts.certificateFor(normalName(serverName));
      // Without a context the handshake goes on with the server's own: the default certificate.
      if (certificate === undefined) return done(null);
      if (this.#refused.has(certificate.id)) return done(new Error('no usable certificate'));
      return done(null, this.#contextOf(certificate));
    } catch (error) {
      if (certificate !== undefined) this.#refuse(certificate, error);
      return done(new Error('no usable certificate'));
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
    const context = known ?? createSecureContext(this.#contextOptions(certificate));
    this.#contexts.set(certificate.id, context);
    const [oldest] = this.#contexts.keys();
    if (this.#contexts.size > contextLimit && oldest !== undefined) this.#contexts.delete(oldest);
    return context;
  }

  #contextOptions(certificate: Certificate | undefined): SecureContextOptions {
    const { tlsMinVersion, tlsMaxVersion } = this.#options;
    const common = { minVersion: tlsMinVersion, maxVersion: tlsMaxVersion, sessionIdContext };
    return certificate === undefined
      ? common
      : { ...common, key: certificate.keyPem, cert: certificate.chainPem, honorCipherOrder: true };
  }
}

/** Lower case, without the dot of an absolute name (threats R-62). */
function normalName(name: string): string {
  const lower = name.toLowerCase();
  return lower.endsWith('.') ? lower.slice(0, -1) : lower;
}
