import { hash32 } from '../../lib/hash.ts';
import type { EndpointId } from '../../model/ids.ts';
import type { CookieAffinity } from '../../model/policy.ts';
import type { Balancer } from '../balancing/balancer.ts';
import { consistentHash } from '../balancing/consistent-hash.ts';
import type { Exchange } from '../exchange/exchange.ts';
import type { EndpointState } from '../upstreams/endpoint-state.ts';
import type { UpstreamState } from '../upstreams/upstream-state.ts';
import type { FilterEnvironment } from './filter.ts';

/** A session that begins: its key, and where it leads. */
export interface NewSession {
  readonly key: string;
  readonly endpoint: EndpointState;
}

/**
 * How keys lead to endpoints. Nothing is shared between workers or replicas: what they need is in the cookie and in the
 * snapshot, so each of them comes to the same endpoint.
 */
export interface Sessions {
  /** undefined when the session has to begin anew. */
  find(key: string, upstream: UpstreamState): EndpointState | undefined;
  /** Another endpoint for one exchange of a session whose own endpoint cannot be reached. */
  substitute(key: string, upstream: UpstreamState, tried: readonly EndpointState[]): EndpointState | undefined;
  begin(exchange: Exchange, upstream: UpstreamState): NewSession | undefined;
}

export function sessionsOf(policy: CookieAffinity, environment: FilterEnvironment): Sessions {
  return policy.mode === 'persistent' ? persistentSessions(policy) : balancedSessions(environment);
}

/**
 * Each key belongs to an endpoint by consistent hashing: endpoints that come take their share of the sessions, those
 * that leave or drain give theirs away. Any value is a key. Source: ingress-nginx `sticky_balanced.lua`; observed 14.
 */
function balancedSessions(environment: FilterEnvironment): Sessions {
  return {
    find: (key, upstream) => ringOf(upstream, environment)?.pick(key, nothing),
    substitute: (key, upstream, tried) => ringOf(upstream, environment)?.pick(key, tried),
    begin: ({ tried }, upstream) => {
      const ring = ringOf(upstream, environment);
      if (ring === undefined) return undefined;
      let key = newKey(environment);
      let endpoint = ring.pick(key, nothing);
      for (let more = 1; more < mostKeys && endpoint !== undefined && tried.includes(endpoint); more += 1) {
        key = newKey(environment);
        endpoint = ring.pick(key, nothing);
      }
      return endpoint === undefined ? undefined : { key, endpoint };
    },
  };
}

/**
 * The key is a hash of the endpoint's id: the session stays while the endpoint exists, passes its check and is not ejected,
 * also while it drains and whatever comes beside it. Source: ingress-nginx `sticky_persistent.lua`.
 */
function persistentSessions({ upstreamHash }: CookieAffinity): Sessions {
  return {
    find: (key, upstream) => {
      const endpoint = keysOf(upstream, upstreamHash).get(key);
      return endpoint !== undefined && mayStay(endpoint, upstream) ? endpoint : undefined;
    },
    substitute: (key, upstream, tried) => upstream.picker?.pick(key, tried),
    begin: (exchange, upstream) => {
      const endpoint = upstream.picker?.pick(exchange.clientAddress, exchange.tried);
      return endpoint === undefined ? undefined : { key: keyOf(endpoint.endpoint.id, upstreamHash), endpoint };
    },
  };
}

function mayStay(endpoint: EndpointState, upstream: UpstreamState): boolean {
  return (endpoint.healthy && !endpoint.ejection.isOut) || upstream.pickable.includes(endpoint);
}

const nothing: readonly EndpointState[] = [];
/** As many keys are tried for an endpoint that has not failed. Source: ingress-nginx, MAX_UPSTREAM_CHECKS_COUNT. */
const mostKeys = 20;

/** The hash of an upstream, for all routes to it; made when first asked for, and anew for another set of endpoints. */
const rings = new WeakMap<UpstreamState, { readonly pickable: readonly EndpointState[]; readonly ring: Balancer }>();

function ringOf(upstream: UpstreamState, { random }: FilterEnvironment): Balancer | undefined {
  const { pickable } = upstream;
  if (pickable.length === 0) return undefined;
  const known = rings.get(upstream);
  if (known?.pickable === pickable) return known.ring;
  const ring = consistentHash(pickable, random, known?.ring);
  rings.set(upstream, { pickable, ring });
  return ring;
}

/** Time, process and a random number, as ingress-nginx writes them: `1795650037.026.37.945037`. */
function newKey({ clock, random }: FilterEnvironment): string {
  return `${(clock.wall() / 1000).toFixed(3)}.${process.pid}.${Math.floor(random() * 1_000_000)}`;
}

type Keys = ReadonlyMap<string, EndpointState>;
/** Shape: `[endpoints of an upstream][salt]`. The salt is the same for all routes of an upstream. */
const keyTables = new WeakMap<ReadonlyMap<EndpointId, EndpointState>, Map<string, Keys>>();

function keysOf({ endpoints }: UpstreamState, salt: string): Keys {
  let tables = keyTables.get(endpoints);
  if (tables === undefined) {
    tables = new Map();
    keyTables.set(endpoints, tables);
  }
  let keys = tables.get(salt);
  if (keys === undefined) {
    keys = new Map([...endpoints].map(([id, endpoint]) => [keyOf(id, salt), endpoint]));
    tables.set(salt, keys);
  }
  return keys;
}

/** 64 bits, so that no two endpoints of an upstream share a key. */
function keyOf(id: EndpointId, salt: string): string {
  return hex(hash32(`${salt}/${id}`)) + hex(hash32(`${id}/${salt}`));
}

function hex(value: number): string {
  return value.toString(16).padStart(8, '0');
}
