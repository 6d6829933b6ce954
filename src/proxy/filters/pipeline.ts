import type { RoutePolicies } from '../../model/policy.ts';
import type { FilterHooks } from '../exchange/phases.ts';
import type { Filter, FilterEnvironment } from './filter.ts';

/** Hooks of one route by phase, in the order of the table. Built once per route and snapshot. */
export interface Pipeline {
  readonly request: readonly NonNullable<FilterHooks['request']>[];
  readonly select: readonly NonNullable<FilterHooks['select']>[];
  readonly forward: readonly NonNullable<FilterHooks['forward']>[];
  readonly respond: readonly NonNullable<FilterHooks['respond']>[];
  readonly finish: readonly NonNullable<FilterHooks['finish']>[];
}

export function buildPipeline(
  filters: readonly Filter[],
  policies: RoutePolicies,
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
