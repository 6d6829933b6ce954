import type { FilterHooks } from '../exchange/phases.ts';
import type { Filter, FilterEnvironment, FilterPolicies } from './filter.ts';

/** Hooks of a route by phase, in the order of the table. Built once for all routes that ask for the same. */
export interface Pipeline {
  readonly request: readonly NonNullable<FilterHooks['request']>[];
  readonly select: readonly NonNullable<FilterHooks['select']>[];
  readonly forward: readonly NonNullable<FilterHooks['forward']>[];
  readonly respond: readonly NonNullable<FilterHooks['respond']>[];
  readonly finish: readonly NonNullable<FilterHooks['finish']>[];
}

export function buildPipeline(
  filters: readonly Filter[],
  policies: FilterPolicies,
  environment: FilterEnvironment,
): Pipeline {
  const all = filters.flatMap((filter) => filter.create(policies, environment) ?? []);
  return {
    request: all.flatMap((hooks) => hooks.request ?? []),
    select: all.flatMap((hooks) => hooks.select ?? []),
    forward: all.flatMap((hooks) => hooks.forward ?? []),
    respond: all.flatMap((hooks) => hooks.respond ?? []),
    finish: all.flatMap((hooks) => hooks.finish ?? []),
  };
}
