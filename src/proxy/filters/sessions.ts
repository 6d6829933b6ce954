import { hash32 } from '../../lib/hash.ts';
import type { EndpointId } from '../../model/ids.ts';
import type { CookieAffinity } from '../../model/policy.ts';
import type { Exchange } from '../exchange/exchange.ts';
import type { EndpointState } from '../upstreams/endpoint-state.ts';
import { avoidedAt } from '../upstreams/places.ts';
import type { UpstreamState } from '../upstreams/upstream-state.ts';
import type { FilterEnvironment } from './filter.ts';
import { ringBeforeDrain, ringOf } from './session-rings.ts';

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
  substitute(key: string, upstream: UpstreamState, avoided: readonly EndpointState[]): EndpointState | undefined;
  begin(exchange: Exchange, upstream: UpstreamState): NewSession | undefined;
}

export function sessionsOf(policy: CookieAffinity, environment: FilterEnvironment): Sessions {
  if (policy.mode === 'persistent') return persistentSessions(policy);
  return policy.whileDraining === 'keep' ? keptBalancedSessions(environment) : balancedSessions(environment);
}

/**
 * Each key belongs to an endpoint by consistent hashing: endpoints that come take their share of the sessions, those
 * that leave or drain give theirs away. Any value is a key. Source: ingress-nginx `sticky_balanced.lua`; observed 14.
 */
function balancedSessions(environment: FilterEnvironment): Sessions {
  const { random } = environment;
  return {
    find: (key, upstream) => ringOf(upstream, random)?.pick(key, nothing),
    substitute: (key, upstream, avoided) => ringOf(upstream, random)?.pick(key, avoidedAt(upstream, avoided)),
    begin: (exchange, upstream) => {
      const ring = ringOf(upstream, random);
      if (ring === undefined) return undefined;
      return beginAt((key) => ring.pick(key, nothing), avoidedAt(upstream, exchange.avoided), environment);
    },
  };
}

/**
 * The same, but endpoints that drain keep the sessions that they have. New sessions get keys that do not lead to them, so
 * that no worker or replica takes a new session for an old one.
 */
function keptBalancedSessions(environment: FilterEnvironment): Sessions {
  const { random } = environment;
  const moving = balancedSessions(environment);
  return {
    find: (key, upstream) => {
      const home = ringBeforeDrain(upstream, random)?.pick(key, nothing);
      return home !== undefined && mayStay(home, upstream) ? home : moving.find(key, upstream);
    },
    substitute: (key, upstream, avoided) => moving.substitute(key, upstream, avoided),
    begin: (exchange, upstream) => {
      const before = ringBeforeDrain(upstream, random);
      if (before === undefined) return moving.begin(exchange, upstream);
      const avoided = avoidedAt(upstream, exchange.avoided);
      const begun = beginAt((key) => readyOnly(before.pick(key, nothing)), avoided, environment);
      return begun ?? moving.begin(exchange, upstream);
    },
  };
}

function readyOnly(endpoint: EndpointState | undefined): EndpointState | undefined {
  return endpoint?.endpoint.state === 'ready' ? endpoint : undefined;
}

/**
 * A key that leads to an endpoint that has not failed and has a place, if it is soon found; else one that leads to any.
 * @param lead  where a key leads; undefined: it must not be taken
 */
function beginAt(
  lead: (key: string) => EndpointState | undefined,
  avoided: readonly EndpointState[],
  environment: FilterEnvironment,
): NewSession | undefined {
  let begun: NewSession | undefined;
  for (let more = 0; more < mostKeys; more += 1) {
    const key = newKey(environment);
    const endpoint = lead(key);
    if (endpoint === undefined) continue;
    begun = { key, endpoint };
    if (!avoided.includes(endpoint) || more >= mostUntriedKeys) return begun;
  }
  return begun;
}

/**
 * The key is a hash of the endpoint's id: the session stays while the endpoint exists, passes its check and is not ejected,
 * whatever comes beside it, and while it drains unless the Ingress wants it to move. Source: ingress-nginx `sticky_persistent.lua`.
 */
function persistentSessions({ upstreamHash, whileDraining }: CookieAffinity): Sessions {
  const mayHold = whileDraining === 'keep' ? mayStay : mayStayReady;
  return {
    find: (key, upstream) => {
      const endpoint = keysOf(upstream, upstreamHash).get(key);
      return endpoint !== undefined && mayHold(endpoint, upstream) ? endpoint : undefined;
    },
    substitute: (key, upstream, avoided) => upstream.picker?.pick(key, avoidedAt(upstream, avoided)),
    begin: (exchange, upstream) => {
      const endpoint = upstream.picker?.pick(exchange.clientAddress, avoidedAt(upstream, exchange.avoided));
      return endpoint === undefined ? undefined : { key: keyOf(endpoint.endpoint.id, upstreamHash), endpoint };
    },
  };
}

function mayStay(endpoint: EndpointState, upstream: UpstreamState): boolean {
  return (endpoint.healthy && !endpoint.ejection.isOut) || upstream.pickable.includes(endpoint);
}

/** Draining endpoints are picked when no other one is left. */
function mayStayReady(endpoint: EndpointState, upstream: UpstreamState): boolean {
  return endpoint.endpoint.state === 'ready' ? mayStay(endpoint, upstream) : upstream.pickable.includes(endpoint);
}

const nothing: readonly EndpointState[] = [];
/** As many keys are tried for an endpoint that has not failed. Source: ingress-nginx, MAX_UPSTREAM_CHECKS_COUNT. */
const mostUntriedKeys = 20;
/** And for one that does not drain: where nine of ten do, fewer than one session in a million finds none. */
const mostKeys = 150;

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
