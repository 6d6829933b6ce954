import type { Diagnostic } from '../../model/diagnostic.ts';
import type { EndpointId, UpstreamId } from '../../model/ids.ts';
import { keyOf } from '../../model/object-ref.ts';
import type { HealthCheck, Upstream } from '../../model/upstream.ts';
import type { Settings } from '../../settings/settings.ts';
import type { Endpoints, EndpointSlice, Pod, Service } from '../objects/kinds.ts';
import type { ObjectView } from '../objects/object-store.ts';
import type { ServiceSources } from './endpoints.ts';
import type { ListChanges } from './identity.ts';
import { changedItems, keepEntries, keepEqual, keepItems } from './identity.ts';
import type { ResolvedUpstream } from './resolve-upstream.ts';
import { resolveUpstream } from './resolve-upstream.ts';
import type { UpstreamPlan } from './upstream-plan.ts';

/** What all upstreams come to. */
export interface ResolvedUpstreams {
  readonly upstreams: ReadonlyMap<UpstreamId, Upstream>;
  readonly healthChecks: ReadonlyMap<UpstreamId, ReadonlyMap<EndpointId, HealthCheck>>;
  readonly orphans: ReadonlyMap<UpstreamId, NonNullable<ResolvedUpstream['orphan']>>;
  readonly diagnostics: readonly Diagnostic[];
}

/** The four lists that upstreams are made of. */
interface Lists {
  readonly services: readonly Service[];
  readonly slices: readonly EndpointSlice[];
  readonly legacy: readonly Endpoints[];
  readonly pods: readonly Pod[];
}

/** What differs from the last run: keys of Services, and names of pods by namespace. */
interface Changes {
  readonly services: ReadonlySet<string>;
  readonly pods: ReadonlyMap<string, ReadonlySet<string>>;
}

interface Entry {
  readonly plan: UpstreamPlan;
  readonly resolved: ResolvedUpstream;
}

const nothing: Lists = { services: [], slices: [], legacy: [], pods: [] };

/**
 * Upstreams of all plans. Remembers the last run and looks again only at upstreams whose plan, Service, EndpointSlices
 * or pods are not the same objects as before.
 */
export class UpstreamMemory {
  readonly #settings: Settings;
  #lists: Lists = nothing;
  readonly #slices = new Map<string, readonly EndpointSlice[]>();
  #entries = new Map<UpstreamId, Entry>();
  #plans: readonly UpstreamPlan[] = [];
  #zone = '';
  #last: ResolvedUpstreams = { upstreams: new Map(), healthChecks: new Map(), orphans: new Map(), diagnostics: [] };

  /** @param settings  effective ones; others need another memory */
  constructor(settings: Settings) {
    this.#settings = settings;
  }

  /** @param zone  of this replica; empty when it is not known */
  resolve(plans: readonly UpstreamPlan[], objects: ObjectView, zone: string): ResolvedUpstreams {
    const changes = this.#take(objects);
    const sameZone = zone === this.#zone;
    const samePlans = plans === this.#plans && sameZone;
    if (samePlans && changes.services.size === 0 && changes.pods.size === 0) return this.#last;
    const known = this.#entries;
    if (!samePlans) this.#entries = new Map();
    this.#plans = plans;
    this.#zone = zone;
    const changed: Entry[] = [];
    for (const plan of plans) {
      const before = known.get(plan.id);
      const stays = before !== undefined && before.plan === plan && sameZone && !isTouched(before, changes);
      const entry = stays ? before : { plan, resolved: this.#resolve(plan, objects, before?.resolved) };
      if (!stays) changed.push(entry);
      if (!stays || !samePlans) this.#entries.set(plan.id, entry);
    }
    this.#last = samePlans ? this.#amend(changed) : this.#gather();
    return this.#last;
  }

  /** Compares the lists with those of the last run, and keeps the index of slices. */
  #take(objects: ObjectView): Changes {
    const before = this.#lists;
    const now: Lists = {
      services: objects.list('Service'),
      slices: objects.list('EndpointSlice'),
      legacy: objects.list('Endpoints'),
      pods: objects.list('Pod'),
    };
    this.#lists = now;
    const services = new Set(this.#index(changedItems(before.slices, now.slices)));
    for (const one of both(changedItems(before.services, now.services))) services.add(keyOf(one));
    for (const one of both(changedItems(before.legacy, now.legacy))) services.add(keyOf(one));
    const pods = new Map<string, Set<string>>();
    for (const { namespace, name } of both(changedItems(before.pods, now.pods))) {
      const names = pods.get(namespace) ?? new Set();
      pods.set(namespace, names.add(name));
    }
    return { services, pods };
  }

  /** @returns keys of the Services whose slices changed */
  #index({ removed, added }: ListChanges<EndpointSlice>): Iterable<string> {
    const gone = new Set(removed);
    const groups = Map.groupBy([...removed, ...added], serviceKeyOf);
    const addedTo = Map.groupBy(added, serviceKeyOf);
    for (const key of groups.keys()) {
      const stay = (this.#slices.get(key) ?? []).filter((slice) => !gone.has(slice));
      const group = [...stay, ...(addedTo.get(key) ?? [])].sort((a, b) => (a.name < b.name ? -1 : 1));
      if (group.length === 0) this.#slices.delete(key);
      else this.#slices.set(key, group);
    }
    return groups.keys();
  }

  #resolve(plan: UpstreamPlan, objects: ObjectView, before: ResolvedUpstream | undefined): ResolvedUpstream {
    const { namespace, service, serviceKey } = plan;
    const sources: ServiceSources = {
      slices: this.#slices.get(serviceKey) ?? [],
      legacy: objects.get('Endpoints', namespace, service),
      pod: (name) => objects.get('Pod', namespace, name),
      zone: this.#zone,
    };
    const next = resolveUpstream(plan, objects.get('Service', namespace, service), sources, this.#settings);
    return keepParts(before, next);
  }

  /** The same plans as before: copies of the maps with what changed in them. */
  #amend(changed: readonly Entry[]): ResolvedUpstreams {
    const last = this.#last;
    const upstreams = new Map(last.upstreams);
    const healthChecks = new Map(last.healthChecks);
    const orphans = new Map(last.orphans);
    for (const { plan, resolved } of changed) {
      upstreams.set(plan.id, resolved.upstream);
      if (resolved.checks.size > 0) healthChecks.set(plan.id, resolved.checks);
      else healthChecks.delete(plan.id);
      if (resolved.orphan === undefined) orphans.delete(plan.id);
      else orphans.set(plan.id, resolved.orphan);
    }
    return this.#kept({ upstreams, healthChecks, orphans, diagnostics: this.#said() });
  }

