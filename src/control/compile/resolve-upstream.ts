import type { Diagnostic } from '../../model/diagnostic.ts';
import type { EndpointId } from '../../model/ids.ts';
import { endpointId } from '../../model/ids.ts';
import type { ObjectRef } from '../../model/object-ref.ts';
import type { Endpoint, HealthCheck, Upstream } from '../../model/upstream.ts';
import type { Settings } from '../../settings/settings.ts';
import { endpointWeight } from '../annotations/groups/endpoint-weight.ts';
import { ownPrefix } from '../annotations/table.ts';
import { quoted } from '../objects/field-reader.ts';
import type { Pod, Service, ServicePort } from '../objects/kinds.ts';
import type { Problem } from './diagnostics.ts';
import { diagnose } from './diagnostics.ts';
import type { EndpointCandidate, FoundEndpoints, ServiceSources } from './endpoints.ts';
import { findEndpoints } from './endpoints.ts';
import { checkExternalName } from './external-names.ts';
import type { UnfitAnnotation } from './health-checks.ts';
import { planCheck, uncheckableName } from './health-checks.ts';
import { describePorts, findServicePort } from './service-ports.ts';
import type { UpstreamPlan } from './upstream-plan.ts';
import type { ZonePlan } from './zones.ts';
import { planZones } from './zones.ts';

/** An upstream with everything that belongs to it. */
export interface ResolvedUpstream {
  readonly upstream: Upstream;
  readonly checks: ReadonlyMap<EndpointId, HealthCheck>;
  readonly diagnostics: readonly Diagnostic[];
  /** Why nobody is there to answer. */
  readonly orphan?: 'no-service' | 'no-endpoint';
  /** Names of the pods that were looked at or looked for, in the namespace of the upstream. */
  readonly pods: readonly string[];
}

/** Looks what stands behind an upstream. An upstream without endpoints stays: the worker answers 503. */
export function resolveUpstream(
  plan: UpstreamPlan,
  service: Service | undefined,
  sources: ServiceSources,
  settings: Settings,
): ResolvedUpstream {
  const resolver = new UpstreamResolver(plan, sources, settings);
  if (service === undefined) resolver.reportMissingService();
  else resolver.resolve(service);
  return resolver.result();
}

/** One run over one upstream; gathers endpoints, checks and diagnostics. */
class UpstreamResolver {
  readonly #plan: UpstreamPlan;
  readonly #sources: ServiceSources;
  readonly #settings: Settings;
  readonly #endpoints: Endpoint[] = [];
  readonly #checks = new Map<EndpointId, HealthCheck>();
  readonly #pods: string[] = [];
  readonly #diagnostics: Diagnostic[] = [];
  /** Codes of problems and annotations that pods share: said once for each upstream, of the first pod. */
  readonly #saidOfPods = new Set<string>();
  #orphan: ResolvedUpstream['orphan'];

  constructor(plan: UpstreamPlan, sources: ServiceSources, settings: Settings) {
    this.#plan = plan;
    this.#sources = sources;
    this.#settings = settings;
  }

  result(): ResolvedUpstream {
    const { id, namespace, service, port, wish } = this.#plan;
    const { balancing, protocol, ejection, slowStartMs, limits } = wish;
    const upstream: Upstream = {
      id,
      namespace,
      service,
      port: `${port}`,
      protocol,
      balancing,
      ...(ejection !== undefined && { ejection }),
      ...(slowStartMs !== undefined && { slowStartMs }),
      ...(limits !== undefined && { limits }),
      endpoints: this.#endpoints,
    };
    const orphan = this.#orphan ?? (this.#endpoints.length === 0 ? 'no-endpoint' : undefined);
    return {
      upstream,
      checks: this.#checks,
      diagnostics: this.#diagnostics,
      ...(orphan === undefined ? {} : { orphan }),
      pods: this.#pods,
    };
  }

  reportMissingService(): void {
    this.#orphan = 'no-service';
    const problem = {
      code: 'service-missing',
      what: this.#unserved(),
      why: 'there is no such Service',
    } as const;
    for (const { owner, field } of this.#plan.claims) {
      const fix =
        owner.kind === 'Service'
          ? 'Create the Service, or correct --default-backend-service.'
          : 'Create the Service in the namespace of the Ingress, or correct the name.';
      this.#diagnostics.push(diagnose(owner, field, { ...problem, fix }));
    }
  }

