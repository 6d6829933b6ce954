import type { Canary } from '../../model/canary.ts';
import type { Diagnostic } from '../../model/diagnostic.ts';
import type { UpstreamId } from '../../model/ids.ts';
import type { ObjectRef } from '../../model/object-ref.ts';
import { keyOf } from '../../model/object-ref.ts';
import { quoted } from '../objects/field-reader.ts';
import type { Problem } from './diagnostics.ts';
import { diagnose } from './diagnostics.ts';
import { keepEqual, keepItems, rememberLast, sameItems } from './identity.ts';
import type { CanaryClaim, IngressPlan, RouteDraft } from './ingress-plan.ts';
import { matchKey } from './paths.ts';
import type { HostPlan } from './precedence.ts';
import { describeHost } from './precedence.ts';

/** Hosts whose routes have their canaries. */
export interface CanaryMerge {
  readonly hosts: readonly HostPlan[];
  readonly diagnostics: readonly Diagnostic[];
}

/** More canaries of one route are not served: each of its requests asks all of them. */
const mostCanaries = 16;

/**
 * Gives routes the canaries that want a part of their requests, the oldest Ingress first. A canary reaches no rule of
 * another namespace, where ingress-nginx looks at host and path alone. A host whose canaries are as last time keeps its
 * plan. Source: ingress-nginx, mergeAlternativeBackends.
 */
export function createCanaryMerger(): (hosts: readonly HostPlan[], plans: readonly IngressPlan[]) => CanaryMerge {
  const index = rememberLast(indexRoutes);
  const made = new WeakMap<HostPlan, MadeHost>();
  let last: CanaryMerge | undefined;
  let lastHosts: readonly HostPlan[] | undefined;
  return (hosts, plans) => {
    lastHosts = keepItems(lastHosts, hosts);
    const claims = plans.flatMap((plan) => plan.canaries ?? []);
    if (claims.length === 0) return { hosts: lastHosts, diagnostics: none };
    const merger = new CanaryMerger(index(lastHosts));
    for (const claim of claims) merger.add(claim);
    merger.reportBounds(claims);
    const next = lastHosts.map((host) => withCanaries(host, merger.canaries, made));
    last = { hosts: keepItems(last?.hosts, next), diagnostics: keepEqual(last?.diagnostics, merger.diagnostics) };
    return last;
  };
}

const none: readonly Diagnostic[] = [];

/** Where routes are found, by what canaries know of them. */
interface RouteIndex {
  /** Shape: `[host + match]`. */
  readonly byMatch: ReadonlyMap<string, RouteDraft>;
  readonly byUpstream: ReadonlyMap<UpstreamId, readonly RouteDraft[]>;
}

function indexRoutes(hosts: readonly HostPlan[]): RouteIndex {
  const byMatch = new Map<string, RouteDraft>();
  const byUpstream = new Map<UpstreamId, RouteDraft[]>();
  for (const { host, routes } of hosts) {
    for (const route of routes) {
      byMatch.set(`${host} ${matchKey(route.match)}`, route);
      if (route.action.kind !== 'forward') continue;
      const others = byUpstream.get(route.action.upstream);
      if (others === undefined) byUpstream.set(route.action.upstream, [route]);
      else others.push(route);
    }
  }
  return { byMatch, byUpstream };
}

/** One run over all claims; gathers the canaries of each route. */
class CanaryMerger {
  readonly canaries = new Map<RouteDraft, Canary[]>();
  readonly diagnostics: Diagnostic[] = [];
  readonly #index: RouteIndex;

  constructor(index: RouteIndex) {
    this.#index = index;
  }

