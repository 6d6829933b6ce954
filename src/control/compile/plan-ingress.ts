import type { Diagnostic } from '../../model/diagnostic.ts';
import type { HostPattern, UpstreamId } from '../../model/ids.ts';
import { catchAllHost, hostPattern, routeId, upstreamId } from '../../model/ids.ts';
import type { ObjectRef } from '../../model/object-ref.ts';
import { keyOf } from '../../model/object-ref.ts';
import type { RouteLabels, RoutePolicies } from '../../model/policy.ts';
import type { RouteAction } from '../../model/route.ts';
import type { Settings } from '../../settings/settings.ts';
import type { Interpretation } from '../annotations/interpret.ts';
import { interpretAnnotations } from '../annotations/interpret.ts';
import { quoted } from '../objects/field-reader.ts';
import type { Ingress, IngressBackend, IngressPath } from '../objects/kinds.ts';
import { planCanary } from './canary-plan.ts';
import type { Problem } from './diagnostics.ts';
import { diagnose } from './diagnostics.ts';
import type { BackendClaim, HostClaim, IngressPlan, RedirectPlan, RouteDraft } from './ingress-plan.ts';
import type { MirrorPlan } from './mirror-plan.ts';
import { planMirror } from './mirror-plan.ts';
import { canonicalPath, literalPrefix, matchOf, unreachablePath } from './paths.ts';
import { redirectPlan } from './redirect-plan.ts';
import { tlsClaims, tlsProblems } from './tls-claims.ts';
import { upstreamHash as hashOf } from './upstream-hash.ts';

/** Reads one Ingress of ours by itself. @param settings  effective ones */
export function planIngress(ingress: Ingress, settings: Settings): IngressPlan {
  return new IngressPlanner(ingress, settings).plan();
}

/** One run over one Ingress; gathers claims and diagnostics. */
class IngressPlanner {
  readonly #ingress: Ingress;
  readonly #settings: Settings;
  readonly #ref: ObjectRef;
  readonly #key: string;
  readonly #meaning: Interpretation;
  readonly #redirect: RedirectPlan;
  readonly #mirror: MirrorPlan | undefined;
  readonly #backends = new Map<UpstreamId, BackendClaim>();
  readonly #diagnostics: Diagnostic[] = [];

