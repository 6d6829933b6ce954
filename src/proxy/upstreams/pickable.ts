import type { Endpoint } from '../../model/upstream.ts';
import type { EndpointState } from './endpoint-state.ts';
import type { PickableReason } from './upstream-state.ts';

/** An endpoint as the next snapshot has it, with the state that counts for it. */
export interface Member {
  readonly endpoint: Endpoint;
  readonly state: EndpointState;
  readonly healthy: boolean;
  /** Left out because tries failed there. */
  readonly ejected: boolean;
}

export interface PickableEndpoints {
  readonly reason: PickableReason;
  readonly endpoints: readonly EndpointState[];
}

/**
 * The fallback ladder: the first rung that holds an endpoint. Checks are never the reason for answering 503: when all
 * ready endpoints fail them, the checks themselves are the likelier fault. Nor are ejections: a rung that would be empty
 * because of them keeps its ejected endpoints.
 */
export function pickableOf(members: readonly Member[]): PickableEndpoints {
  const ready = members.filter(({ endpoint }) => endpoint.state === 'ready');
  const healthy = ready.filter((member) => member.healthy);
  if (healthy.length > 0) return rung('healthy', nearOf(ready, healthy));
  if (ready.length > 0) return rung('checks-ignored', ready);
  if (members.length === 0) return { reason: 'none', endpoints: [] };
  const passing = members.filter((member) => member.healthy);
  return rung('draining', passing.length > 0 ? passing : members);
}

/**
 * Those that are for the zone of this replica, as long as at least half of them can take requests: with less, each would
 * carry more than twice what it is meant for. Then, and when none is for it, the healthy ones of all zones.
 * Source: Kubernetes, Topology Aware Routing; kube-proxy, which knows no health but readiness, never falls over.
 */
function nearOf(ready: readonly Member[], healthy: readonly Member[]): readonly Member[] {
  const isNear = ({ endpoint }: Member): boolean => endpoint.near === true;
  const near = healthy.filter((member) => isNear(member) && !member.ejected);
  return near.length > 0 && 2 * near.length >= ready.filter(isNear).length ? near : healthy;
}

function rung(reason: PickableReason, members: readonly Member[]): PickableEndpoints {
  const kept = members.filter((member) => !member.ejected);
  return { reason, endpoints: (kept.length > 0 ? kept : members).map(({ state }) => state) };
}
