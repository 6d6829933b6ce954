import { isIP } from 'node:net';

import type { EndpointId } from '../../model/ids.ts';
import type { HealthCheck, Upstream } from '../../model/upstream.ts';
import type { CheckedUpstream } from './targets.ts';

/** What the checks of one upstream mean for its pool. */
export interface Verdict {
  readonly out: readonly EndpointId[];
  readonly ignored: boolean;
}

/**
 * Endpoints that fail are out, unless nothing would be left: a pool that answers badly is better than none, and a check
 * that fails everywhere is more often wrong than the pool is.
 */
export function verdictOf(upstream: CheckedUpstream): Verdict {
  const out: EndpointId[] = [];
  for (const [id, target] of upstream.endpoints) if (target.state === 'unhealthy') out.push(id);
  const ignored = out.length > 0 && out.length === upstream.endpoints.size && upstream.unchecked === 0;
  return { out: ignored ? [] : out, ignored };
}

/**
 * Ready endpoints that have no check. A draining one does not count: it leaves soon, and then there is nothing.
 * @param upstream  absent when the snapshot does not have it
 */
export function uncheckedReady(upstream: Upstream | undefined, checks: ReadonlyMap<EndpointId, HealthCheck>): number {
  if (upstream === undefined) return 0;
  let count = 0;
  for (const endpoint of upstream.endpoints) {
    const check = checks.get(endpoint.id);
    if (endpoint.state === 'ready' && (check === undefined || !probeable(check))) count += 1;
  }
  return count;
}

/** A probe with a host name is not run: a name could lead anywhere the pod's author likes (threats R-70). */
export function probeable(check: HealthCheck): boolean {
  return isIP(check.address) !== 0 && check.port > 0 && check.port < 65_536;
}
