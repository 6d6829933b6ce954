import type { Socket } from 'node:net';

import type { SocketInput } from '../../lib/socket-input.ts';

/** One connection that a listener accepted, after the TLS handshake if it has one. */
export interface AcceptedConnection {
  /** Has an `error` listener already: nothing that a peer does can end the process (threats R-43). */
  readonly socket: Socket;
  /** What the socket reads comes here instead of in `data` events; only when `ListenerParts.directInput` asks for it. */
  readonly input?: SocketInput;
  /** Port that we listen on. */
  readonly localPort: number;
  readonly secure: boolean;
  /** Server name of the handshake, lower-case; empty without. */
  readonly serverName: string;
  /** Plain bytes came to a TLS port: nothing is served but the error that says so. */
  readonly plainOnTls: boolean;
}

export type OnConnection = (connection: AcceptedConnection) => void;
