import type { CoarseTimers } from '../../lib/coarse-timers.ts';
import type { UpstreamId } from '../../model/ids.ts';
import type { UnhealthyEndpoints } from '../../model/messages.ts';
import type { UpstreamLimits } from '../../model/pool-policy.ts';
import { defaultEjection } from '../../model/pool-policy.ts';
import type { MapUpdate } from '../../model/update.ts';
import { equalData } from '../../model/update.ts';
import type { Upstream } from '../../model/upstream.ts';
import { stayingOut } from './ejection-share.ts';
import type { EjectionEvents } from './ejections.ts';
import { Ejections } from './ejections.ts';
import { EndpointState } from './endpoint-state.ts';
import type { Member, PickableEndpoints } from './pickable.ts';
import { pickableOf } from './pickable.ts';
import type { EndpointPicker } from './upstream-state.ts';
import { UpstreamState } from './upstream-state.ts';
import type { WorkerPlace } from './worker-share.ts';
import { limitsOfWorker, onlyWorker } from './worker-share.ts';

export interface UpstreamSetParts {
  /** @param previous  the picker of the set before */
  readonly makePicker: (
    upstream: Upstream,
    endpoints: readonly EndpointState[],
    previous: EndpointPicker | undefined,
  ) => EndpointPicker;
  /** All ready endpoints of an upstream fail their check (`true`), or no longer so (`false`). Said once per change. */
  readonly onChecksIgnored: (upstream: Upstream, ignored: boolean) => void;
  readonly ejection: EjectionEvents;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  readonly timers: CoarseTimers;
  /** Absent: the only one. */
  readonly worker?: WorkerPlace;
}

/**
 * All upstreams of one worker. What belongs to an endpoint (exchanges in flight, latency, health) lives as long as its
 * id is in its upstream, whatever else changes around it.
 */
export class UpstreamSet {
  readonly ejections: Ejections;
  readonly #parts: UpstreamSetParts;
  readonly #states = new Map<UpstreamId, UpstreamState>();
  readonly #leaveListeners: ((endpoint: EndpointState) => void)[] = [];
  readonly #ejectListeners: ((endpoint: EndpointState) => void)[] = [];
  #unhealthy: UnhealthyEndpoints = new Map();

