import type { IncomingMessage } from 'node:http';

import type { Exchange } from '../../exchange/exchange.ts';
import type { ClientSide } from './client-side.ts';

export interface Relay {
  readonly answer: IncomingMessage;
  readonly client: ClientSide;
  readonly exchange: Exchange;
  /** Bytes came from the upstream. */
  readonly onRead: () => void;
  /** The client is slower than the upstream, which is not read for a while. */
  readonly onPause: () => void;
  /** The upstream's connection ended before the answer did. */
  readonly onTruncated: () => void;
  /** The upstream has sent all of the answer. */
  readonly onReceived: () => void;
  /** The kernel has all of the answer. */
  readonly onComplete: () => void;
}

/** Streams the body of an answer to the client. What a slow client has not taken yet stays in the upstream's socket. */
export function relayAnswer(relay: Relay): void {
  const { answer, client, exchange } = relay;
  let ended = false;
  answer.on('data', (chunk: Buffer) => {
    exchange.upstreamBytes += chunk.length;
    exchange.bodyBytesSent += chunk.length;
    if (client.write(chunk)) return relay.onRead();
    answer.pause();
    return relay.onPause();
  });
  client.onDrain(() => {
    if (ended) return;
    relay.onRead();
    answer.resume();
  });
  answer.once('end', () => {
    if (!answer.complete) return;
    ended = true;
    relay.onReceived();
    client.end(undefined, () => {
      if (!client.gone) relay.onComplete();
    });
  });
  answer.once('close', () => {
    if (!ended) relay.onTruncated();
  });
}
