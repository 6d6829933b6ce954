import type { EndpointState } from '../upstreams/endpoint-state.ts';
import { Ring } from './ring.ts';

/**
 * The ring of a set of endpoints, built when first asked for: an upstream may need one for its algorithm, one for its
 * sessions, or none. Built from the ring of the set before, as far as that is known.
 */
export class LazyRing {
  readonly endpoints: readonly EndpointState[];
  #ring: Ring | undefined = undefined;
  #before: Ring | undefined;

  constructor(endpoints: readonly EndpointState[], previous: LazyRing | undefined) {
    this.endpoints = endpoints;
    this.#before = previous === undefined ? undefined : (previous.#ring ?? previous.#before);
  }

  get(): Ring {
    if (this.#ring !== undefined) return this.#ring;
    this.#ring = new Ring(
      this.endpoints.map(({ endpoint }) => endpoint.id),
      this.#before,
    );
    this.#before = undefined;
    return this.#ring;
  }
}
