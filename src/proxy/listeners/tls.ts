import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { createServer } from 'node:tls';

import type { OnConnection } from './accepted-connection.ts';
import type { CertificateContexts, TlsOptions } from './certificate-contexts.ts';
import { normalName } from './certificate-contexts.ts';

const handshakeTimeoutMs = 10_000;

/** Terminates TLS with Node's own server and sockets. Certificates change without any connection noticing. */
export class TlsTermination {
  readonly #server: ReturnType<typeof createServer>;
  readonly #contexts: CertificateContexts;
  readonly #onConnection: OnConnection;

  constructor(contexts: CertificateContexts, onConnection: OnConnection) {
    this.#contexts = contexts;
    this.#onConnection = onConnection;
    this.#server = createServer({
      ...contexts.initialOptions,
      ALPNProtocols: ['http/1.1'],
      SNICallback: (serverName, done) => {
        const context = this.#contexts.find(serverName);
        if (context === 'refused') done(new Error('no usable certificate'));
        // Without a context the handshake goes on with the server's own: the default certificate.
        else done(null, context);
      },
      handshakeTimeout: handshakeTimeoutMs,
      allowHalfOpen: true,
    });
    // Handshakes of scanners and old clients fail all day long: the socket is destroyed, that is all.
    this.#server.on('tlsClientError', (_error, socket) => void socket.destroy());
    this.#server.on('secureConnection', (socket) => this.#onSecure(socket));
  }

  /** Takes new options and certificates. Handshakes that run, and open connections, keep what they have. */
  update(options: TlsOptions): void {
    const changed = this.#contexts.update(options);
    if (changed !== undefined) this.#server.setSecureContext(changed);
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
}
