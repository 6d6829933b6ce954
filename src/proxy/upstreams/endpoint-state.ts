import type { Endpoint } from '../../model/upstream.ts';

/** One endpoint of one upstream in one worker. Survives snapshots, so that counts and latencies do. */
export class EndpointState {
  endpoint: Endpoint;
  /** Exchanges and tunnels that hold it now. */
  inFlight = 0;
  /** Peak EWMA of the time to the head of an answer, in milliseconds; 0 before the first one. */
  latencyMs = 0;
  /** When `latencyMs` was last fed, on the monotonic clock. */
  latencyAt = 0;
  /** From the health checks of the control process. */
  healthy = true;

  constructor(endpoint: Endpoint) {
    this.endpoint = endpoint;
  }
}