  constructor(ingress: Ingress, settings: Settings) {
    this.#ingress = ingress;
    this.#settings = settings;
    this.#ref = { kind: 'Ingress', namespace: ingress.namespace, name: ingress.name };
    this.#key = keyOf(ingress);
    this.#meaning = interpretAnnotations(ingress, settings);
    this.#redirect = redirectPlan(this.#meaning.meaning.redirect, settings);
    this.#diagnostics.push(...this.#meaning.diagnostics);
    const { mirror } = this.#meaning.meaning;
    this.#mirror = mirror === undefined ? undefined : planMirror(mirror, ingress);
    if (this.#mirror?.kind === 'refused') this.#report('metadata.annotations', this.#mirror.problem);
  }

  plan(): IngressPlan {
    const { canary } = this.#meaning.meaning;
    if (canary !== undefined) return planCanary(this.#ingress, this.#ref, canary, this.#meaning);
    const hosts = this.#hosts();
    return {
      ingress: this.#ingress,
      ref: this.#ref,
      hosts,
      backends: [...this.#backends.values()],
      diagnostics: this.#diagnostics,
    };
  }

  #hosts(): HostClaim[] {
    const { rules, defaultBackend, lacksRules } = this.#ingress;
    const drafts = new Map<HostPattern, RouteDraft[]>();
    rules.forEach((rule, at) => {
      const host = hostPattern(rule.host);
      if (host === catchAllHost && this.#settings.disableCatchAll) return this.#refuseCatchAll(`spec.rules[${at}]`);
      const routes = drafts.get(host) ?? [];
      drafts.set(host, routes);
      rule.paths.forEach((path, pathAt) => {
        const draft = this.#draft(host, path, `spec.rules[${at}].http.paths[${pathAt}]`);
        if (draft !== undefined) routes.push(draft);
      });
      if (rule.paths.length === 0) this.#checkEmptyRule(host, `spec.rules[${at}]`);
    });
    const fallback = defaultBackend !== undefined && this.#takesDefaultBackend();
    // Without rules the default backend is for every host; with rules, for what their paths leave over.
    if (fallback && rules.length === 0 && lacksRules !== true) drafts.set(catchAllHost, []);
    // Rules that are wrong were reported one by one.
    if (rules.length === 0 && lacksRules !== true && defaultBackend === undefined)
      this.#report('', emptyIngress(this.#key));
    for (const { field, problem } of tlsProblems(this.#ingress, [...drafts.keys()])) this.#report(field, problem);
    const tlsOf = tlsClaims(this.#ingress);
    return [...drafts].map(([host, routes]) => ({
      host,
      owner: this.#ref,
      routes,
      ...(fallback && { fallback: this.#fallback(host, defaultBackend) }),
      tls: tlsOf(host),
    }));
  }

  #takesDefaultBackend(): boolean {
    if (this.#settings.disableCatchAll) this.#refuseCatchAll('spec.defaultBackend');
    return !this.#settings.disableCatchAll;
  }

  #draft(host: HostPattern, { path, pathType, backend }: IngressPath, field: string): RouteDraft | undefined {
    const prefix = this.#meaning.patterns ? literalPrefix(path) : undefined;
    const canonical = canonicalPath(prefix ?? path);
    if (canonical === undefined) {
      this.#report(`${field}.path`, unreachablePath(this.#key, path));
      return undefined;
    }
    return {
      id: routeId(this.#key, host, pathType, path),
      owner: this.#ref,
      createdAt: this.#ingress.createdAt,
      field,
      path,
      match: matchOf(prefix === undefined ? pathType : 'ImplementationSpecific', canonical),
      action: prefix === undefined ? this.#action(backend, `${field}.backend`) : this.#pattern(path, prefix, field),
      policies: this.#policies(host, path, backend),
      redirect: this.#redirect,
    };
  }

  #fallback(host: HostPattern, backend: IngressBackend): RouteDraft {
    return {
      id: routeId(this.#key, host, 'defaultBackend', '/'),
      owner: this.#ref,
      createdAt: this.#ingress.createdAt,
      field: 'spec.defaultBackend',
      path: '/',
      match: { kind: 'prefix', path: '/' },
      action: this.#action(backend, 'spec.defaultBackend'),
      policies: this.#policies(host, '/', backend),
      redirect: this.#redirect,
    };
  }

  /** A closed route has no upstream: nobody may reach it, not even a health check. */
  #action(backend: IngressBackend, field: string): RouteAction {
    const closed = this.#meaning.closedBy;
    if (closed !== '') return { kind: 'respond', status: 503, reason: `closed because of ${closed}` };
    if (backend.kind === 'resource') {
      this.#report(field, resourceBackend(this.#key, backend));
      return { kind: 'respond', status: 503, reason: 'resource backends are not served' };
    }
    const { namespace } = this.#ingress;
    const upstream = upstreamId(namespace, backend.name, `${backend.port}`);
    const known = this.#backends.get(upstream);
    if (known === undefined || known.copies === true) {
      const { affinity, route, upstream: wish = {} } = this.#meaning.meaning;
      const claim = { upstream, owner: this.#ref, namespace, service: backend.name, port: backend.port, field, wish };
      const sessions = affinity?.mode === 'balanced' ? ({ hashesSessions: true } as const) : {};
      const holds = route?.holdMs === undefined ? {} : ({ holds: true } as const);
      this.#backends.set(upstream, { ...claim, ...sessions, ...holds });
    }
    return { kind: 'forward', upstream };
  }

  #pattern(path: string, prefix: string, field: string): RouteAction {
    this.#report(`${field}.path`, pathPattern(this.#key, path, prefix));
    return { kind: 'respond', status: 503, reason: 'patterns in paths are not served' };
  }

  #policies(host: HostPattern, path: string, backend: IngressBackend): RoutePolicies {
    const { affinity } = this.#meaning.meaning;
    const route = { ...this.#meaning.meaning.route, ...this.#mirrored() };
    const labels = this.#labels(host, path, backend);
    if (affinity === undefined || backend.kind === 'resource') return { ...route, labels };
    const upstreamHash = hashOf(upstreamId(this.#ingress.namespace, backend.name, `${backend.port}`));
    // The path of the rule is where the session lives, as in ingress-nginx.
    return { ...route, affinity: { ...affinity, path: affinity.path ?? path, upstreamHash }, labels };
  }

  /** A Service that gets copies is an upstream like any other, of which this Ingress wishes nothing. */
  #mirrored(): Pick<RoutePolicies, 'mirror'> {
    const plan = this.#mirror;
    if (plan === undefined || plan.kind === 'refused' || this.#meaning.closedBy !== '') return {};
    if (plan.kind === 'service' && !this.#backends.has(plan.service.upstream)) {
      const { upstream, name, port } = plan.service;
      const { namespace } = this.#ingress;
      const field = 'metadata.annotations';
      this.#backends.set(upstream, {
        upstream,
        owner: this.#ref,
        namespace,
        service: name,
        port,
        field,
        copies: true,
        wish: {},
      });
    }
    return { mirror: plan.policy };
  }

  #labels(host: HostPattern, path: string, backend: IngressBackend): RouteLabels {
    return {
      namespace: this.#ingress.namespace,
      ingress: this.#ingress.name,
      service: backend.kind === 'service' ? backend.name : '',
      servicePort: backend.kind === 'service' ? `${backend.port}` : '',
      path,
      host: host === catchAllHost ? '_' : host,
    };
  }

  #checkEmptyRule(host: HostPattern, field: string): void {
    const { defaultBackend } = this.#ingress;
    if (defaultBackend !== undefined || this.#settings.defaultBackendService !== '') return;
    this.#report(field, emptyRule(this.#key, host));
  }

  #refuseCatchAll(field: string): void {
    this.#report(field, catchAllDisabled(this.#key, field));
  }

  #report(field: string, problem: Problem): void {
    this.#diagnostics.push(diagnose(this.#ref, field, problem));
  }
}

function pathPattern(key: string, path: string, prefix: string): Problem {
  return {
    code: 'path-pattern',
    what: `all paths of \`${key}\` that begin with ${quoted(prefix)} answer 503`,
    why: `${quoted(path)} is a pattern, and patterns are not there yet`,
    fix: 'Write plain paths with pathType Prefix or Exact, or keep this Ingress with a controller that takes patterns.',
  };
}

function resourceBackend(key: string, backend: Extract<IngressBackend, { readonly kind: 'resource' }>): Problem {
  return {
    code: 'resource-backend',
    what: `a path of \`${key}\` answers 503`,
    why: `its backend is the resource ${quoted(`${backend.resourceKind}/${backend.name}`)}, and only Services are served`,
    fix: 'Write backend.service with a name and a port.',
  };
}

function emptyIngress(key: string): Problem {
  return {
    code: 'ingress-empty',
    what: `Ingress \`${key}\` serves nothing`,
    why: 'it has neither rules nor a default backend',
    fix: 'Write spec.rules or spec.defaultBackend.',
  };
}

function emptyRule(key: string, host: HostPattern): Problem {
  return {
    code: 'rule-without-paths',
    what: `host ${host} of \`${key}\` answers 404`,
    why: 'its rule has no paths that can be served, and there is no default backend',
    fix: 'Write http.paths, or spec.defaultBackend.',
  };
}

function catchAllDisabled(key: string, field: string): Problem {
  return {
    code: 'catch-all-disabled',
    what: `\`${field}\` of \`${key}\` is not served`,
    why: 'it would take requests for every host, and Fairway runs with --disable-catch-all',
    fix: 'Write a host, or start Fairway without --disable-catch-all.',
  };
}