  resolve(service: Service): void {
    const found = findServicePort(service, this.#plan.port);
    if (found === undefined) return this.#reportMissingPort(service);
    if (found.byTarget) this.#reportTargetPort(found.port);
    if (service.type === 'ExternalName') return this.#addExternalName(service, found.port);
    if (this.#plan.wish.serviceUpstream && this.#addService(service, found.port)) return undefined;
    return this.#addEndpoints(found.port);
  }

  /** @returns whether the Service has an address of its own */
  #addService(service: Service, { port }: ServicePort): boolean {
    const address = service.clusterIP;
    if (address === '' || address === 'None') {
      this.#report({
        code: 'service-upstream-without-address',
        what: `service-upstream has no effect on ${this.#name()}`,
        why: 'the Service has no address of its own',
        fix: 'Remove the annotation, or give the Service a clusterIP.',
      });
      return false;
    }
    const id = endpointId(address, port);
    this.#endpoints.push({ id, address, port, state: 'ready', weight: 1 });
    this.#check(id, address, port, undefined);
    return true;
  }

  /** The number of the target port counts, as in ingress-nginx; a name means nothing outside of pods. */
  #addExternalName(service: Service, { port, targetPort }: ServicePort): void {
    const number = typeof targetPort === 'number' ? targetPort : port;
    const check = checkExternalName(service.externalName, service.namespace);
    if (!this.#settings.enableExternalName) return this.#reportExternalName('it is of type ExternalName');
    if (check.kind === 'refused') return this.#reportRefusedName(check.why);
    const address = check.absolute;
    this.#endpoints.push({ id: endpointId(address, number), address, port: number, state: 'ready', weight: 1 });
    for (const unfit of uncheckableName(this.#plan.wish.healthCheck)) this.#reportUnfit(unfit);
    return undefined;
  }

  #addEndpoints(port: ServicePort): void {
    const found = findEndpoints(port, this.#sources, this.#settings.endpointsPolicy);
    const zones = planZones(found.candidates, this.#sources.zone, this.#plan);
    for (const candidate of found.candidates) this.#add(candidate, zones);
    for (const candidate of found.names) this.#addNamed(candidate);
    this.#reportGaps(found);
    if (this.#endpoints.length === 0) this.#reportNoEndpoints(found);
  }

  #add(candidate: EndpointCandidate, zones: ZonePlan): void {
    const { id, address, port, state, zone } = candidate;
    const pod = candidate.pod === undefined ? undefined : this.#lookUp(candidate.pod);
    this.#endpoints.push({
      id,
      address,
      port,
      state,
      weight: (pod === undefined ? 1 : this.#weightOf(pod)) * (zones.heavier.has(id) ? zones.factor : 1),
      ...(zone === undefined ? {} : { zone }),
      ...(zones.near.has(id) && { near: true }),
      ...(candidate.pod === undefined ? {} : { pod: this.#podRef(candidate.pod) }),
    });
    // A draining endpoint leaves anyway, and its pod's probe may well fail already.
    if (state === 'ready') this.#check(id, address, port, pod);
  }

  #check(id: EndpointId, address: string, port: number, pod: Pod | undefined): void {
    if (this.#settings.healthChecks === 'off') return;
    const { protocol, healthCheck: wish } = this.#plan.wish;
    const { check, problem, unfit } = planCheck({ pod, address, port, protocol, wish });
    if (check !== undefined) this.#checks.set(id, check);
    if (problem !== undefined && pod !== undefined) this.#reportOnPod(pod.name, problem.field, problem.problem);
    for (const one of unfit) this.#reportUnfit(one);
  }

  #addNamed(candidate: EndpointCandidate): void {
    const check = checkExternalName(candidate.address, this.#plan.namespace);
    if (!this.#settings.enableExternalName) return this.#reportExternalName('its endpoints have DNS names');
    if (check.kind === 'refused') return this.#reportRefusedName(check.why);
    const { port, state } = candidate;
    const address = check.absolute;
    this.#endpoints.push({ id: endpointId(address, port), address, port, state, weight: 1 });
    for (const unfit of uncheckableName(this.#plan.wish.healthCheck)) this.#reportUnfit(unfit);
    return undefined;
  }

  #lookUp(name: string): Pod | undefined {
    this.#pods.push(name);
    return this.#sources.pod(name);
  }

  #weightOf(pod: Pod): number {
    const key = `${ownPrefix}/${endpointWeight.key}`;
    const text = pod.annotations[key]?.trim() ?? '';
    if (text === '') return 1;
    const result = endpointWeight.value.parse(text);
    if (result.ok) return result.value;
    this.#reportOnPod(pod.name, `metadata.annotations[${key}]`, {
      code: 'weight-invalid',
      what: `\`${key}\` of pods like \`${pod.namespace}/${pod.name}\` is ignored`,
      why: result.why,
      fix: `Write ${endpointWeight.value.describe}.`,
    });
    return 1;
  }

  #podRef(name: string): ObjectRef {
    return { kind: 'Pod', namespace: this.#plan.namespace, name };
  }

  #reportMissingPort(service: Service): void {
    this.#orphan = 'no-service';
    this.#report({
      code: 'service-port-missing',
      what: this.#unserved(),
      why: `the Service has no port ${quoted(`${this.#plan.port}`)}; ${describePorts(service)}`,
      fix: 'Write a port of the Service, by its number or its name.',
    });
  }

  #reportTargetPort({ port }: ServicePort): void {
    this.#report({
      code: 'service-port-is-target-port',
      what: `requests for ${this.#name()} go to port ${port} of the Service`,
      why: `${this.#plan.port} is the target port, not the port`,
      fix: `Write ${port}.`,
    });
  }

  /** What becomes of requests. */
  #unserved(): string {
    const { claims } = this.#plan;
    if (claims.every(({ copies }) => copies === true)) return `copies of requests for ${this.#name()} are dropped`;
    const takers = claims.filter(({ copies, canary }) => copies !== true && canary !== true);
    if (takers.length === 0) return `${this.#name()} takes no requests as a canary and leaves them to the rule`;
    return takers.every(({ holds }) => holds === true)
      ? `requests for ${this.#name()} wait for its first endpoint, and are answered with 503 when none comes in time`
      : `requests for ${this.#name()} are answered with 503`;
  }

  #reportExternalName(why: string): void {
    this.#reportOnce({
      code: 'external-name-disabled',
      what: this.#unserved(),
      why: `${why}, and such a name can lead anywhere`,
      fix: 'Ask the operator to start Fairway with --enable-external-name, or send to a Service with endpoints.',
    });
  }

  #reportRefusedName(why: string): void {
    this.#reportOnce({
      code: 'external-name-refused',
      what: this.#unserved(),
      why,
      fix: 'Write the full name of a host outside of the cluster, or send to a Service of the own namespace.',
    });
  }

  #reportGaps({ unmanaged, withoutPort }: FoundEndpoints): void {
    if (unmanaged !== undefined) {
      this.#report({
        code: 'endpoints-unmanaged',
        what: `some endpoints of ${this.#name()} get no requests`,
        why: `EndpointSlice \`${unmanaged}\` holds some that Kubernetes does not manage, and Fairway runs with --endpoints=managed-only`,
        fix: 'Give the Service a selector, or start Fairway with --endpoints=any.',
      });
    }
    if (withoutPort === undefined) return;
    this.#report({
      code: 'endpoint-port-missing',
      what: `some endpoints of ${this.#name()} get no requests`,
      why: `EndpointSlice \`${withoutPort}\` gives no number for the port`,
      fix: 'Write the number of the port into the slice.',
    });
  }

  #reportNoEndpoints({ notReady }: FoundEndpoints): void {
    this.#reportOnce({
      code: 'service-without-endpoints',
      what: this.#unserved(),
      why: notReady ? 'none of its endpoints is ready' : 'the Service has no endpoints for this port',
      fix: notReady
        ? 'Look why the readiness probes of its pods fail.'
        : 'Compare the selector of the Service with the labels of the pods, and the target port with their ports.',
    });
  }

  #name(): string {
    const port = this.#plan.port === 0 ? '' : `:${this.#plan.port}`;
    return `Service \`${this.#plan.serviceKey}${port}\``;
  }

  /** Nothing else was said yet: one reason is enough. */
  #reportOnce(problem: Problem): void {
    if (this.#diagnostics.every(({ severity }) => severity !== 'error')) this.#report(problem);
  }

  /** To every Ingress that sends there. */
  #report(problem: Problem): void {
    for (const { owner, field } of this.#plan.claims) this.#diagnostics.push(diagnose(owner, field, problem));
  }

  /** On the Ingress whose annotations count; once, of the first endpoint that they do not fit. */
  #reportUnfit({ key, problem }: UnfitAnnotation): void {
    const claim = this.#plan.claims.find(({ wish }) => wish.healthCheck !== undefined);
    if (claim === undefined || this.#saidOfPods.has(key)) return;
    this.#saidOfPods.add(key);
    this.#diagnostics.push(diagnose(claim.owner, `metadata.annotations[${ownPrefix}/${key}]`, problem));
  }

  #reportOnPod(name: string, field: string, problem: Problem): void {
    if (this.#saidOfPods.has(problem.code)) return;
    this.#saidOfPods.add(problem.code);
    this.#diagnostics.push(diagnose(this.#podRef(name), field, problem));
  }
}
