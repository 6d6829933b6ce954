import type { EjectionPolicy } from '../../model/pool-policy.ts';
import type { Endpoint } from '../../model/upstream.ts';
import type { EndpointState } from './endpoint-state.ts';

/** An endpoint with the state that counts for it. */
interface Held {
  readonly endpoint: Endpoint;
  readonly state: EndpointState;
}

/** How many of so many endpoints may be out: rounded down, and never all of them. */
export function mostOut(count: number, { maxShare }: EjectionPolicy): number {
  // 0.29 of 100 is 28.999999999999996 as a product.
  return Math.max(0, Math.min(count - 1, Math.floor(count * maxShare + 1e-9)));
}

/**
 * Endpoints whose number counts: the ready ones, and while there is none all of them. What else is out, is out beside.
 */
export function poolOf<T extends { readonly endpoint: Endpoint }>(members: readonly T[]): readonly T[] {
  const ready = members.filter(({ endpoint }) => endpoint.state === 'ready');
  return ready.length > 0 ? ready : members;
}

/**
 * Endpoints that are out and stay so. When the pool got smaller, or its policy stricter, those that would return first
 * anyway are in again.
 */
export function stayingOut(members: readonly Held[], policy: EjectionPolicy): ReadonlySet<EndpointState> {
  const out = members.filter(({ state }) => state.ejection.isOut);
  if (out.length === 0) return none;
  const pool = poolOf(members);
  const counted = pool
    .filter(({ state }) => state.ejection.isOut)
    .toSorted((a, b) => b.state.ejection.until - a.state.ejection.until);
  const tooMany = counted.slice(mostOut(pool.length, policy));
  const staying = new Set(out.map(({ state }) => state));
  for (const { state } of tooMany) staying.delete(state);
  return staying;
}

const none: ReadonlySet<EndpointState> = new Set();
