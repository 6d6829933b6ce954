import type { Endpoint } from '../../model/upstream.ts';
import type { KnownEjection } from './ejections.ts';
import type { UpstreamHealth } from './health-state.ts';

/**
 * What becomes of an endpoint, for metrics and the admin page. `ready` gets requests: its checks pass, have not said
 * anything yet, or there are none. `ignored` fails them, and gets requests because all others fail as well. `unhealthy`
 * and `ejected` are out; `draining` terminates, and is used only while no other is ready.
 */
export type EndpointCondition = 'ready' | 'ignored' | 'unhealthy' | 'ejected' | 'draining';

/** What the checks say comes before what requests met: it stays longer. */
export function conditionOf(
  endpoint: Endpoint,
  checks: UpstreamHealth | undefined,
  ejection: KnownEjection | undefined,
): EndpointCondition {
  if (endpoint.state === 'draining') return 'draining';
  const fails = checks?.endpoints.get(endpoint.id)?.state === 'unhealthy';
  if (fails && !checks.ignored) return 'unhealthy';
  if (ejection !== undefined) return 'ejected';
  return fails ? 'ignored' : 'ready';
}
