import type { EndpointState, EndpointWatcher } from '../upstreams/endpoint-state.ts';

/** Exchanges in flight at all endpoints of a pool together, kept instead of counted for each pick. */
export class PoolLoad implements EndpointWatcher {
  readonly #endpoints: readonly EndpointState[];
  /** As the total has them. Shape: `[endpoints]`. */
  readonly #counts: Float64Array;
  #total = 0;
  #watches = false;

  constructor(endpoints: readonly EndpointState[]) {
    this.#endpoints = endpoints;
    this.#counts = new Float64Array(endpoints.length);
  }

  get total(): number {
    if (!this.#watches) this.#watch();
    return this.#total;
  }

  changed(at: number, { inFlight }: EndpointState): void {
    this.#total += inFlight - (this.#counts[at] ?? 0);
    this.#counts[at] = inFlight;
  }

  lost(): void {
    this.#watches = false;
  }

  #watch(): void {
    this.#total = 0;
    this.#endpoints.forEach((endpoint, at) => {
      endpoint.watch(this, at);
      this.#counts[at] = endpoint.inFlight;
      this.#total += endpoint.inFlight;
    });
    this.#watches = true;
  }
}
