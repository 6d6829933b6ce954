import type { ClientRequest } from 'node:http';

import type { CoarseTimers } from '../../../lib/coarse-timers.ts';
import type { Exchange } from '../../exchange/exchange.ts';
import { BodyWatch } from './body-watch.ts';
import type { ClientSide } from './client-side.ts';
import { SilenceTimer } from './silence-timer.ts';

export interface BodyTransfer {
  readonly client: ClientSide;
  readonly exchange: Exchange;
  readonly request: ClientRequest;
  /** Longest time in which the upstream takes not a byte. */
  readonly sendMs: number;
  readonly onTimeout: () => void;
  readonly timers: CoarseTimers;
  /** The client promised bytes and does not send them, or too slowly. */
  readonly onClientSlow: () => void;
  /** 0 is no limit. */
  readonly limitBytes: number;
  /** More bytes came than the limit allows. */
  readonly onTooLarge: () => void;
}

/**
 * Streams the request's body to the upstream, which is connected. What a slow upstream has not taken yet stays in the
 * client's socket.
 */
export function sendBody(transfer: BodyTransfer): void {
  const { client, exchange, limitBytes, request, sendMs } = transfer;
  let received = 0;
  const message = client.request;
  const upstreamStalls = new SilenceTimer(sendMs, transfer.onTimeout);
  const clientWatch = new BodyWatch(client.socket, transfer.timers, transfer.onClientSlow);
  const stop = (): void => {
    upstreamStalls.stop();
    clientWatch.stop();
    message.removeListener('data', onData);
    message.removeListener('end', onEnd);
    // What is still to come is thrown away, or the client would never read the answer.
    if (!message.complete) message.resume();
  };
  const onData = (chunk: Buffer): void => {
    client.bodyConsumed = true;
    exchange.bytesReceived += chunk.length;
    received += chunk.length;
    exchange.bodyCopy?.bytes(chunk);
    if (limitBytes > 0 && received > limitBytes) return transfer.onTooLarge();
    if (request.destroyed) return;
    if (request.write(chunk)) return undefined;
    message.pause();
    clientWatch.stop();
    return upstreamStalls.touch();
  };
  const onEnd = (): void => {
    clientWatch.stop();
    upstreamStalls.touch();
    exchange.bodyCopy?.end();
    request.end();
  };
  request.on('drain', () => {
    upstreamStalls.stop();
    if (!message.complete) clientWatch.start();
    message.resume();
  });
  request.once('finish', () => upstreamStalls.stop());
  request.once('close', stop);
  if (client.expectsContinue) client.sendContinue();
  clientWatch.start();
  message.on('data', onData);
  message.once('end', onEnd);
}
