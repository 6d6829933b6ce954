import type { Clock } from '../../../lib/clock.ts';
import { systemClock } from '../../../lib/clock.ts';
import { version } from '../../../settings/help.ts';
import { ApiClient } from './api-client.ts';
import type { AccessEnvironment, AccessSettings } from './kubeconfig.ts';
import { openClusterAccess } from './kubeconfig.ts';
import { systemTimers } from './timers.ts';

/** What asks the API server, for its audit log. */
export type ClientPurpose = 'reflector' | 'status';

/**
 * A client for the API server that the settings name. Reads and writes use one each, so that a write never waits
 * behind lists.
 * @throws OperatorError `source-unavailable`, see `openClusterAccess`
 */
export function openApiClient(
  settings: AccessSettings,
  purpose: ClientPurpose,
  clock: Clock = systemClock,
  environment: AccessEnvironment = process.env,
): ApiClient {
  const access = openClusterAccess(settings, clock, environment);
  return new ApiClient({ access, timers: systemTimers, userAgent: `fairway/${version()} (k8s) ${purpose}` });
}
