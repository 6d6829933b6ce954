import type { Random } from '../../lib/random.ts';
import type { Upstream } from '../../model/upstream.ts';
import type { Balancer } from '../balancing/balancer.ts';
import { consistentHash } from '../balancing/consistent-hash.ts';
import type { EndpointState } from '../upstreams/endpoint-state.ts';
import type { UpstreamState } from '../upstreams/upstream-state.ts';

interface Known {
  readonly pickable: readonly EndpointState[];
  readonly ring: Balancer;
}

/** The hash of an upstream, for all routes to it; made when first asked for, and anew for another set of endpoints. */
const rings = new WeakMap<UpstreamState, Known>();

/** Leads a key to one of the endpoints that may be picked; undefined when there is none. */
export function ringOf(upstream: UpstreamState, random: Random): Balancer | undefined {
  const { pickable } = upstream;
  if (pickable.length === 0) return undefined;
  const known = rings.get(upstream);
  if (known?.pickable === pickable) return known.ring;
  const ring = consistentHash(pickable, random, known?.ring);
  rings.set(upstream, { pickable, ring });
  return ring;
}

interface KnownBefore {
  readonly pickable: readonly EndpointState[];
  readonly model: Upstream;
  readonly ring: Balancer | undefined;
}

const ringsBefore = new WeakMap<UpstreamState, KnownBefore>();

/**
 * Leads a key to where it led before some endpoints began to drain: consistent hashing gives every other key the same
 * endpoint with them as without.
 * @returns undefined while no endpoint drains beside ready ones
 */
export function ringBeforeDrain(upstream: UpstreamState, random: Random): Balancer | undefined {
  const { pickable, upstream: model } = upstream;
  const known = ringsBefore.get(upstream);
  if (known?.pickable === pickable && known.model === model) return known.ring;
  const leaving = upstream.pickableReason === 'draining' ? [] : leavingOf(upstream);
  const all = [...pickable, ...leaving].toSorted((a, b) => (a.endpoint.id < b.endpoint.id ? -1 : 1));
  const ring = leaving.length === 0 ? undefined : consistentHash(all, random, known?.ring);
  ringsBefore.set(upstream, { pickable, model, ring });
  return ring;
}

/**
 * Draining endpoints that sessions may have begun at. While only those for the own zone are picked, the others had none;
 * Kubernetes gives no hints for endpoints that drain, so the zone tells.
 */
function leavingOf({ endpoints, pickable }: UpstreamState): EndpointState[] {
  const draining = [...endpoints.values()].filter(({ endpoint }) => endpoint.state === 'draining');
  if (!pickable.every(({ endpoint }) => endpoint.near === true)) return draining;
  const zones = new Set(pickable.map(({ endpoint }) => endpoint.zone));
  return draining.filter(({ endpoint }) => endpoint.near === true || zones.has(endpoint.zone));
}
