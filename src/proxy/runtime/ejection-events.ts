import type { EjectionEvents } from '../upstreams/ejections.ts';
import type { RuntimeParts } from './runtime.ts';

/** Counts what becomes of ejections, and hands on those that were decided here. */
export function ejectionEvents({ counters, onEjected }: Pick<RuntimeParts, 'counters' | 'onEjected'>): EjectionEvents {
  return {
    onEjected: (upstream, ejection) => {
      const { namespace, service, port } = upstream;
      counters.series('fairway_ejections_total', [namespace, service, port, ejection.reason]).add(1);
      onEjected?.(upstream, ejection);
    },
    onPrevented: ({ namespace, service, port }) =>
      counters.series('fairway_ejections_prevented_total', [namespace, service, port]).add(1),
    onCount: ({ namespace, service, port }, out) =>
      counters.series('fairway_endpoints_ejected', [namespace, service, port]).set(out),
  };
}
