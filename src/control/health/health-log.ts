import type { Logger } from '../../lib/logger.ts';
import { endpointId } from '../../model/ids.ts';
import type { CheckedUpstream, Target } from './targets.ts';

export type HealthLog = Pick<Logger, 'info' | 'warn'>;

/** One line when an endpoint leaves or returns; that a new one passes its first check is no news. */
export function sayState(log: HealthLog, { check, lastResult, state, users }: Target, before: Target['state']): void {
  if (state === before || (before === 'unknown' && state === 'healthy')) return;
  const upstreams = [...users].map((upstream) => upstream.id);
  const endpoint = endpointId(check.address, check.port);
  const fields = { event: 'endpoint-health', endpoint, upstreams, state, result: lastResult };
  if (state === 'unhealthy') log.warn(fields, `${endpoint} fails its health check: ${lastResult}`);
  else log.info(fields, `${endpoint} passes its health check again`);
}

export function sayIgnored(log: HealthLog, { id, endpoints }: CheckedUpstream, ignored: boolean): void {
  const fields = { event: 'checks-ignored', upstream: id, endpoints: endpoints.size };
  if (ignored) log.warn(fields, `health checks of all endpoints of ${id} fail: they are ignored`);
  else log.info(fields, `health checks of ${id} are followed again`);
}
