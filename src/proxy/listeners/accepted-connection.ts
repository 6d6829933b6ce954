import type { Socket } from 'node:net';

import type { ByteSocket } from '../../lib/byte-socket.ts';

/** One connection that a listener accepted, after the TLS handshake if it has one. */
export interface Accepted<S> {
  readonly socket: S;
  /** Port that we listen on. */
  readonly localPort: number;
  readonly secure: boolean;
  /** Server name of the handshake, lower-case; empty without. */
  readonly serverName: string;
  /** Plain bytes came to a TLS port: nothing is served but the error that says so. */
  readonly plainOnTls: boolean;
}

/** With Node's socket, which has an `error` listener already: nothing that a peer does can end the process (threats R-43). */
export type AcceptedConnection = Accepted<Socket>;
/** With a socket directly on Node's handle, which reads from `resume` on. */
export type DirectConnection = Accepted<ByteSocket>;

export type OnConnection = (connection: AcceptedConnection) => void;
export type OnDirectConnection = (connection: DirectConnection) => void;
