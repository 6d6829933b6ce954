import type { Canary } from '../../src/model/canary.ts';
import { upstreamId } from '../../src/model/ids.ts';
import type { Upstream } from '../../src/model/upstream.ts';
import { UpstreamState } from '../../src/proxy/upstreams/upstream-state.ts';
import { endpoint, endpointStates, upstreamOf } from './endpoints.ts';

/** A canary to Service `name` that takes nothing unless a test says otherwise. */
export function canaryOf(name: string, more: Partial<Canary> = {}): Canary {
  return {
    upstream: upstreamId('shop', name, '80'),
    name: `shop-${name}-80`,
    source: { kind: 'Ingress', namespace: 'shop', name },
    weight: 0,
    weightTotal: 100,
    sessions: 'sticky',
    upstreamHash: `hash-of-${name}`,
    ...more,
  };
}

/** The upstream of a canary. @param number  of its one endpoint */
export function canaryUpstream(name: string, number: number): Upstream {
  return { ...upstreamOf([endpoint(number)]), id: upstreamId('shop', name, '80'), service: name };
}

/** Upstreams with one endpoint each, and without one for those in `empty`. */
export function upstreamsOf(
  names: readonly string[],
  empty: readonly string[] = [],
): { readonly get: (id: Upstream['id']) => UpstreamState | undefined } {
  const states = new Map(
    [...names, ...empty].map((name) => {
      const state = new UpstreamState(canaryUpstream(name, 1));
      if (!empty.includes(name)) state.pickable = endpointStates(1);
      return [state.upstream.id, state];
    }),
  );
  return { get: (id) => states.get(id) };
}
