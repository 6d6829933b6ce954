import type { CoarseTimers, Deadline } from '../../lib/coarse-timers.ts';
import type { UpstreamId } from '../../model/ids.ts';
import type { Ejection } from '../../model/messages.ts';
import type { EjectionReason } from '../../model/pool-policy.ts';
import { defaultEjection } from '../../model/pool-policy.ts';
import type { Upstream } from '../../model/upstream.ts';
import { hasRoom } from './ejection-share.ts';
import { countFailure, countSuccess, nextEjection } from './ejection-state.ts';
import { beginHalfOpen } from './ejection-trials.ts';
import type { EndpointState } from './endpoint-state.ts';
import type { UpstreamState } from './upstream-state.ts';

/** What is told of ejections. */
export interface EjectionEvents {
  /** This worker leaves an endpoint out; the others should as well. */
  onEjected(upstream: Upstream, ejection: Ejection): void;
  /** An endpoint stays in because too many others are out. */
  onPrevented(upstream: Upstream): void;
  /** So many endpoints of the upstream are out now. */
  onCount(upstream: Upstream, out: number): void;
}

export interface EjectionParts {
  readonly events: EjectionEvents;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  readonly timers: CoarseTimers;
  readonly find: (id: UpstreamId) => UpstreamState | undefined;
  /** What may be picked of an upstream must be found out anew. */
  readonly refresh: (upstream: UpstreamState) => void;
  /** The endpoint is left out from now on. */
  readonly onOut: (endpoint: EndpointState) => void;
}

/**
 * Endpoints that this worker leaves out because tries failed there.
 *
 * ```
 * in ──failures──▶ out ──time──▶ half-open ──head of an answer──▶ on probation ──success──▶ in
 *                   ▲                │                                 │
 *                   └──one failure───┴───────────────one failure───────┘  for twice the time
 * ```
 *
 * While it is half-open it gets one request at a time; see `ejection-trials.ts`.
 * Source: Envoy, outlier detection; drain.md section 5.
 */
export class Ejections {
  readonly #parts: EjectionParts;
  readonly #out = new Map<EndpointState, UpstreamState>();
  /** The next return. */
  readonly #deadline: Deadline;

  constructor(parts: EjectionParts) {
    this.#parts = parts;
    this.#deadline = parts.timers.deadline(() => this.returnDue());
  }

