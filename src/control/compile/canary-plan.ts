import type { Canary } from '../../model/canary.ts';
import type { Diagnostic } from '../../model/diagnostic.ts';
import type { HostPattern, UpstreamId } from '../../model/ids.ts';
import { catchAllHost, hostPattern, upstreamId } from '../../model/ids.ts';
import type { ObjectRef } from '../../model/object-ref.ts';
import { keyOf } from '../../model/object-ref.ts';
import type { PathMatch } from '../../model/route.ts';
import type { CanaryWish } from '../annotations/definition.ts';
import type { Interpretation } from '../annotations/interpret.ts';
import { quoted } from '../objects/field-reader.ts';
import type { Ingress, IngressBackend } from '../objects/kinds.ts';
import type { Problem } from './diagnostics.ts';
import { diagnose } from './diagnostics.ts';
import type { BackendClaim, CanaryClaim, IngressPlan } from './ingress-plan.ts';
import { canonicalPath, matchKey, matchOf, unreachablePath } from './paths.ts';
import { upstreamHash } from './upstream-hash.ts';

/**
 * Reads a canary Ingress by itself: which rules of others it wants a part of. It claims no host, so it opens no virtual
 * host, and its TLS sections, which tools copy along, mean nothing. Source: ingress-nginx, createServers.
 */
export function planCanary(
  ingress: Ingress,
  ref: ObjectRef,
  wish: CanaryWish,
  { meaning, diagnostics }: Interpretation,
): IngressPlan {
  const planner = new CanaryPlanner(ingress, ref, wish, meaning.upstream ?? {});
  planner.readRules();
  return {
    ingress,
    ref,
    hosts: [],
    canaries: planner.claims,
    backends: [...planner.backends.values()],
    diagnostics: [...diagnostics, ...planner.diagnostics],
  };
}

/** One run over one canary Ingress. */
class CanaryPlanner {
  readonly claims: CanaryClaim[] = [];
  readonly backends = new Map<UpstreamId, BackendClaim>();
  readonly diagnostics: Diagnostic[] = [];
  readonly #ingress: Ingress;
  readonly #ref: ObjectRef;
  readonly #wish: CanaryWish;
  readonly #upstreamWish: BackendClaim['wish'];
  /** Field of the first claim for each host and match. */
  readonly #fields = new Map<string, string>();

  constructor(ingress: Ingress, ref: ObjectRef, wish: CanaryWish, upstreamWish: BackendClaim['wish']) {
    this.#ingress = ingress;
    this.#ref = ref;
    this.#wish = wish;
    this.#upstreamWish = upstreamWish;
  }

  readRules(): void {
    const { rules, defaultBackend } = this.#ingress;
    rules.forEach((rule, at) => {
      rule.paths.forEach(({ path, pathType, backend }, pathAt) => {
        const field = `spec.rules[${at}].http.paths[${pathAt}]`;
        const canonical = canonicalPath(path);
        if (canonical === undefined) return this.#report(`${field}.path`, unreachablePath(keyOf(this.#ref), path));
        return this.#claim(field, hostPattern(rule.host), { path, match: matchOf(pathType, canonical), backend });
      });
    });
    if (defaultBackend === undefined) return;
    const hosts = rules.length === 0 ? [catchAllHost] : rules.map((rule) => hostPattern(rule.host));
    for (const host of new Set(hosts)) this.#claimDefault(host, defaultBackend);
  }

  /** Of what the rules leave over, unless one of them says the same. */
  #claimDefault(host: HostPattern, backend: IngressBackend): void {
    const match: PathMatch = { kind: 'prefix', path: '/' };
    if (this.#fields.has(`${host} ${matchKey(match)}`)) return;
    this.#claim('spec.defaultBackend', host, { path: '/', match, backend });
  }

  #claim(
    field: string,
    host: HostPattern,
    { path, match, backend }: { readonly path: string; readonly match: PathMatch; readonly backend: IngressBackend },
  ): void {
    const first = this.#fields.get(`${host} ${matchKey(match)}`);
    if (first !== undefined) return this.#report(field, pathTwice(keyOf(this.#ref), path, first));
    this.#fields.set(`${host} ${matchKey(match)}`, field);
    if (backend.kind === 'resource') return this.#report(field, resourceCanary(keyOf(this.#ref)));
    const canary = this.#canaryFor(backend, field);
    this.claims.push({ owner: this.#ref, field, host, path, match, scope: this.#wish.scope, canary });
    return undefined;
  }

  #canaryFor({ name, port }: IngressBackend & { kind: 'service' }, field: string): Canary {
    const { namespace } = this.#ingress;
    const { scope: _scope, ...wish } = this.#wish;
    const upstream = upstreamId(namespace, name, `${port}`);
    if (!this.backends.has(upstream)) {
      const asked = { owner: this.#ref, field, wish: this.#upstreamWish, canary: true } as const;
      this.backends.set(upstream, { upstream, namespace, service: name, port, ...asked });
    }
    const label = `${namespace}-${name}-${port}`;
    return { upstream, name: label, source: this.#ref, ...wish, upstreamHash: upstreamHash(upstream) };
  }

  #report(field: string, problem: Problem): void {
    this.diagnostics.push(diagnose(this.#ref, field, problem));
  }
}

function pathTwice(key: string, path: string, first: string): Problem {
  return {
    code: 'path-duplicate',
    what: `path ${quoted(path)} of the canary \`${key}\` gets no requests`,
    why: `${first} has the same host, path and path type, and stands before it`,
    fix: 'Remove one of the two.',
  };
}

function resourceCanary(key: string): Problem {
  return {
    code: 'resource-backend',
    what: `a path of the canary \`${key}\` gets no requests`,
    why: 'its backend is a resource, and only Services are served',
    fix: 'Write backend.service with a name and a port.',
  };
}
