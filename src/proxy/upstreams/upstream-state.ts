import type { EndpointId } from '../../model/ids.ts';
import type { UpstreamLimits } from '../../model/pool-policy.ts';
import type { Upstream } from '../../model/upstream.ts';
import type { EndpointState } from './endpoint-state.ts';
import type { WaitingRoom } from './waiting-room.ts';

/** Chooses one of the endpoints it was made for; a balancer, seen from here. */
export interface EndpointPicker {
  pick(key: string, tried: readonly EndpointState[]): EndpointState | undefined;
}

/**
 * Which endpoints requests may go to, from best to worst: ready ones whose check passes; all ready ones when every
 * check fails; terminating ones that still serve; none.
 * Source: drain.md section 5, fallback ladder; Kubernetes API, EndpointConditions.
 */
export type PickableReason = 'healthy' | 'checks-ignored' | 'draining' | 'none';

/** One upstream in one worker. Survives snapshots; only `UpstreamSet` changes it, and tries what they hold. */
export class UpstreamState {
  upstream: Upstream;
  /** All endpoints, in the order of their ids. Another set is another map. */
  endpoints: ReadonlyMap<EndpointId, EndpointState> = new Map();
  /** Those that requests may go to now, in the order of their ids. Another set is another array. */
  pickable: readonly EndpointState[] = [];
  pickableReason: PickableReason = 'none';
  /** Endpoints that returned from ejection and have not answered since. Another set is another array. */
  halfOpen: readonly EndpointState[] = [];
  /** undefined while nothing is pickable. */
  picker: EndpointPicker | undefined = undefined;
  /** This worker's share of what `upstream.limits` says; undefined: none. */
  limits: UpstreamLimits | undefined = undefined;
  /** Exchanges and tunnels that hold one of its endpoints now, also one that has left since. */
  inFlight = 0;
  /** Made when the first request has to wait. */
  waiting: WaitingRoom | undefined = undefined;

  constructor(upstream: Upstream) {
    this.upstream = upstream;
  }
}
