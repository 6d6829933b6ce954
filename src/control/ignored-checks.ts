import type { Diagnostic } from '../model/diagnostic.ts';
import type { UpstreamId } from '../model/ids.ts';
import type { ObjectRef } from '../model/object-ref.ts';
import { keyOf } from '../model/object-ref.ts';
import type { Compilation } from './compile/compilation.ts';
import { diagnosticCodes } from './compile/diagnostic-codes.ts';
import type { HealthCode } from './compile/diagnostic-codes.ts';

const code: HealthCode = 'all-checks-fail';

/**
 * The compilation with a warning on every Ingress that leads to an upstream whose checks all fail: they take nothing
 * out then, because an answer that may be bad is better than none.
 * @param ignored  upstreams of which the checks would leave nothing
 */
export function withIgnoredChecks(compilation: Compilation, ignored: ReadonlySet<UpstreamId>): Compilation {
  if (ignored.size === 0) return compilation;
  const diagnostics = ingressesOf(compilation, ignored).map(([ingress, upstream]) => describe(ingress, upstream));
  return { ...compilation, diagnostics: [...compilation.diagnostics, ...diagnostics] };
}

/** Each pair once, in the order of hosts and routes. */
function ingressesOf(
  compilation: Compilation,
  ids: ReadonlySet<UpstreamId>,
): readonly (readonly [ObjectRef, UpstreamId])[] {
  const pairs = new Map<string, readonly [ObjectRef, UpstreamId]>();
  for (const { routes } of compilation.snapshot.virtualHosts.values()) {
    for (const { action, source } of routes) {
      if (action.kind !== 'forward') continue;
      for (const user of [{ source, upstream: action.upstream }, ...(action.canaries ?? [])]) {
        if (ids.has(user.upstream)) pairs.set(`${keyOf(user.source)} ${user.upstream}`, [user.source, user.upstream]);
      }
    }
  }
  return [...pairs.values()];
}

function describe(ingress: ObjectRef, upstream: UpstreamId): Diagnostic {
  return {
    code,
    severity: diagnosticCodes[code].severity,
    object: ingress,
    field: upstream,
    what: `the health checks of \`${upstream}\` take no endpoint out`,
    why: 'the readiness probe fails at every one of them, although Kubernetes calls them ready',
    fix: 'Look whether Fairway may reach the pods (NetworkPolicy), and what their readiness probe answers to it.',
  };
}
