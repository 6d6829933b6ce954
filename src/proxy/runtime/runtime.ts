import type { Certificate } from '../../model/certificate.ts';
import type { UnhealthyEndpoints } from '../../model/messages.ts';
import type { Snapshot } from '../../model/snapshot.ts';
import { emptySnapshot } from '../../model/snapshot.ts';
import type { SnapshotUpdate } from '../../model/update.ts';
import { applyUpdate } from '../../model/update.ts';
import type { Upstream } from '../../model/upstream.ts';
import type { Exchange } from '../exchange/exchange.ts';
import type { FilterEnvironment } from '../filters/filter.ts';
import type { EndpointState } from '../upstreams/endpoint-state.ts';

/** What a runtime is made of. All of it is called from the hot path or close to it: cheap, and never throwing. */
export interface RuntimeParts extends Omit<FilterEnvironment, 'options'> {
  /** Something threw inside one exchange, which then ended with 500: a bug to be logged with its stack. */
  readonly onBug: (error: unknown, exchange: Exchange) => void;
  /** All ready endpoints of an upstream fail their check, so checks are ignored (`true`), or no longer so (`false`). */
  readonly onChecksIgnored: (upstream: Upstream, ignored: boolean) => void;
}

/** Everything one data worker derives from the current snapshot. Independent of the engine. */
export class Runtime {
  readonly parts: RuntimeParts;
  #snapshot: Snapshot = emptySnapshot;

  constructor(parts: RuntimeParts) {
    this.parts = parts;
  }

  get snapshot(): Snapshot {
    return this.#snapshot;
  }

  /**
   * Takes an update as a whole: builds what changed, then swaps. Exchanges in flight keep what they started with.
   * @throws OperatorError `update-rejected`; what was served before is then still served
   */
  apply(update: SnapshotUpdate): void {
    this.#snapshot = applyUpdate(this.#snapshot, update);
  }

  /** @param _unhealthy  the whole set of endpoints whose check fails */
  health(_unhealthy: UnhealthyEndpoints): void {}

  /**
   * What TLS serves for a server name: its own certificate, that of the wildcard, the default one.
   * @param _serverName  as the client sent it; empty without
   * @returns undefined before the first update that has a default certificate
   */
  certificateFor(_serverName: string): Certificate | undefined {
    return undefined;
  }

  /**
   * Calls `listener` for each endpoint that leaves its upstream or begins to drain: idle connections to it are closed
   * then, exchanges in flight go on. Another upstream may still hold an endpoint with the same address.
   */
  onLeave(_listener: (endpoint: EndpointState) => void): void {}
}
