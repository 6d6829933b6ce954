import type { HostPattern } from '../../model/ids.ts';
import { catchAllHost } from '../../model/ids.ts';
import type { DefaultBackend } from './default-backend.ts';
import { keepItems } from './identity.ts';
import type { HostClaim, IngressPlan } from './ingress-plan.ts';
import type { HostPlan } from './precedence.ts';
import { mergeHost } from './precedence.ts';

/** Groups what Ingresses want by host. A host that is wanted as last time keeps its plan. */
export function createHostPlanner(
  defaultBackend: DefaultBackend | undefined,
): (plans: readonly IngressPlan[]) => readonly HostPlan[] {
  let known: ReadonlyMap<HostPattern, HostPlan> = new Map();
  return (plans) => {
    const claims = Map.groupBy(
      plans.flatMap((plan) => plan.hosts),
      (claim) => claim.host,
    );
    if (defaultBackend !== undefined && !claims.has(catchAllHost)) claims.set(catchAllHost, []);
    const next = new Map<HostPattern, HostPlan>();
    for (const [host, group] of claims) {
      const last = known.get(host);
      next.set(host, isSame(last, group) ? last : mergeHost(host, group, defaultBackend?.routeFor(host)));
    }
    known = next;
    return [...next.values()];
  };
}

function isSame(last: HostPlan | undefined, claims: readonly HostClaim[]): last is HostPlan {
  return last !== undefined && keepItems(last.claims, claims) === last.claims;
}
