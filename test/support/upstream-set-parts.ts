import { CoarseTimers } from '../../src/lib/coarse-timers.ts';
import type { UpstreamSetParts } from '../../src/proxy/upstreams/upstream-set.ts';

/** Parts of an `UpstreamSet` in a test that is not about ejection: time stands still, and nobody hears of anything. */
export function stillParts(): Pick<UpstreamSetParts, 'ejection' | 'now' | 'timers'> {
  const nothing = (): void => undefined;
  const now = (): number => 1000;
  return {
    ejection: { onEjected: nothing, onPrevented: nothing, onCount: nothing },
    now,
    timers: new CoarseTimers(now),
  };
}
