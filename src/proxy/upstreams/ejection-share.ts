import type { EjectionPolicy } from '../../model/pool-policy.ts';
import type { Endpoint } from '../../model/upstream.ts';
import type { EndpointState } from './endpoint-state.ts';

/** An endpoint with the state that counts for it. */
interface Held {
  readonly endpoint: Endpoint;
  readonly state: EndpointState;
}

/** How many of so many endpoints may be out: rounded down, and never all of them. */
function mostOut(count: number, { maxShare }: EjectionPolicy): number {
  // 0.29 of 100 is 28.999999999999996 as a product.
  return Math.max(0, Math.min(count - 1, Math.floor(count * maxShare + 1e-9)));
}

/**
 * Whether one more may be out. The share is one of the ready endpoints, and while there is none of all; what is not counted
 * may always be out.
 */
export function hasRoom(endpoints: Iterable<EndpointState>, one: EndpointState, policy: EjectionPolicy): boolean {
  let all = 0;
  let allOut = 0;
  let ready = 0;
  let readyOut = 0;
  for (const { endpoint, ejection } of endpoints) {
    const out = ejection.isOut ? 1 : 0;
    all += 1;
    allOut += out;
    if (endpoint.state !== 'ready') continue;
    ready += 1;
    readyOut += out;
  }
  if (ready === 0) return allOut < mostOut(all, policy);
  return one.endpoint.state !== 'ready' || readyOut < mostOut(ready, policy);
}

/**
 * Endpoints that are out and stay so. When the pool got smaller, or its policy stricter, those that would return first
 * anyway are in again.
 */
export function stayingOut(members: readonly Held[], policy: EjectionPolicy): ReadonlySet<EndpointState> {
  const out = members.filter(({ state }) => state.ejection.isOut);
  if (out.length === 0) return none;
  const ready = members.filter(({ endpoint }) => endpoint.state === 'ready');
  const pool = ready.length > 0 ? ready : members;
  const counted = pool
    .filter(({ state }) => state.ejection.isOut)
    .toSorted((a, b) => b.state.ejection.until - a.state.ejection.until);
  const tooMany = counted.slice(mostOut(pool.length, policy));
  const staying = new Set(out.map(({ state }) => state));
  for (const { state } of tooMany) staying.delete(state);
  return staying;
}

const none: ReadonlySet<EndpointState> = new Set();