  constructor(parts: UpstreamSetParts) {
    this.#parts = parts;
    this.ejections = new Ejections({
      events: parts.ejection,
      now: parts.now,
      timers: parts.timers,
      find: (id) => this.#states.get(id),
      refresh: ({ upstream }) => void this.#commit(this.#prepareOne(upstream)),
      onOut: (endpoint) => {
        for (const listener of this.#ejectListeners) listener(endpoint);
      },
    });
  }

  get(id: UpstreamId): UpstreamState | undefined {
    return this.#states.get(id);
  }

  all(): Iterable<UpstreamState> {
    return this.#states.values();
  }

  /** Calls `listener` for each endpoint that leaves its upstream or begins to drain. */
  onLeave(listener: (endpoint: EndpointState) => void): void {
    this.#leaveListeners.push(listener);
  }

  /** Calls `listener` for each endpoint that is left out from now on, because tries failed there. */
  onEject(listener: (endpoint: EndpointState) => void): void {
    this.#ejectListeners.push(listener);
  }

  /**
   * Builds what an update needs without changing anything.
   * @returns the step that takes it over, which cannot fail
   */
  prepare(update: MapUpdate<UpstreamId, Upstream>): () => void {
    const changes = [...update.set.values()].map((upstream) => this.#prepareOne(upstream));
    return () => {
      const gone = update.removed.flatMap((id) => this.#remove(id));
      const left = changes.flatMap((change) => this.#commit(change));
      for (const endpoint of [...gone, ...left]) for (const listener of this.#leaveListeners) listener(endpoint);
    };
  }

  /** @param unhealthy  endpoints whose check fails: the whole set */
  health(unhealthy: UnhealthyEndpoints): void {
    const before = this.#unhealthy;
    this.#unhealthy = unhealthy;
    for (const id of new Set([...before.keys(), ...unhealthy.keys()])) {
      const known = this.#states.get(id);
      if (known !== undefined) this.#commit(this.#prepareOne(known.upstream));
    }
  }

  #prepareOne(upstream: Upstream): Change {
    const state = this.#states.get(upstream.id) ?? new UpstreamState(upstream);
    const failing = new Set(this.#unhealthy.get(upstream.id));
    const held = upstream.endpoints
      .toSorted((a, b) => (a.id < b.id ? -1 : 1))
      .map((endpoint) => ({ endpoint, state: state.endpoints.get(endpoint.id) ?? new EndpointState(endpoint) }));
    const out = stayingOut(held, upstream.ejection ?? defaultEjection);
    const members = held.map((one) => ({
      ...one,
      healthy: !failing.has(one.endpoint.id),
      ejected: out.has(one.state),
    }));
    return { state, upstream, members, ...this.#pickingOf(state, upstream, pickableOf(members)) };
  }

  /** The same endpoints under the same algorithm keep their picker, and with it all turns and credits. */
  #pickingOf(state: UpstreamState, upstream: Upstream, pickable: PickableEndpoints): Picking {
    const same = sameItems(state.pickable, pickable.endpoints) && balancesAlike(state.upstream, upstream);
    if (same && state.picker !== undefined) {
      return { pickable: { reason: pickable.reason, endpoints: state.pickable }, picker: state.picker };
    }
    if (pickable.endpoints.length === 0) return { pickable, picker: undefined };
    return { pickable, picker: this.#parts.makePicker(upstream, pickable.endpoints, state.picker) };
  }

  /** Returns the endpoints that left or began to drain. */
  #commit({ state, upstream, members, pickable, picker }: Change): EndpointState[] {
    const left = leavingOf(state, members);
    const isKnown = this.#states.has(upstream.id);
    if (
      !sameItems(
        [...state.endpoints.values()],
        members.map((member) => member.state),
      )
    ) {
      state.endpoints = new Map(members.map((member) => [member.endpoint.id, member.state]));
    }
    for (const member of members) {
      member.state.endpoint = member.endpoint;
      member.state.healthy = member.healthy;
      if (member.state.ejection.isOut && !member.ejected) this.ejections.takeBack(member.state);
      this.#setFit(member, isKnown);
    }
    const ignoredBefore = state.pickableReason === 'checks-ignored';
    const ignored = pickable.reason === 'checks-ignored';
    state.upstream = upstream;
    state.pickable = pickable.endpoints;
    state.pickableReason = pickable.reason;
    state.picker = picker;
    state.halfOpen = halfOpenOf(upstream, members);
    state.limits = upstream.limits === undefined ? undefined : this.#limitsOf(upstream.limits);
    this.#states.set(upstream.id, state);
    for (const one of left) if (state.endpoints.get(one.endpoint.id) !== one) this.ejections.forget(one);
    if (ignored !== ignoredBefore) this.#parts.onChecksIgnored(upstream, ignored);
    state.waiting?.changed();
    return left;
  }

  /** What gets fit for requests ramps up, unless its upstream is new with it; half-open it does so after its trial. */
  #setFit({ state, endpoint, healthy, ejected }: Member, isKnown: boolean): void {
    const fit = endpoint.state === 'ready' && healthy && !ejected;
    if (fit && !state.fit && isKnown && !state.ejection.halfOpen) state.rampFrom(this.#parts.now());
    state.fit = fit;
  }

  #limitsOf(limits: UpstreamLimits): UpstreamLimits {
    return limitsOfWorker(limits, this.#parts.worker ?? onlyWorker);
  }

  /** Returns the endpoints that are gone with it. */
  #remove(id: UpstreamId): EndpointState[] {
    const state = this.#states.get(id);
    if (state === undefined) return [];
    this.#states.delete(id);
    for (const endpoint of state.endpoints.values()) this.ejections.forget(endpoint);
    if (state.pickableReason === 'checks-ignored') this.#parts.onChecksIgnored(state.upstream, false);
    // No endpoint will ever come to it: one that is asked for again is another.
    state.waiting?.refuseAll('hopeless');
    return [...state.endpoints.values()];
  }
}

interface Picking {
  readonly pickable: PickableEndpoints;
  readonly picker: EndpointPicker | undefined;
}

interface Change extends Picking {
  readonly state: UpstreamState;
  readonly upstream: Upstream;
  readonly members: readonly Member[];
}

function leavingOf(before: UpstreamState, members: readonly Member[]): EndpointState[] {
  const next = new Map(members.map((member) => [member.state, member.endpoint.state]));
  return [...before.endpoints.values()].filter((state) => {
    const kept = next.get(state);
    return kept === undefined || (kept === 'draining' && state.endpoint.state === 'ready');
  });
}

function halfOpenOf({ ejection = defaultEjection }: Upstream, members: readonly Member[]): readonly EndpointState[] {
  if (ejection.maxShare === 0) return [];
  return members.filter(({ state }) => state.ejection.halfOpen).map(({ state }) => state);
}

function balancesAlike(before: Upstream, after: Upstream): boolean {
  return before.slowStartMs === after.slowStartMs && equalData(before.balancing, after.balancing);
}

function sameItems<T>(a: readonly T[], b: readonly T[]): boolean {
  return a.length === b.length && a.every((item, at) => item === b[at]);
}
