import type { Exchange } from '../exchange/exchange.ts';
import type { Pipeline } from '../filters/pipeline.ts';
import type { Runtime } from './runtime.ts';
import type { Transport } from './transport.ts';

/** One exchange while it is served, with what serves it. */
export class Serving {
  readonly exchange: Exchange;
  readonly transport: Transport;
  readonly runtime: Runtime;
  /** Of the route; until it is found, that of exchanges without one. */
  pipeline: Pipeline;
  /** The head of an answer is on its way: nothing else can be sent any more. */
  committed = false;

  constructor(exchange: Exchange, transport: Transport, runtime: Runtime) {
    this.exchange = exchange;
    this.transport = transport;
    this.runtime = runtime;
    this.pipeline = runtime.unrouted;
  }
}
