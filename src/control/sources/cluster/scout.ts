import type { Random } from '../../../lib/random.ts';
import { withJitter } from '../../../lib/random.ts';
import type { ApiClient } from './api-client.ts';
import { asApiError } from './api-error.ts';
import type { ServerPulse } from './server-pulse.ts';
import type { Timers } from './timers.ts';
import { pause } from './timers.ts';

export interface ScoutOptions {
  readonly client: ApiClient;
  readonly pulse: ServerPulse;
  readonly timers: Timers;
  readonly random: Random;
  readonly everyMs: number;
}

/**
 * While list-watches wait for a server that is away, one small question every few seconds finds out when it is back,
 * and wakes them. Only the change from away to ready wakes: trouble of one resource with a server that is well is left
 * to its back-off.
 */
export async function scout(options: ScoutOptions, signal: AbortSignal): Promise<void> {
  const { client, everyMs, pulse, random, timers } = options;
  let away = false;
  while (!signal.aborted) {
    await pulse.somebodyWaits(signal);
    await pause(timers, withJitter(everyMs, 0.5, random), signal);
    if (signal.aborted) return;
    const ready = await isReady(client, signal);
    if (ready && away) pulse.beat();
    away = !ready;
  }
}

/** `/readyz` also says when the rights have been loaded, before which everything is forbidden. */
async function isReady(client: ApiClient, signal: AbortSignal): Promise<boolean> {
  try {
    await client.send({ method: 'GET', path: '/readyz', signal });
    return true;
  } catch (error) {
    const failed = asApiError(error);
    // It says "ok", which is not JSON. Where the question is not allowed or not known, whoever answers is there.
    return failed.failure === 'body' || (failed.status >= 400 && failed.status < 429);
  }
}
