import type { Clock } from '../../../lib/clock.ts';
import type { CoarseTimers } from '../../../lib/coarse-timers.ts';
import type { Exchange } from '../../exchange/exchange.ts';
import type { FailureName } from '../../exchange/failure.ts';
import type { OnHead, Transport, TryOptions, TryOutcome } from '../../runtime/transport.ts';
import type { ClientSide } from './client-side.ts';
import type { UpstreamAgents } from './upstream-agents.ts';
import { UpstreamTry } from './upstream-try.ts';

/** What the transports of all exchanges share. */
export interface TransportParts {
  readonly agents: UpstreamAgents;
  readonly clock: Clock;
  readonly timers: CoarseTimers;
  readonly onTunnel: (difference: number) => void;
}

/** Moves the bytes of one exchange between node:http on the client's side and http-proxy on the other. */
export class HttpProxyTransport implements Transport {
  readonly #client: ClientSide;
  readonly #parts: TransportParts;

  constructor(client: ClientSide, parts: TransportParts) {
    this.#client = client;
    this.#parts = parts;
  }

  respond(exchange: Exchange, body: string): Promise<void> {
    return new Promise((resolve) => respondTo(this.#client, exchange, body, resolve));
  }

  forward(exchange: Exchange, options: TryOptions, onHead: OnHead): Promise<TryOutcome> {
    const { endpoint } = exchange;
    if (endpoint === undefined) {
      return Promise.resolve({ failure: 'no-endpoint', committed: false, bodyConsumed: this.#client.bodyConsumed });
    }
    return UpstreamTry.run({ ...this.#parts, exchange, endpoint, client: this.#client, options, onHead });
  }

  watchClient(listener: ((failure: FailureName) => void) | undefined): void {
    this.#client.onGone(listener && (() => listener('client-closed')));
  }
}

function respondTo(client: ClientSide, exchange: Exchange, body: string, done: () => void): void {
  if (client.gone || client.committed) return done();
  if (!client.writeHead(exchange, '')) {
    client.truncate();
    return done();
  }
  const bytes = Buffer.from(body);
  return client.end(client.request.method === 'HEAD' ? undefined : bytes, () => {
    exchange.bytesSent = client.bytesWritten;
    exchange.bodyBytesSent = client.request.method === 'HEAD' ? 0 : bytes.length;
    done();
  });
}
