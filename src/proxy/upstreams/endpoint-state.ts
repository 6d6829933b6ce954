import type { Endpoint } from '../../model/upstream.ts';
import { EjectionState } from './ejection-state.ts';

/** Told when what it keeps in order has changed; `at` is the place that it gave the endpoint. */
export interface EndpointWatcher {
  /** Another number of exchanges, or another weight. */
  changed(at: number, state: EndpointState): void;
  /** Somebody else watches from now on. */
  lost(): void;
}

/** `EndpointState.readySince` of an endpoint with its full share. */
export const sinceEver: number = Number.NEGATIVE_INFINITY;

/** One endpoint of one upstream in one worker. Survives snapshots, so that counts and latencies do. */
export class EndpointState {
  /** Peak EWMA of the time to the head of an answer, in milliseconds; 0 before the first one. */
  latencyMs = 0;
  /** When `latencyMs` was last fed, on the monotonic clock. */
  latencyAt = 0;
  /** From the health checks of the control process. */
  healthy = true;
  /** From the tries that this worker and the others made. */
  readonly ejection: EjectionState = new EjectionState();
  /** Ready, its check passes, and it is not ejected. */
  fit = false;
  /** When it became fit, on the monotonic clock; `sinceEver` when its share does not ramp up. */
  readySince: number = sinceEver;
  #endpoint: Endpoint;
  #inFlight = 0;
  #watcher: EndpointWatcher | undefined = undefined;
  #place = 0;

  constructor(endpoint: Endpoint) {
    this.#endpoint = endpoint;
  }

  get endpoint(): Endpoint {
    return this.#endpoint;
  }

  set endpoint(endpoint: Endpoint) {
    const before = this.#endpoint.weight;
    this.#endpoint = endpoint;
    if (before !== endpoint.weight) this.#watcher?.changed(this.#place, this);
  }

  /** Exchanges and tunnels that hold it now. */
  get inFlight(): number {
    return this.#inFlight;
  }

  set inFlight(count: number) {
    this.#inFlight = count;
    this.#watcher?.changed(this.#place, this);
  }

  /** It became fit for requests after others were: its share grows from now on. @param now  monotonic clock */
  rampFrom(now: number): void {
    this.readySince = now;
  }

  /** @param place  what `watcher` is told with each change */
  watch(watcher: EndpointWatcher, place: number): void {
    if (this.#watcher !== watcher) this.#watcher?.lost();
    this.#watcher = watcher;
    this.#place = place;
  }

  /** The place that `watcher` gave it; -1 when somebody else watches it. */
  placeIn(watcher: EndpointWatcher): number {
    return this.#watcher === watcher ? this.#place : -1;
  }
}
