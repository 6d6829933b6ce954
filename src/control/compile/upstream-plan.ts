import type { Diagnostic } from '../../model/diagnostic.ts';
import type { UpstreamId } from '../../model/ids.ts';
import { keyOf } from '../../model/object-ref.ts';
import { equalData } from '../../model/update.ts';
import type { Balancing } from '../../model/upstream.ts';
import type { Settings } from '../../settings/settings.ts';
import type { UpstreamWish } from '../annotations/definition.ts';
import type { ServicePortRef } from '../objects/kinds.ts';
import { diagnose } from './diagnostics.ts';
import { keepItems } from './identity.ts';
import type { BackendClaim } from './ingress-plan.ts';

/** One Service port after all Ingresses that send there have been heard; what is behind it is not known yet. */
export interface UpstreamPlan {
  readonly id: UpstreamId;
  readonly namespace: string;
  readonly service: string;
  /** `namespace/service` */
  readonly serviceKey: string;
  readonly port: ServicePortRef;
  /** Oldest first, at least one. */
  readonly claims: readonly BackendClaim[];
  readonly wish: EffectiveWish;
  readonly diagnostics: readonly Diagnostic[];
}

/** What the claims come to; what nobody asked for and has no default is absent. */
export type EffectiveWish = UpstreamWish & Required<Pick<UpstreamWish, 'balancing' | 'protocol' | 'serviceUpstream'>>;

/** Groups claims by upstream. Upstreams whose claims are the same as last time keep their plan. */
export function createUpstreamPlanner(
  settings: Settings,
): (claims: readonly BackendClaim[]) => readonly UpstreamPlan[] {
  let known: ReadonlyMap<UpstreamId, UpstreamPlan> = new Map();
  return (claims) => {
    const plans = new Map<UpstreamId, UpstreamPlan>();
    for (const [id, group] of Map.groupBy(claims, (claim) => claim.upstream)) {
      const last = known.get(id);
      const same = last !== undefined && keepItems(last.claims, group) === last.claims;
      plans.set(id, same ? last : planUpstream(id, group, settings));
    }
    known = plans;
    return [...plans.values()];
  };
}

/** For each thing that can be asked, the oldest Ingress that asks for it is heard; younger ones that differ are told. */
function planUpstream(id: UpstreamId, claims: readonly BackendClaim[], settings: Settings): UpstreamPlan {
  const [first] = claims;
  const { namespace, service, port } = first ?? { namespace: '', service: '', port: 0 };
  const balancing: Balancing = { algorithm: settings.loadBalance };
  const defaults: EffectiveWish = { balancing, protocol: 'http', serviceUpstream: false };
  const wishes = wishNames.map((name) => [name, claims.find((claim) => claim.wish[name] !== undefined)] as const);
  return {
    id,
    namespace,
    service,
    serviceKey: `${namespace}/${service}`,
    port,
    claims,
    wish: Object.assign({}, defaults, ...wishes.map(([name, claim]) => claim && { [name]: claim.wish[name] })),
    diagnostics: wishes.flatMap(([name, winner]) => (winner === undefined ? [] : losers(name, winner, claims))),
  };
}

const words: Readonly<Record<keyof UpstreamWish, string>> = {
  balancing: 'load-balance or upstream-hash-by',
  protocol: 'backend-protocol',
  serviceUpstream: 'service-upstream',
  ejection: 'ejection',
  slowStartMs: 'slow-start',
  zoneRouting: 'zone-routing',
  zoneWeight: 'zone-weight',
  limits: 'the limits of connections and of the queue',
  healthCheck: 'health-check',
};

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the keys of a record over the union
const wishNames = Object.keys(words) as readonly (keyof UpstreamWish)[];

function losers(name: keyof UpstreamWish, winner: BackendClaim, claims: readonly BackendClaim[]): Diagnostic[] {
  const others = claims.filter((claim) => {
    const asked = claim.wish[name];
    return claim !== winner && asked !== undefined && !equalData(asked, winner.wish[name]);
  });
  return others.map((claim) =>
    diagnose(claim.owner, 'metadata.annotations', {
      code: 'upstream-conflict',
      what: `${words[name]} of \`${keyOf(claim.owner)}\` has no effect on Service \`${claim.namespace}/${claim.service}\``,
      why: `Ingress \`${keyOf(winner.owner)}\` sends to the same port, asks for something else, and comes first by age or name`,
      fix: 'Ask for the same in both, or send to another Service.',
    }),
  );
}
