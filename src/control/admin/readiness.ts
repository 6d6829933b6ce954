import type { AdminView, SupervisorState } from './view.ts';

/**
 * Why traffic must not be sent here now; empty when it may. From the first moment of a drain there is a reason, so that
 * load balancers look elsewhere while everything is still served.
 */
export function unreadyReasons(view: AdminView): readonly string[] {
  const state = view.state();
  if (state === undefined) return [...view.waitingFor(), 'no report from the supervisor yet'];
  const draining = drainReason(state);
  if (draining !== undefined) return [draining];
  // Once it serves, it serves: a new control process that has not listed the cluster yet changes nothing for clients.
  if (state.phase === 'serving') return workerReasons(state);
  const reasons = [...view.waitingFor()];
  if (view.compilation() === undefined) reasons.push('routes are not compiled yet');
  return [...reasons, 'listeners are not bound yet', ...workerReasons(state)];
}

/** Why the program is on its way out, or undefined. */
export function drainReason(state: SupervisorState | undefined): string | undefined {
  switch (state?.phase) {
    case 'lameduck':
      return 'shutting down: still serving, send new clients elsewhere';
    case 'draining':
      return 'shutting down: finishing what is in flight';
    case 'starting':
    case 'serving':
    case undefined:
      return undefined;
  }
}

function workerReasons(state: SupervisorState): string[] {
  const alive = state.workers.filter((worker) => worker.pid !== 0);
  if (alive.length === 0) {
    return [state.crashLooping ? 'data workers die as soon as they start: see the log' : 'no data worker is alive'];
  }
  return alive.some((worker) => worker.appliedVersion > 0) ? [] : ['no data worker has routes yet'];
}
