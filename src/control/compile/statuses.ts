import type { Diagnostic, Severity } from '../../model/diagnostic.ts';
import type { UpstreamId } from '../../model/ids.ts';
import type { ObjectRef } from '../../model/object-ref.ts';
import { keyOf } from '../../model/object-ref.ts';
import type { LoadBalancerAddress } from '../objects/kinds.ts';
import type { IngressState, IngressStatus, OrphanIngress } from './compilation.ts';
import type { IngressPlan } from './ingress-plan.ts';
import type { HostPlan } from './precedence.ts';

/** What to write into the status of each Ingress of ours. */
export function statusesOf(
  plans: readonly IngressPlan[],
  wanted: readonly LoadBalancerAddress[],
): readonly IngressStatus[] {
  return plans.map(({ ref, ingress }) => ({ ingress: ref, current: ingress.addresses, wanted }));
}

/** How each Ingress fares: `rejected` when nothing of it is served, `degraded` when not all is as written. */
export function statesOf(
  plans: readonly IngressPlan[],
  hosts: readonly HostPlan[],
  diagnostics: readonly Diagnostic[],
): readonly IngressState[] {
  const worst = worstByIngress(diagnostics);
  const serving = servingIngresses(hosts);
  return plans.map(({ ref }) => {
    const diagnostic = worst.size === 0 ? undefined : worst.get(keyOf(ref));
    if (diagnostic === undefined) return { ingress: ref, state: 'accepted', reason: '' };
    return { ingress: ref, state: serving.has(ref) ? 'degraded' : 'rejected', reason: diagnostic.code };
  });
}

const badness: Readonly<Record<Severity, number>> = { info: 0, warning: 1, error: 2 };

/** Of each Ingress the first of its worst diagnostics; what is only worth knowing does not count. */
function worstByIngress(diagnostics: readonly Diagnostic[]): ReadonlyMap<string, Diagnostic> {
  const worst = new Map<string, Diagnostic>();
  for (const diagnostic of diagnostics) {
    if (diagnostic.object.kind !== 'Ingress' || diagnostic.severity === 'info') continue;
    const key = keyOf(diagnostic.object);
    const known = worst.get(key);
    if (known === undefined || badness[diagnostic.severity] > badness[known.severity]) worst.set(key, diagnostic);
  }
  return worst;
}

/** By identity: plans and their routes share the reference. */
function servingIngresses(hosts: readonly HostPlan[]): ReadonlySet<ObjectRef> {
  const owners = new Set<ObjectRef>();
  for (const { routes } of hosts) {
    for (const { owner, action } of routes) {
      if (action.kind !== 'forward') continue;
      owners.add(owner);
      for (const { source } of action.canaries ?? []) owners.add(source);
    }
  }
  return owners;
}

/** Ingresses that send to Services which are missing or empty, each once for each reason. */
export function orphansOf(
  plans: readonly IngressPlan[],
  orphans: ReadonlyMap<UpstreamId, OrphanIngress['type']>,
): readonly OrphanIngress[] {
  if (orphans.size === 0) return [];
  return plans.flatMap(({ ref, backends }) => {
    const types = new Set(backends.flatMap(({ copies, upstream }) => (copies ? [] : (orphans.get(upstream) ?? []))));
    return [...types].map((type) => ({ ingress: ref, type }));
  });
}
