import type { Socket } from 'node:net';

import type { CoarseTimers } from '../../../lib/coarse-timers.ts';
import type { SocketInput } from '../../../lib/socket-input.ts';
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
  const onClose = (other: Socket, input: SocketInput | undefined) => (hadError: boolean) => {
    input?.settle();
    open -= 1;
    if (hadError) other.destroy();
    else other.end();
    if (open > 0) return idle.set(Math.min(idleMs, lastBytesMs));
    idle.stop();
    exchange.bytesSent = client.bytesSent + exchange.bodyBytesSent;
    onClosed(failure);
  };
  socket.once('close', onClose(upstream, client.connection.input));
  upstream.once('close', onClose(socket, connection.input));
  idle.set(idleMs);
  const toClient = carry(upstream, connection.input, socket, (bytes) => {
    exchange.upstreamBytes += bytes;
    exchange.bodyBytesSent += bytes;
    if (open === 2) idle.set(idleMs);
  });
  const toUpstream = carry(socket, client.connection.input, upstream, (bytes) => {
    exchange.bytesReceived += bytes;
    if (open === 2) idle.set(idleMs);
  });
  if (connection.tunnelBytes !== undefined) toClient(connection.tunnelBytes);
  if (held !== undefined) toUpstream(held);
  // The client has shut its side while it waited for the 101: no event says it again.
  if (socket.readableEnded) upstream.end();
  upstream.resume();
  socket.resume();
}

/** @param input  absent: the socket has `data` events. @returns passes bytes that were read before */
function carry(
  from: Socket,
  input: SocketInput | undefined,
  to: Socket,
  onBytes: (bytes: number) => void,
): (bytes: Buffer) => void {
  const pass = (bytes: Buffer): void => {
    onBytes(bytes.length);
    if (!to.destroyed && !to.writableEnded && !to.write(bytes)) from.pause();
  };
  if (input === undefined) from.on('data', pass);
  else {
    input.onInput = (bytes, begin, end, shared) => {
      input.expectMore(end - begin);
      pass(shared ? Buffer.from(bytes.subarray(begin, end)) : bytes.subarray(begin, end));
    };
  }
  to.on('drain', () => from.resume());
  from.once('end', () => {
    input?.settle();
    to.end();
  });
  return pass;
}
