import type { Server, Socket } from 'node:net';
import { createServer } from 'node:net';

import type { CoarseTimers } from '../../lib/coarse-timers.ts';
import { HandleSocket } from '../../lib/handle-socket.ts';
import type { NodeHandles, TcpHandle } from '../../lib/node-handles.ts';
import type { OnConnection, OnDirectConnection } from './accepted-connection.ts';
import type { CertificateContexts } from './certificate-contexts.ts';
import { acceptHandles } from './direct-accept.ts';
import type { HandshakeParts } from './handshake.ts';
import { Handshake } from './handshake.ts';
import type { TlsTermination } from './tls.ts';

/**
 * Socket as `process.send` delivers it: bound by the supervisor, not yet accepting here. In truth Node's own handle of a
 * TCP socket, for which there is no type; only `net.Server.listen` looks into it.
 */
export type SocketHandle = unknown;

/** The kernel's queue of connections that wait for `accept`; Node's default of 511 is short (drain.md, D-3). */
const backlog = 4096;

/** With clients that come without a break a queue is never empty; the socket is closed after this time all the same. */
const emptyWithinMs = 1_000;

/** First bytes of a connection to a TLS port, and then the handshake, must come within this time. */
const firstByteTimeoutMs = 10_000;

/** First byte of a TLS record that opens a handshake. Source: RFC 8446 section 5.1. */
const handshakeRecord = 0x16;

export interface ListenerParts {
  readonly tls: TlsTermination;
  readonly onConnection: OnConnection;
  /** So many connections may be open at the same time, those included that have not said a byte yet. */
  readonly connectionLimit: () => number;
  /** One was too much, and is closed. */
  readonly onRefused: () => void;
  /** The kernel refuses to listen, or to accept one connection; the listener goes on. */
  readonly onError: (port: number, error: unknown) => void;
  /** Connections go here instead, where Node can do it. */
  readonly direct?: DirectParts;
}

/** For connections without Node's sockets. */
export interface DirectParts {
  readonly handles: NodeHandles;
  readonly contexts: CertificateContexts;
  readonly timers: CoarseTimers;
  readonly onConnection: OnDirectConnection;
}

/** One listening socket here. */
interface Accepting {
  readonly server: Server;
  /** Connections so far, those included that found no room. */
  count: number;
}

/** Serves on the sockets that the supervisor passed. Knows connections, not what is spoken on them. */
export class ListenerSet {
  readonly #accepting = new Set<Accepting>();
  readonly #parts: ListenerParts;
  #open = 0;

  constructor(parts: ListenerParts) {
    this.#parts = parts;
  }

  /**
   * @param port  the port the kernel gave
   * @returns closes our copy of the socket, after what waits there has been accepted
   */
  listen(protocol: 'http' | 'https', port: number, handle: SocketHandle): () => void {
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
      accepting.count += 1;
      // Without it a reset by the peer ends the process.
      socket.on('error', () => undefined);
      if (!this.#admit()) return void socket.destroy();
      socket.once('close', this.#onGone);
      if (protocol === 'https') this.#acceptTls(socket, port);
      else this.#parts.onConnection({ socket, localPort: port, secure: false, serverName: '', plainOnTls: false });
    });
    server.on('error', (error) => this.#parts.onError(port, error));
    const accepting: Accepting = { server, count: 0 };
    this.#accepting.add(accepting);
    server.listen(handle, backlog);
    const { direct } = this.#parts;
    if (direct !== undefined) this.#acceptDirectly(accepting, direct, protocol, port);
    return () => void this.#close([accepting]);
  }

  /**
   * Closes our copies of the listening sockets, after whatever the kernel has queued for us has been accepted. The
   * socket itself stays open while others hold it (drain.md section 2).
   */
  async stopAccepting(): Promise<void> {
    await this.#close([...this.#accepting]);
  }

  async #close(these: readonly Accepting[]): Promise<void> {
    await emptyQueues(these);
    for (const one of these) {
      // Two may wait for the same queue.
      if (this.#accepting.delete(one)) one.server.close();
    }
  }

  #acceptDirectly(accepting: Accepting, direct: DirectParts, protocol: 'http' | 'https', port: number): void {
    const accept = this.#directAccept(direct, protocol, port);
    acceptHandles(accepting.server, direct.handles, (handle) => {
      accepting.count += 1;
      if (this.#admit()) accept(handle);
      else handle.close(ignoreClosed);
    });
  }

  /** @returns false when there is no room for it */
  #admit(): boolean {
    if (this.#open >= this.#parts.connectionLimit()) {
      this.#parts.onRefused();
      return false;
    }
    this.#open += 1;
    return true;
  }

  readonly #onGone = (): void => {
    this.#open -= 1;
  };

  #directAccept(
    { contexts, handles, onConnection, timers }: DirectParts,
    protocol: 'http' | 'https',
    localPort: number,
  ): (handle: TcpHandle) => void {
    const onGone = this.#onGone;
    if (protocol === 'https') {
      const parts: HandshakeParts = { handles, contexts, timers, localPort, onConnection, onGone };
      return (handle) => void new Handshake(parts, handle);
    }
    return (handle) => {
      const socket = new HandleSocket(handles, handle, undefined, onGone);
      onConnection({ socket, localPort, secure: false, serverName: '', plainOnTls: false });
      socket.resume();
    };
  }

  #acceptTls(socket: Socket, port: number): void {
    const timer = setTimeout(() => socket.destroy(), firstByteTimeoutMs);
    socket.once('close', () => clearTimeout(timer));
    socket.once('end', () => socket.end());
    socket.once('readable', () => {
      clearTimeout(timer);
      const first: unknown = socket.read(1);
      if (!Buffer.isBuffer(first)) return void socket.destroy();
      socket.unshift(first);
      if (first[0] === handshakeRecord) return this.#parts.tls.accept(socket);
      return this.#parts.onConnection({ socket, localPort: port, secure: false, serverName: '', plainOnTls: true });
    });
  }
}

/**
 * Waits until nothing is queued. libuv accepts one connection of each socket in a turn of the loop, so a turn that brought
 * none has found every queue empty.
 */
async function emptyQueues(these: readonly Accepting[]): Promise<void> {
  const until = performance.now() + emptyWithinMs;
  const counted = (): number => these.reduce((sum, { count }) => sum + count, 0);
  // In the turn that runs now the kernel may have been asked before the socket was ours.
  await nextTurn();
  let before = -1;
  while (counted() !== before && performance.now() < until) {
    before = counted();
    await nextTurn();
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

function ignoreClosed(): void {
  // Nobody waits for it.
}