  #gather(): ResolvedUpstreams {
    const upstreams = new Map<UpstreamId, Upstream>();
    const healthChecks = new Map<UpstreamId, ReadonlyMap<EndpointId, HealthCheck>>();
    const orphans = new Map<UpstreamId, NonNullable<ResolvedUpstream['orphan']>>();
    for (const [id, { resolved }] of this.#entries) {
      upstreams.set(id, resolved.upstream);
      if (resolved.checks.size > 0) healthChecks.set(id, resolved.checks);
      if (resolved.orphan !== undefined) orphans.set(id, resolved.orphan);
    }
    return this.#kept({ upstreams, healthChecks, orphans, diagnostics: this.#said() });
  }

  /** In the order of the plans. */
  #said(): readonly Diagnostic[] {
    const diagnostics: Diagnostic[] = [];
    for (const { plan, resolved } of this.#entries.values()) {
      if (plan.diagnostics.length > 0) diagnostics.push(...plan.diagnostics);
      if (resolved.diagnostics.length > 0) diagnostics.push(...resolved.diagnostics);
    }
    return diagnostics;
  }

  #kept(next: ResolvedUpstreams): ResolvedUpstreams {
    const last = this.#last;
    return {
      upstreams: keepEntries(last.upstreams, next.upstreams),
      healthChecks: keepEntries(last.healthChecks, next.healthChecks),
      orphans: keepEntries(last.orphans, next.orphans),
      diagnostics: keepItems(last.diagnostics, next.diagnostics),
    };
  }
}

function both<T>({ removed, added }: ListChanges<T>): readonly T[] {
  return [...removed, ...added];
}

function serviceKeyOf(slice: EndpointSlice): string {
  return `${slice.namespace}/${slice.service}`;
}

function isTouched({ plan, resolved }: Entry, changes: Changes): boolean {
  if (changes.services.has(plan.serviceKey)) return true;
  const pods = changes.pods.get(plan.namespace);
  return pods !== undefined && resolved.pods.some((name) => pods.has(name));
}

/** Endpoints that did not change stay the same objects, so that comparing upstreams stops at them. */
function keepParts(before: ResolvedUpstream | undefined, next: ResolvedUpstream): ResolvedUpstream {
  if (before === undefined) return next;
  const known = new Map(before.upstream.endpoints.map((endpoint) => [endpoint.id, endpoint]));
  const endpoints = next.upstream.endpoints.map((endpoint) => keepEqual(known.get(endpoint.id), endpoint));
  const upstream = { ...next.upstream, endpoints: keepItems(before.upstream.endpoints, endpoints) };
  return {
    ...next,
    upstream: keepEqual(before.upstream, upstream),
    checks: keepEqual(before.checks, next.checks),
    diagnostics: keepEqual(before.diagnostics, next.diagnostics),
  };
}
