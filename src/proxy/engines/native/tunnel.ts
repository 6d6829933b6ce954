import type { ByteSocket, SocketOwner } from '../../../lib/byte-socket.ts';
import type { CoarseTimers } from '../../../lib/coarse-timers.ts';
import type { Exchange } from '../../exchange/exchange.ts';
import type { FailureName } from '../../exchange/failure.ts';
import type { ClientExchange } from '../../protocols/http1/client-exchange.ts';
import type { UpstreamConnection } from '../../protocols/http1/upstream-connection.ts';

export interface Tunnel {
  readonly client: ClientExchange;
  readonly connection: UpstreamConnection;
  readonly exchange: Exchange;
  readonly timers: CoarseTimers;
  /** Longest silence in both directions. */
  readonly idleMs: number;
}

/** When one side is closed, the other gets this long for the last bytes: a client that is gone would never take them. */
const lastBytesMs = 10_000;

/**
 * Carries bytes both ways until both sides are closed. Each side may end on its own; an error of one side ends the other
 * at once. The 101 is written already, and both connections have let go of their sockets.
 */
export function openTunnel(tunnel: Tunnel, onClosed: (failure: FailureName | undefined) => void): void {
  const { client, connection, exchange, timers, idleMs } = tunnel;
  const { socket } = client.connection;
  const upstream = connection.socket;
  const held = client.connection.detach();
  let failure: FailureName | undefined;
  let open = 2;
  const idle = timers.deadline(() => {
    if (open === 2) failure = 'read-timeout';
    socket.destroy();
    upstream.destroy();
  });
  const onClosedOf = (side: { onClose(): void }) => (): void => {
    side.onClose();
    open -= 1;
    if (open > 0) return idle.set(Math.min(idleMs, lastBytesMs));
    idle.stop();
    exchange.bytesSent = client.bytesSent + exchange.bodyBytesSent;
    onClosed(failure);
  };
  idle.set(idleMs);
  const toClient = new Direction(upstream, socket, onClosedOf(connection), (bytes) => {
    exchange.upstreamBytes += bytes;
    exchange.bodyBytesSent += bytes;
    if (open === 2) idle.set(idleMs);
  });
  const toUpstream = new Direction(socket, upstream, onClosedOf(client.connection), (bytes) => {
    exchange.bytesReceived += bytes;
    if (open === 2) idle.set(idleMs);
  });
  upstream.owner = toClient;
  socket.owner = toUpstream;
  if (connection.tunnelBytes !== undefined) toClient.pass(connection.tunnelBytes);
  if (held !== undefined) toUpstream.pass(held);
  // The client has shut its side while it waited for the 101: no event says it again.
  if (socket.readableEnded) upstream.end();
  upstream.resume();
  socket.resume();
}

/** From one socket to the other; owner of the one that it reads. */
class Direction implements SocketOwner {
  readonly #from: ByteSocket;
  readonly #to: ByteSocket;
  readonly #onClosed: () => void;
  readonly #onBytes: (bytes: number) => void;

  constructor(from: ByteSocket, to: ByteSocket, onClosed: () => void, onBytes: (bytes: number) => void) {
    this.#from = from;
    this.#to = to;
    this.#onClosed = onClosed;
    this.#onBytes = onBytes;
  }

  pass(bytes: Buffer): void {
    this.#onBytes(bytes.length);
    const to = this.#to;
    if (!to.destroyed && !to.writableEnded && !to.write(bytes)) this.#from.pause();
  }

  onInput(bytes: Buffer, begin: number, end: number, shared: boolean): void {
    this.#from.expectMore(end - begin);
    this.pass(shared ? Buffer.from(bytes.subarray(begin, end)) : bytes.subarray(begin, end));
  }

  onEnd(): void {
    this.#to.end();
  }

  /** The reader of this side takes more: the other direction goes on. */
  onDrain(): void {
    this.#to.resume();
  }

  onClose(hadError: boolean): void {
    if (hadError) this.#to.destroy();
    else this.#to.end();
    this.#onClosed();
  }
}
