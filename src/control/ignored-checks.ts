import type { Clock } from '../lib/clock.ts';
import type { Diagnostic } from '../model/diagnostic.ts';
import type { UpstreamId } from '../model/ids.ts';
import type { ObjectRef } from '../model/object-ref.ts';
import { keyOf } from '../model/object-ref.ts';
import type { Compilation } from './compile/compilation.ts';
import { diagnosticCodes } from './compile/diagnostic-codes.ts';
import type { HealthCode } from './compile/diagnostic-codes.ts';

/** How long it is worth an Event that the checks of an upstream pass again. */
const newsMs = 10 * 60_000;

/** What there is to say of upstreams whose checks all fail, or failed until a short while ago. */
export class IgnoredChecks {
  readonly #clock: Clock;
  #ignored: ReadonlySet<UpstreamId> = new Set();
  /** When the checks of an upstream began to take endpoints out again, on the monotonic clock. */
  readonly #recovered: Map<UpstreamId, number> = new Map();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @param ignored  upstreams of which the checks would leave nothing now */
  update(ignored: ReadonlySet<UpstreamId>): void {
    const now = this.#clock.now();
    for (const id of this.#ignored) if (!ignored.has(id)) this.#recovered.set(id, now);
    for (const [id, at] of this.#recovered) {
      if (ignored.has(id) || now - at > newsMs) this.#recovered.delete(id);
    }
    this.#ignored = ignored;
  }

  /**
   * The compilation with a warning on every Ingress that leads to an upstream whose checks all fail: they take nothing
   * out then, because an answer that may be bad is better than none.
   */
  withWarnings(compilation: Compilation): Compilation {
    if (this.#ignored.size === 0) return compilation;
    const diagnostics = ingressesOf(compilation, (id) => this.#ignored.has(id)).map(describeFailure);
    return { ...compilation, diagnostics: [...compilation.diagnostics, ...diagnostics] };
  }

  /** The same, and what is no longer wrong: for Events, which tell how it went on. */
  withNews(compilation: Compilation): Compilation {
    const warned = this.withWarnings(compilation);
    if (this.#recovered.size === 0) return warned;
    const news = ingressesOf(compilation, (id) => this.#recovered.has(id)).map(describeRecovery);
    return { ...warned, diagnostics: [...warned.diagnostics, ...news] };
  }
}

/** An Ingress and an upstream that it leads to. */
type Use = readonly [ObjectRef, UpstreamId];

/** Each pair once, in the order of hosts and routes. */
function ingressesOf(compilation: Compilation, concerns: (id: UpstreamId) => boolean): readonly Use[] {
  const pairs = new Map<string, Use>();
  for (const { routes } of compilation.snapshot.virtualHosts.values()) {
    for (const { action, source } of routes) {
      if (action.kind !== 'forward') continue;
      for (const user of [{ source, upstream: action.upstream }, ...(action.canaries ?? [])]) {
        if (concerns(user.upstream)) pairs.set(`${keyOf(user.source)} ${user.upstream}`, [user.source, user.upstream]);
      }
    }
  }
  return [...pairs.values()];
}

/** The words are the same every time, so that Events count instead of repeating. */
function describeFailure([ingress, upstream]: Use): Diagnostic {
  return {
    ...about('all-checks-fail', ingress, upstream),
    what: `the health checks of \`${upstream}\` take no endpoint out`,
    why: 'they fail at every one of them, although Kubernetes calls them ready',
    fix: 'Look whether Fairway may reach the pods (NetworkPolicy), and what they answer to their readiness probe or to the check that the Ingress asks for.',
  };
}

function describeRecovery([ingress, upstream]: Use): Diagnostic {
  return {
    ...about('checks-pass-again', ingress, upstream),
    what: `the health checks of \`${upstream}\` are followed again`,
    why: 'at least one endpoint passes them',
    fix: 'Nothing is left to do.',
  };
}

function about(
  code: HealthCode,
  object: ObjectRef,
  field: string,
): Pick<Diagnostic, 'code' | 'severity' | 'object' | 'field'> {
  return { code, severity: diagnosticCodes[code].severity, object, field };
}
