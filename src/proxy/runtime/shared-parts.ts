import type { RouteLabels } from '../../model/policy.ts';
import type { RouteAction } from '../../model/route.ts';
import type { ExchangeCounts } from '../exchange/exchange.ts';
import { routeCounts } from '../filters/count.ts';
import type { Filter, FilterEnvironment, FilterPolicies } from '../filters/filter.ts';
import type { Pipeline } from '../filters/pipeline.ts';
import { buildPipeline } from '../filters/pipeline.ts';

/** What some routes ask for, with what was built for it. */
export interface SharedPolicies {
  readonly asked: FilterPolicies;
  readonly pipeline: Pipeline;
}

/** Distinct values of one kind that are remembered: more would only be kept for nothing. */
const mostKnown = 4096;

/**
 * One object for all equal parts of routes. Most routes of a cluster ask for the same, but each comes with copies of its
 * own: 20,000 routes then take a tenth of the memory, and what a request touches is in the caches of the processor.
 */
export class SharedParts {
  readonly #filters: readonly Filter[];
  readonly #environment: FilterEnvironment;
  readonly #policies = new Map<string, SharedPolicies>();
  readonly #actions = new Map<string, RouteAction>();
  readonly #texts = new Map<string, string>();

  constructor(filters: readonly Filter[], environment: FilterEnvironment) {
    this.#filters = filters;
    this.#environment = environment;
  }

  policies(asked: FilterPolicies): SharedPolicies {
    return known(this.#policies, JSON.stringify(asked), () => ({
      asked,
      pipeline: buildPipeline(this.#filters, asked, this.#environment),
    }));
  }

  action(action: RouteAction): RouteAction {
    return known(this.#actions, JSON.stringify(action), () => action);
  }

  /** Path and host differ from route to route. */
  labels({ namespace, ingress, service, servicePort, path, host }: RouteLabels): RouteLabels {
    return {
      namespace: this.#text(namespace),
      ingress: this.#text(ingress),
      service: this.#text(service),
      servicePort: this.#text(servicePort),
      path,
      host,
    };
  }

  counts(labels: RouteLabels): ExchangeCounts | undefined {
    return routeCounts(labels, this.#environment);
  }

  #text(text: string): string {
    return known(this.#texts, text, () => text);
  }
}

function known<T>(all: Map<string, T>, key: string, make: () => T): T {
  const found = all.get(key);
  if (found !== undefined) return found;
  const made = make();
  if (all.size >= mostKnown) all.clear();
  all.set(key, made);
  return made;
}
