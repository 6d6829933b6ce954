import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';

import type { Exchange } from '../../exchange/exchange.ts';
import type { FailureName } from '../../exchange/failure.ts';
import type { ClientSide } from './client-side.ts';
import { SilenceTimer } from './silence-timer.ts';

export interface Tunnel {
  readonly client: ClientSide;
  readonly exchange: Exchange;
  readonly upstream: Socket;
  /** What the upstream sent behind its head. */
  readonly head: Buffer;
  /** Longest silence in both directions. */
  readonly idleMs: number;
}

/**
 * Answers 101 and then carries bytes both ways until both sides are closed. Each side may end on its own; an error of one
 * side ends the other at once.
 */
export function openTunnel(tunnel: Tunnel, onClosed: (failure: FailureName | undefined) => void): void {
  const { client, exchange, upstream } = tunnel;
  const socket = client.socket;
  let failure: FailureName | undefined;
  const idle = new SilenceTimer(tunnel.idleMs, () => {
    failure = 'read-timeout';
    socket.destroy();
    upstream.destroy();
  });
  let open = 2;
  const onClose = (other: Socket) => (hadError: boolean) => {
    open -= 1;
    if (hadError) other.destroy();
    else other.end();
    if (open > 0) return;
    idle.stop();
    onClosed(failure);
  };
  socket.once('close', onClose(upstream));
  upstream.once('close', onClose(socket));
  upstream.setTimeout(0);
  upstream.setNoDelay(true);
  idle.touch();
  if (!client.startTunnel(headText(exchange))) {
    failure = 'upstream-invalid';
    socket.destroy();
    return void upstream.destroy();
  }
  carry(upstream, socket, (bytes) => {
    exchange.upstreamBytes += bytes;
    exchange.bodyBytesSent += bytes;
    idle.touch();
  });
  carry(socket, upstream, (bytes) => {
    exchange.bytesReceived += bytes;
    idle.touch();
  });
  if (tunnel.head.length > 0) upstream.unshift(tunnel.head);
  upstream.resume();
  return void socket.resume();
}

function carry(from: Socket, to: Socket, onBytes: (bytes: number) => void): void {
  from.on('data', (chunk: Buffer) => {
    onBytes(chunk.length);
    if (!to.destroyed && !to.writableEnded && !to.write(chunk)) from.pause();
  });
  to.on('drain', () => from.resume());
  from.once('end', () => to.end());
}

/** The head of the 101 as text; undefined when a field holds a byte that no field may hold (threats R-28). */
function headText(exchange: Exchange): string | undefined {
  let text = `HTTP/1.1 ${exchange.status} ${STATUS_CODES[exchange.status] ?? ''}\r\n`;
  const fields = exchange.responseHeaders;
  for (let at = 0; at < fields.length; at += 2) {
    const line = `${fields[at] ?? ''}: ${fields[at + 1] ?? ''}`;
    if (/[\r\n\0]/.test(line)) return undefined;
    text += `${line}\r\n`;
  }
  return `${text}\r\n`;
}
