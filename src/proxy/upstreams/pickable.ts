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
  if (healthy.length > 0) return rung('healthy', healthy);
  if (ready.length > 0) return rung('checks-ignored', ready);
  if (members.length === 0) return { reason: 'none', endpoints: [] };
  const passing = members.filter((member) => member.healthy);
  return rung('draining', passing.length > 0 ? passing : members);
}

function rung(reason: PickableReason, members: readonly Member[]): PickableEndpoints {
  const kept = members.filter((member) => !member.ejected);
  return { reason, endpoints: (kept.length > 0 ? kept : members).map(({ state }) => state) };
}
