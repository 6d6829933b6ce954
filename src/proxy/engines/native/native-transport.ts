import type { Clock } from '../../../lib/clock.ts';
import type { CoarseTimers } from '../../../lib/coarse-timers.ts';
import type { Exchange } from '../../exchange/exchange.ts';
import type { FailureName } from '../../exchange/failure.ts';
import type { ClientExchange } from '../../protocols/http1/client-exchange.ts';
import type { UpstreamPools } from '../../protocols/http1/upstream-pools.ts';
import type { OnHead, Transport, TryOptions, TryOutcome } from '../../runtime/transport.ts';
import { Relay } from './relay.ts';

/** What the transports of all exchanges share. */
export interface TransportParts {
  readonly pools: UpstreamPools;
  readonly timers: CoarseTimers;
  readonly clock: Clock;
  /** A tunnel opened (+1) or closed (-1). */
  readonly onTunnel: (difference: number) => void;
}

/** Moves the bytes of one exchange between our own client and upstream sides. */
export class NativeTransport implements Transport {
  readonly #client: ClientExchange;
  readonly #parts: TransportParts;

  constructor(client: ClientExchange, parts: TransportParts) {
    this.#client = client;
    this.#parts = parts;
  }

  respond(exchange: Exchange, body: string): Promise<void> {
    respondTo(this.#client, exchange, body);
    return done;
  }

  forward(exchange: Exchange, options: TryOptions, onHead: OnHead): Promise<TryOutcome> {
    return new Promise((resolve) => {
      new Relay(this.#client, exchange, this.#parts, onHead, resolve).start(options);
    });
  }

  watchClient(listener: ((failure: FailureName) => void) | undefined): void {
    this.#client.wait(listener && { onClientGone: listener, onClientDrain: nothing });
  }
}

function nothing(): void {
  // Nothing is written while an exchange waits.
}

const done = Promise.resolve();

function respondTo(client: ClientExchange, exchange: Exchange, body: string): void {
  if (client.gone || client.committed) return;
  const bytes = Buffer.from(body);
  client.body?.discard();
  if (!client.begin(exchange, '', bytes.length === 0 ? 'none' : 'length', bytes.length)) return client.truncate();
  client.bytes(bytes, 0, bytes.length, false);
  client.end();
  exchange.bytesReceived = client.request.headBytes + (client.body?.received ?? 0);
  exchange.bytesSent = client.bytesSent;
  exchange.bodyBytesSent = client.request.method === 'HEAD' ? 0 : bytes.length;
}
