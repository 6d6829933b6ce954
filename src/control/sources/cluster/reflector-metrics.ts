import type { Counters, Series } from '../../../telemetry/counters.ts';
import type { MetricName } from '../../../telemetry/metrics.ts';

/** Why a list or a watch ended badly. */
export type ReflectorFailure = 'gone' | 'stall' | 'network' | 'status' | 'line';

/** What became of one event of a watch. */
export type EventOutcome = 'applied' | 'ignored' | 'stale' | 'bad';

/** The series of one resource; several scopes of a resource share them. */
export interface ReflectorMetrics {
  readonly lists: Series;
  readonly listSeconds: Series;
  readonly watches: Series;
  readonly watchSeconds: Series;
  readonly gapSeconds: Series;
  readonly bookmarks: Series;
  readonly divergences: Series;
  readonly heldDeletions: Series;
  event(outcome: EventOutcome): Series;
  failure(reason: ReflectorFailure): Series;
}

/** @param resource  plural name, the label of every series */
export function reflectorMetrics(counters: Counters, resource: string): ReflectorMetrics {
  const of = (metric: MetricName): Series => counters.series(metric, [resource]);
  return {
    lists: of('fairway_reflector_lists_total'),
    listSeconds: of('fairway_reflector_list_seconds'),
    watches: of('fairway_reflector_watches_total'),
    watchSeconds: of('fairway_reflector_watch_seconds_total'),
    gapSeconds: of('fairway_reflector_gap_seconds'),
    bookmarks: of('fairway_reflector_bookmarks_total'),
    divergences: of('fairway_reflector_divergences_total'),
    heldDeletions: of('fairway_reflector_held_deletions_total'),
    event: (outcome) => counters.series('fairway_reflector_events_total', [resource, outcome]),
    failure: (reason) => counters.series('fairway_reflector_failures_total', [resource, reason]),
  };
}
