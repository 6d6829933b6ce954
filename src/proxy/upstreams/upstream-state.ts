import type { EndpointId } from '../../model/ids.ts';
import type { Upstream } from '../../model/upstream.ts';
import type { EndpointState } from './endpoint-state.ts';

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

/** One upstream in one worker. Survives snapshots; only `UpstreamSet` changes it. */
export class UpstreamState {
  upstream: Upstream;
  /** All endpoints, in the order of their ids. Another set is another map. */
  endpoints: ReadonlyMap<EndpointId, EndpointState> = new Map();
  /** Those that requests may go to now, in the order of their ids. Another set is another array. */
  pickable: readonly EndpointState[] = [];
  pickableReason: PickableReason = 'none';
  /** undefined while nothing is pickable. */
  picker: EndpointPicker | undefined = undefined;

  constructor(upstream: Upstream) {
    this.upstream = upstream;
  }
}
