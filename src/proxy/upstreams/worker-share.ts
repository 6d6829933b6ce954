import type { UpstreamLimits } from '../../model/pool-policy.ts';

/** One data worker among all of its replica. */
export interface WorkerPlace {
  /** From 0. */
  readonly index: number;
  readonly count: number;
}

export const onlyWorker: WorkerPlace = { index: 0, count: 1 };

/**
 * What one worker takes of a limit for the whole replica. The shares of all workers add up to the limit, unless it is
 * smaller than their number: each takes one at least, or it could serve nobody. Of 0 each takes 0.
 * Source: docs/decisions/0026.
 */
export function shareOf(limit: number, { index, count }: WorkerPlace): number {
  if (limit === 0) return 0;
  return Math.max(1, Math.floor(limit / count) + (index < limit % count ? 1 : 0));
}

/** The limits of an upstream as this worker keeps them. */
export function limitsOfWorker(limits: UpstreamLimits, place: WorkerPlace): UpstreamLimits {
  const { connectionsPerEndpoint, connections, pending, pendingMs } = limits;
  return {
    ...(connectionsPerEndpoint !== undefined && { connectionsPerEndpoint: shareOf(connectionsPerEndpoint, place) }),
    ...(connections !== undefined && { connections: shareOf(connections, place) }),
    pending: shareOf(pending, place),
    pendingMs,
  };
}
