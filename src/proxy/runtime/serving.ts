import type { Exchange } from '../exchange/exchange.ts';
import type { Pipeline } from '../filters/pipeline.ts';
import type { Runtime } from './runtime.ts';
import type { Transport } from './transport.ts';

export type ServingParts = Pick<Serving, 'exchange' | 'transport' | 'runtime' | 'onOver'>;

/** One exchange while it is served, with what serves it. */
export class Serving {
  readonly exchange: Exchange;
  readonly transport: Transport;
  readonly runtime: Runtime;
  /** Called once, at the very end. */
  readonly onOver: () => void;
  /** Of the route; until it is found, that of exchanges without one. */
  pipeline: Pipeline;
  /** The head of an answer is on its way: nothing else can be sent any more. */
  committed = false;

  constructor({ exchange, transport, runtime, onOver }: ServingParts) {
    this.exchange = exchange;
    this.transport = transport;
    this.runtime = runtime;
    this.onOver = onOver;
    this.pipeline = runtime.unrouted;
  }
}
