import type { EndpointId } from '../../model/ids.ts';
import type { EndpointCandidate } from './endpoints.ts';
import type { UpstreamPlan } from './upstream-plan.ts';

/** What zones mean for the endpoints of one upstream. */
export interface ZonePlan {
  /** Endpoints that get all requests while they can. */
  readonly near: ReadonlySet<EndpointId>;
  /** Endpoints that weigh more, and how many times. */
  readonly heavier: ReadonlySet<EndpointId>;
  readonly factor: number;
}

const nobody: ReadonlySet<EndpointId> = new Set();

/** @param zone  of this replica; empty when it is not known, and then zones do not matter */
export function planZones(candidates: readonly EndpointCandidate[], zone: string, plan: UpstreamPlan): ZonePlan {
  const { balancing, zoneRouting, zoneWeight } = plan.wish;
  const factor = balancing.algorithm === 'weighted' ? (zoneWeight ?? 1) : 1;
  const none: ZonePlan = { near: nobody, heavier: nobody, factor: 1 };
  const ready = candidates.filter(({ state }) => state === 'ready');
  if (zone === '') return none;
  const hinted = ready.every(({ zoneHints }) => zoneHints !== undefined);
  switch (zoneRouting ?? (factor > 1 || hashes(plan) ? 'off' : 'hints')) {
    case 'hints':
      return { ...none, near: hinted ? hintedFor(ready, zone) : nobody };
    case 'prefer':
      return { ...none, near: within(ready, zone) };
    case 'off':
      return { near: nobody, heavier: hinted ? hintedFor(ready, zone) : within(ready, zone), factor };
  }
}

/**
 * Keys, and sessions that are kept by hashing, must lead to the same endpoint at every replica, whatever its zone. Sessions
 * of a canary are those of the rule whose requests it takes, which may hash them.
 */
function hashes({ claims, wish }: UpstreamPlan): boolean {
  const { algorithm } = wish.balancing;
  if (algorithm === 'hash' || algorithm === 'ip_hash') return true;
  return claims.some(({ canary, hashesSessions }) => canary === true || hashesSessions === true);
}

/**
 * Hints count only when every ready endpoint has them: while the controller of the slices changes them, some say what
 * the others do not know yet. Source: Kubernetes, pkg/proxy/topology.go, `topologyModeFromHints`.
 */
function hintedFor(ready: readonly EndpointCandidate[], zone: string): ReadonlySet<EndpointId> {
  return new Set(ready.filter(({ zoneHints }) => zoneHints?.includes(zone)).map(({ id }) => id));
}

function within(ready: readonly EndpointCandidate[], zone: string): ReadonlySet<EndpointId> {
  return new Set(ready.filter((candidate) => candidate.zone === zone).map(({ id }) => id));
}
