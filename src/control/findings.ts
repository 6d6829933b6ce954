import type { Logger } from '../lib/logger.ts';
import type { Diagnostic } from '../model/diagnostic.ts';
import { describeRef } from '../model/object-ref.ts';
import type { Counters } from '../telemetry/counters.ts';
import type { Compilation } from './compile/compilation.ts';

/** Longest list of diagnostics that is written to the log at once; the rest is counted and on the admin page. */
const mostLines = 100;

const levels = { error: 'error', warning: 'warn', info: 'info' } as const;

/** Says each diagnostic once when it appears and once when it is gone, and keeps the gauges about Ingresses. */
export class Findings {
  readonly #log: Logger;
  readonly #counters: Counters;
  #known: ReadonlyMap<string, Diagnostic> = new Map();

  constructor(log: Logger, counters: Counters) {
    this.#log = log;
    this.#counters = counters;
  }

  /** Takes the findings of the newest compilation. */
  update(compilation: Compilation): void {
    const next = new Map(compilation.diagnostics.map((diagnostic) => [identityOf(diagnostic), diagnostic]));
    const added = [...next].filter(([key]) => !this.#known.has(key)).map(([, diagnostic]) => diagnostic);
    const gone = mendedPlaces([...this.#known.values()], [...next.values()]);
    for (const diagnostic of added.slice(0, mostLines)) this.#say(diagnostic);
    if (added.length > mostLines)
      this.#log.warn({ more: added.length - mostLines }, 'more diagnostics on the admin page');
    for (const diagnostic of gone.slice(0, mostLines)) {
      this.#log.info(
        { code: diagnostic.code, object: describeRef(diagnostic.object), field: diagnostic.field },
        'mended',
      );
    }
    this.#known = next;
    this.#count(compilation);
  }

  #say(diagnostic: Diagnostic): void {
    const { code, object, field, what, why, fix } = diagnostic;
    const fields = { code, object: describeRef(object), field, why, fix };
    this.#log[levels[diagnostic.severity]](fields, what);
  }

  #count(compilation: Compilation): void {
    const counters = this.#counters;
    for (const metric of [
      'fairway_diagnostics',
      'fairway_ingress_info',
      'nginx_ingress_controller_orphan_ingress',
    ] as const) {
      counters.remove(metric, () => true);
    }
    for (const { code, severity } of compilation.diagnostics)
      counters.series('fairway_diagnostics', [code, severity]).add(1);
    for (const { ingress, state, reason } of compilation.ingresses) {
      counters.series('fairway_ingress_info', [ingress.namespace, ingress.name, state, reason]).set(1);
    }
    for (const { ingress, type } of compilation.orphans) {
      counters.series('nginx_ingress_controller_orphan_ingress', [ingress.namespace, ingress.name, type]).set(1);
    }
  }
}

/** Where nothing of the same code is found any more: a mistake that only changed its words is not mended. */
function mendedPlaces(before: readonly Diagnostic[], now: readonly Diagnostic[]): readonly Diagnostic[] {
  const left = new Set(now.map(placeOf));
  const gone = new Map(before.map((diagnostic) => [placeOf(diagnostic), diagnostic]));
  return [...gone].filter(([place]) => !left.has(place)).map(([, diagnostic]) => diagnostic);
}

function placeOf({ code, object, field }: Diagnostic): string {
  return [code, describeRef(object), field].join('\n');
}

function identityOf(diagnostic: Diagnostic): string {
  return [diagnostic.code, describeRef(diagnostic.object), diagnostic.field, diagnostic.what, diagnostic.why].join(
    '\n',
  );
}
