import type { ListenerId } from '../../model/ids.ts';
import type { OnConnection } from '../listeners/accepted-connection.ts';
import { ListenerSet } from '../listeners/listener-set.ts';
import { TlsTermination } from '../listeners/tls.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { EngineParts, SocketHandle } from './engine.ts';

/** The listening side that every engine has: sockets, TLS, and what is said when either fails. */
export class EngineListeners {
  readonly #runtime: Runtime;
  readonly #tls: TlsTermination;
  readonly #listeners: ListenerSet;
  #refused = 0;

  /** @param input  `direct`: connections without TLS come with a `SocketInput`, where Node can do it */
  constructor(parts: EngineParts, input: 'direct' | 'events', onConnection: OnConnection) {
    const { admission, log, runtime, ticketKeys } = parts;
    this.#runtime = runtime;
    this.#tls = new TlsTermination(
      {
        certificateFor: (serverName) => runtime.certificateFor(serverName),
        ticketKeys,
        onBadCertificate: ({ source }, error) =>
          log.error({ event: 'certificate-refused', source, error }, `The certificate of ${source} cannot be used`),
      },
      onConnection,
    );
    this.#listeners = new ListenerSet({
      directInput: input === 'direct',
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

  listen(id: ListenerId, port: number, handle: SocketHandle): void {
    const protocol = this.#runtime.snapshot.listeners.get(id)?.protocol ?? (id === 'https' ? 'https' : 'http');
    this.#listeners.listen(protocol, port, handle);
  }

  stopAccepting(): Promise<void> {
    return this.#listeners.stopAccepting();
  }
}