  /**
   * A try came to the head of an answer, or to its end.
   * @param startedAt  when the try began
   */
  answered(upstream: UpstreamState, endpoint: EndpointState, status: number, startedAt: number): void {
    const policy = upstream.upstream.ejection ?? defaultEjection;
    if (policy.statuses.length > 0 && policy.statuses.includes(status)) {
      return this.failed(upstream, endpoint, 'failed', startedAt);
    }
    const state = endpoint.ejection;
    if (state.isOut || startedAt < state.returnedAt) return undefined;
    if (state.halfOpen) this.#close(upstream, endpoint);
    return countSuccess(state, policy, this.#parts.now);
  }

  /** A trial came to the head of an answer: whether that is complete, which may take hours, shows later. */
  passed(upstream: UpstreamState, endpoint: EndpointState, status: number, startedAt: number): void {
    const { statuses } = upstream.upstream.ejection ?? defaultEjection;
    const state = endpoint.ejection;
    if (!state.halfOpen || startedAt < state.returnedAt || statuses.includes(status)) return;
    this.#close(upstream, endpoint);
  }

  /** A try failed, and the endpoint is to blame. */
  failed(upstream: UpstreamState, endpoint: EndpointState, how: 'refused' | 'failed', startedAt: number): void {
    const state = endpoint.ejection;
    const policy = upstream.upstream.ejection ?? defaultEjection;
    if (policy.maxShare === 0 || state.isOut || startedAt < state.returnedAt) return;
    const now = this.#parts.now();
    const reason = countFailure(state, policy, how === 'refused', now);
    if (reason !== undefined && this.#holds(upstream, endpoint)) this.#eject(upstream, endpoint, reason, startedAt);
  }

  /** Another worker left an endpoint out. The same share of the pool stays in here. */
  follow({ upstream: id, endpoint: endpointId, durationMs, times }: Ejection): 'followed' | 'left' {
    const upstream = this.#parts.find(id);
    const endpoint = upstream?.endpoints.get(endpointId);
    if (upstream === undefined || endpoint === undefined) return 'left';
    const policy = upstream.upstream.ejection ?? defaultEjection;
    const until = this.#parts.now() + Math.min(durationMs, policy.maxMs);
    const state = endpoint.ejection;
    if (!state.isOut && !hasRoom(upstream.endpoints.values(), endpoint, policy)) return 'left';
    this.#putOut(upstream, endpoint, Math.max(until, state.until), Math.max(times, state.times));
    return 'followed';
  }

  /** Takes back those whose time is over. The timer calls it. */
  returnDue(): void {
    const now = this.#parts.now();
    const changed = new Set<UpstreamState>();
    for (const [endpoint, upstream] of this.#out) {
      if (endpoint.ejection.until > now) continue;
      this.takeBack(endpoint);
      changed.add(upstream);
    }
    for (const upstream of changed) this.#parts.refresh(upstream);
    this.#setDeadline();
  }

  /** From now on it is in. What may be picked is for the caller to find out. */
  takeBack(endpoint: EndpointState): void {
    const state = endpoint.ejection;
    state.isOut = false;
    state.until = 0;
    state.returnedAt = this.#parts.now();
    state.onProbation = true;
    beginHalfOpen(state);
    this.forget(endpoint);
  }

  /** It is in no upstream any more. */
  forget(endpoint: EndpointState): void {
    const upstream = this.#out.get(endpoint);
    if (upstream === undefined) return;
    this.#out.delete(endpoint);
    this.#sayCount(upstream);
    if (this.#out.size === 0) this.#deadline.stop();
  }

  /** It gets its share, from a small one on when that is asked for. */
  #close(upstream: UpstreamState, endpoint: EndpointState): void {
    endpoint.ejection.halfOpen = false;
    upstream.halfOpen = upstream.halfOpen.filter((one) => one !== endpoint);
    endpoint.rampFrom(this.#parts.now());
  }

  #eject(upstream: UpstreamState, endpoint: EndpointState, reason: EjectionReason, startedAt: number): void {
    const policy = upstream.upstream.ejection ?? defaultEjection;
    const { events } = this.#parts;
    if (!hasRoom(upstream.endpoints.values(), endpoint, policy)) return events.onPrevented(upstream.upstream);
    const { times, durationMs } = nextEjection(endpoint.ejection, policy, startedAt);
    this.#putOut(upstream, endpoint, this.#parts.now() + durationMs, times);
    const { id } = upstream.upstream;
    return events.onEjected(upstream.upstream, {
      upstream: id,
      endpoint: endpoint.endpoint.id,
      reason,
      durationMs,
      times,
    });
  }

  #putOut(upstream: UpstreamState, endpoint: EndpointState, until: number, times: number): void {
    const state = endpoint.ejection;
    state.isOut = true;
    state.onProbation = false;
    state.halfOpen = false;
    state.until = until;
    state.outMs = until - this.#parts.now();
    state.times = times;
    state.refusals = 0;
    state.failures = 0;
    state.intervalRequests = 0;
    state.intervalFailures = 0;
    if (!this.#out.has(endpoint)) {
      this.#out.set(endpoint, upstream);
      this.#sayCount(upstream);
      this.#parts.refresh(upstream);
      this.#parts.onOut(endpoint);
    }
    this.#setDeadline();
  }

  /** The upstream may have lost the endpoint, or be gone, while a try was under way. */
  #holds(upstream: UpstreamState, endpoint: EndpointState): boolean {
    return (
      this.#parts.find(upstream.upstream.id) === upstream && upstream.endpoints.get(endpoint.endpoint.id) === endpoint
    );
  }

  #setDeadline(): void {
    if (this.#out.size === 0) return this.#deadline.stop();
    let next = Number.POSITIVE_INFINITY;
    for (const endpoint of this.#out.keys()) next = Math.min(next, endpoint.ejection.until);
    return this.#deadline.set(Math.max(0, next - this.#parts.now()));
  }

  #sayCount(upstream: UpstreamState): void {
    let count = 0;
    for (const one of this.#out.values()) if (one === upstream) count += 1;
    this.#parts.events.onCount(upstream.upstream, count);
  }
}
