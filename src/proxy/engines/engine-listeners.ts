import type { CoarseTimers } from '../../lib/coarse-timers.ts';
import type { NodeHandles } from '../../lib/node-handles.ts';
import type { ListenerId } from '../../model/ids.ts';
import type { OnConnection, OnDirectConnection } from '../listeners/accepted-connection.ts';
import { CertificateContexts } from '../listeners/certificate-contexts.ts';
import type { TlsParts } from '../listeners/certificate-contexts.ts';
import { ListenerSet } from '../listeners/listener-set.ts';
import { TlsTermination } from '../listeners/tls.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { EngineParts, SocketHandle } from './engine.ts';

/** For an engine that needs no sockets of Node. */
export interface DirectListening {
  readonly handles: NodeHandles;
  readonly timers: CoarseTimers;
  readonly onConnection: OnDirectConnection;
}

/** The listening side that every engine has: sockets, TLS, and what is said when either fails. */
export class EngineListeners {
  readonly #runtime: Runtime;
  readonly #tls: TlsTermination;
  readonly #listeners: ListenerSet;
  #refused = 0;

  /** @param direct  takes connections without Node's sockets, where Node can do it */
  constructor(parts: EngineParts, onConnection: OnConnection, direct?: DirectListening) {
    const { admission, log, runtime, ticketKeys } = parts;
    this.#runtime = runtime;
    const tlsParts: TlsParts = {
      certificateFor: (serverName) => runtime.certificateFor(serverName),
      ticketKeys,
      onBadCertificate: ({ source }, error) =>
        log.error({ event: 'certificate-refused', source, error }, `The certificate of ${source} cannot be used`),
    };
    const contexts = new CertificateContexts(tlsParts);
    this.#tls = new TlsTermination(contexts, onConnection);
    this.#listeners = new ListenerSet({
      ...(direct === undefined ? {} : { direct: { ...direct, contexts } }),
      tls: this.#tls,
      onConnection,
      connectionLimit: () => admission?.connectionLimit ?? Number.POSITIVE_INFINITY,
      onRefused: () => {
        this.#refused += 1;
        admission?.onRefused();
      },
      onError: (port, error) => log.error({ event: 'listener-error', port, error }, `Listening on port ${port} failed`),
    });
  }

  /** Connections that were closed at once, since the start. */
  get refused(): number {
    return this.#refused;
  }

  /** Takes options and certificates of the snapshot that is served now. */
  update(): void {
    this.#tls.update(this.#runtime.snapshot.options);
  }

  /** @returns closes our copy of the socket, after what waits there has been accepted */
  listen(id: ListenerId, port: number, handle: SocketHandle): () => void {
    const protocol = this.#runtime.snapshot.listeners.get(id)?.protocol ?? (id === 'https' ? 'https' : 'http');
    return this.#listeners.listen(protocol, port, handle);
  }

  stopAccepting(): Promise<void> {
    return this.#listeners.stopAccepting();
  }
}
