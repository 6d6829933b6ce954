import type { Diagnostic } from '../../model/diagnostic.ts';
import type { EndpointId, UpstreamId } from '../../model/ids.ts';
import { keyOf } from '../../model/object-ref.ts';
import type { HealthCheck, Upstream } from '../../model/upstream.ts';
import type { Settings } from '../../settings/settings.ts';
import type { Endpoints, EndpointSlice, Pod, Service } from '../objects/kinds.ts';
import type { ObjectView } from '../objects/object-store.ts';
import type { ServiceSources } from './endpoints.ts';
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
  #entries: ReadonlyMap<UpstreamId, Entry> = new Map();
  #plans: readonly UpstreamPlan[] = [];
  #last: ResolvedUpstreams = { upstreams: new Map(), healthChecks: new Map(), orphans: new Map(), diagnostics: [] };

  /** @param settings  effective ones; others need another memory */
  constructor(settings: Settings) {
    this.#settings = settings;
  }

  resolve(plans: readonly UpstreamPlan[], objects: ObjectView): ResolvedUpstreams {
    const changes = this.#take(objects);
    if (plans === this.#plans && changes.services.size === 0 && changes.pods.size === 0) return this.#last;
    const entries = new Map<UpstreamId, Entry>();
    for (const plan of plans) {
      const known = this.#entries.get(plan.id);
      const stays = known !== undefined && known.plan === plan && !isTouched(known, changes);
      entries.set(plan.id, stays ? known : { plan, resolved: this.#resolve(plan, objects, known?.resolved) });
    }
    this.#plans = plans;
    this.#entries = entries;
    this.#last = this.#gather(entries);
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
    const sliced = new Set(changedItems(before.slices, now.slices).map(serviceKeyOf));
    this.#index(sliced, now.slices);
    const others = [...changedItems(before.services, now.services), ...changedItems(before.legacy, now.legacy)];
    const pods = new Map<string, Set<string>>();
    for (const { namespace, name } of changedItems(before.pods, now.pods)) {
      const names = pods.get(namespace) ?? new Set();
      pods.set(namespace, names.add(name));
    }
    return { services: new Set([...sliced, ...others.map(keyOf)]), pods };
  }

  #index(services: ReadonlySet<string>, slices: readonly EndpointSlice[]): void {
    if (services.size === 0) return;
    const found = new Map<string, EndpointSlice[]>();
    for (const slice of slices) {
      const key = serviceKeyOf(slice);
      if (!services.has(key)) continue;
      const group = found.get(key);
      if (group === undefined) found.set(key, [slice]);
      else group.push(slice);
    }
    for (const key of services) {
      const group = found.get(key);
      if (group === undefined) this.#slices.delete(key);
      else this.#slices.set(key, group);
    }
  }

  #resolve(plan: UpstreamPlan, objects: ObjectView, before: ResolvedUpstream | undefined): ResolvedUpstream {
    const { namespace, service, serviceKey } = plan;
    const sources: ServiceSources = {
      slices: this.#slices.get(serviceKey) ?? [],
      legacy: objects.get('Endpoints', namespace, service),
      pod: (name) => objects.get('Pod', namespace, name),
    };
    const next = resolveUpstream(plan, objects.get('Service', namespace, service), sources, this.#settings);
    return keepParts(before, next);
  }

  #gather(entries: ReadonlyMap<UpstreamId, Entry>): ResolvedUpstreams {
    const upstreams = new Map<UpstreamId, Upstream>();
    const healthChecks = new Map<UpstreamId, ReadonlyMap<EndpointId, HealthCheck>>();
    const orphans = new Map<UpstreamId, NonNullable<ResolvedUpstream['orphan']>>();
    const diagnostics: Diagnostic[] = [];
    for (const [id, { plan, resolved }] of entries) {
      upstreams.set(id, resolved.upstream);
      if (resolved.checks.size > 0) healthChecks.set(id, resolved.checks);
      if (resolved.orphan !== undefined) orphans.set(id, resolved.orphan);
      for (const diagnostic of plan.diagnostics) diagnostics.push(diagnostic);
      for (const diagnostic of resolved.diagnostics) diagnostics.push(diagnostic);
    }
    return {
      upstreams: keepEntries(this.#last.upstreams, upstreams),
      healthChecks: keepEntries(this.#last.healthChecks, healthChecks),
      orphans: keepEntries(this.#last.orphans, orphans),
      diagnostics: keepItems(this.#last.diagnostics, diagnostics),
    };
  }
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