  add(claim: CanaryClaim): void {
    const route = this.#index.byMatch.get(`${claim.host} ${matchKey(claim.match)}`);
    if (route === undefined || route.owner.kind !== 'Ingress') return this.#refuse(claim, noSuchRule);
    if (route.owner.namespace !== claim.owner.namespace)
      return void this.diagnostics.push(diagnose(claim.owner, claim.field, foreignRule(claim, route.owner)));
    if (route.action.kind === 'respond') return this.#refuse(claim, `\`${keyOf(route.owner)}\` answers it by itself`);
    const { upstream } = route.action;
    if (upstream === claim.canary.upstream)
      return this.#refuse(claim, `\`${keyOf(route.owner)}\` leads to the same Service and port`);
    for (const target of claim.scope === 'rule' ? [route] : this.#routesTo(upstream)) this.#attach(claim, target);
    return undefined;
  }

  /** What ingress-nginx would do beyond the rules of a canary, once for each canary Ingress and Service. */
  reportBounds(claims: readonly CanaryClaim[]): void {
    const said = new Set<string>();
    for (const claim of claims) {
      const route = this.#index.byMatch.get(`${claim.host} ${matchKey(claim.match)}`);
      if (claim.scope === 'service' || route?.action.kind !== 'forward' || !this.#has(route, claim)) continue;
      const { upstream } = route.action;
      const key = `${keyOf(claim.owner)} ${claim.canary.upstream} ${upstream}`;
      const others = said.has(key) ? [] : this.#routesTo(upstream).filter((other) => !this.#has(other, claim));
      said.add(key);
      const [other] = others;
      if (other !== undefined)
        this.diagnostics.push(diagnose(claim.owner, claim.field, bound(claim, other, others.length)));
    }
  }

  #routesTo(upstream: UpstreamId): readonly RouteDraft[] {
    return this.#index.byUpstream.get(upstream) ?? [];
  }

  #has(route: RouteDraft, { owner, canary }: CanaryClaim): boolean {
    const canaries = this.canaries.get(route) ?? [];
    return canaries.some(({ source, upstream }) => source === owner && upstream === canary.upstream);
  }

  /** Two rules of one canary Ingress may lead to the same routes when they are meant for all routes of a Service. */
  #attach(claim: CanaryClaim, route: RouteDraft): void {
    const canaries = this.canaries.get(route);
    if (canaries === undefined) return void this.canaries.set(route, [claim.canary]);
    if (this.#has(route, claim)) return undefined;
    if (canaries.length < mostCanaries) return void canaries.push(claim.canary);
    return this.#refuse(claim, `\`${keyOf(route.owner)}\` has ${mostCanaries} canaries there already`);
  }

  #refuse(claim: CanaryClaim, why: string): void {
    this.diagnostics.push(diagnose(claim.owner, claim.field, unattached(claim, why)));
  }
}

/** A host with its canaries, and what it was made of. */
interface MadeHost {
  /** Each route, followed by its canaries. */
  readonly parts: readonly unknown[];
  readonly host: HostPlan;
}

function withCanaries(
  host: HostPlan,
  canaries: ReadonlyMap<RouteDraft, readonly Canary[]>,
  made: WeakMap<HostPlan, MadeHost>,
): HostPlan {
  if (!host.routes.some((route) => canaries.has(route))) return host;
  const parts = host.routes.flatMap((route) => [route, ...(canaries.get(route) ?? [])]);
  const known = made.get(host);
  if (known !== undefined && sameItems(known.parts, parts)) return known.host;
  const next = { ...host, routes: host.routes.map((route) => routeWith(route, canaries.get(route))) };
  made.set(host, { parts, host: next });
  return next;
}

function routeWith(route: RouteDraft, canaries: readonly Canary[] | undefined): RouteDraft {
  const { action } = route;
  return canaries === undefined || action.kind === 'respond' ? route : { ...route, action: { ...action, canaries } };
}

const noSuchRule = 'no Ingress of its namespace that is no canary has the same host, path and path type';

function describeClaim({ owner, path, host }: CanaryClaim): string {
  return `path ${quoted(path)} of ${describeHost(host)} in the canary \`${keyOf(owner)}\``;
}

function unattached(claim: CanaryClaim, why: string): Problem {
  return {
    code: 'canary-unattached',
    what: `${describeClaim(claim)} gets no requests`,
    why,
    fix: 'Write the host, path and path type of the rule whose requests it takes, and another Service.',
  };
}

function foreignRule(claim: CanaryClaim, owner: ObjectRef): Problem {
  return {
    code: 'canary-of-another-namespace',
    what: `${describeClaim(claim)} gets no requests`,
    why: `the rule belongs to \`${keyOf(owner)}\` in another namespace`,
    fix: 'Move the canary Ingress and its Service to the namespace of the rule.',
  };
}

function bound(claim: CanaryClaim, other: RouteDraft, count: number): Problem {
  const { path, owner } = other;
  const more = count === 1 ? '' : ` and ${count - 1} more`;
  return {
    code: 'canary-bound',
    what: `the canary \`${keyOf(claim.owner)}\` takes requests of its own rules alone, not of path ${quoted(path)} in \`${keyOf(owner)}\`${more}`,
    why: 'these lead to the same Service and port, and ingress-nginx would send a part of their requests to it as well',
    fix: 'Nothing if that is what you want; else add the annotation fairway.dev/canary-scope with the value "service".',
  };
}
