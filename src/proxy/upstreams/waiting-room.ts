import type { Upstream } from '../../model/upstream.ts';
import type { EndpointState } from './endpoint-state.ts';
import { hasPlaceFor, hasRoom, isFull } from './places.ts';
import type { UpstreamState } from './upstream-state.ts';
import type { Standing, WaitDeadline, WaitEnd, WaitingRequest, WaitReason } from './waiter.ts';
import { Waiter, WaitingLine } from './waiter.ts';

/** What the rooms of all upstreams share. */
export interface WaitingParts {
  /** Monotonic milliseconds. */
  readonly now: () => number;
  readonly deadline: (onDue: () => void) => WaitDeadline;
  /** Requests that may wait for an upstream whose limits say nothing of it. */
  readonly mostWaiting: number;
  /** The worker takes its leave: nobody may begin to wait. */
  readonly closed: () => boolean;
  /** So many of them wait now. */
  readonly onCount: (upstream: Upstream, reason: WaitReason, count: number) => void;
  /** One has waited that long, however it ended. */
  readonly onWaited: (upstream: Upstream, reason: WaitReason, ms: number) => void;
}

/**
 * Requests that wait for one upstream in one worker: for a place under its limits, or for its first endpoint. Nobody
 * overtakes anybody who could have gone: whenever something changes, all that can go do so at once, in the order of
 * their arrival, before anybody else is asked. Those that are bound to an endpoint wait in a line of its own, so that
 * a full endpoint with sessions does not stop the others.
 *
 * ```
 * any endpoint:  1 ⇄ 4 ⇄ 5
 * endpoint a:    2 ⇄ 6          the next one is the smallest number whose endpoint has room
 * endpoint b:    3
 * ```
 */
export class WaitingRoom {
  /** How many wait. */
  size = 0;
  readonly #upstream: UpstreamState;
  readonly #parts: WaitingParts;
  readonly #any: WaitingLine = new WaitingLine();
  readonly #bound = new Map<EndpointState, WaitingLine>();
  readonly #counts: Record<WaitReason, number> = { queue: 0, hold: 0 };
  #arrivals = 0;
  #busy = false;
  /** Something happened while it was busy. */
  #again = false;
  #stale = false;

  constructor(upstream: UpstreamState, parts: WaitingParts) {
    this.#upstream = upstream;
    this.#parts = parts;
  }

  /** Lets a request wait that found no place. @returns undefined when too many do already */
  enter(request: WaitingRequest, standing: Standing): Waiter | undefined {
    const most = this.#upstream.limits?.pending ?? this.#parts.mostWaiting;
    if (this.size >= most || this.#parts.closed()) return undefined;
    this.#arrivals += 1;
    const waiter = new Waiter(request, this.#arrivals, (one) => this.#parts.deadline(() => this.#onDue(one)));
    this.size += 1;
    waiter.waits = true;
    this.#lineUp(waiter, standing);
    this.#begin(waiter);
    return waiter;
  }

  /** It does not wait any longer, for whatever reason. */
  leave(waiter: Waiter): void {
    if (!waiter.waits) return;
    waiter.waits = false;
    waiter.deadline.stop();
    this.#stepOut(waiter);
    this.#end(waiter);
    this.size -= 1;
  }

  /** An endpoint has a place again. */
  released(): void {
    if (this.size > 0) this.#run();
  }

  /** Endpoints or limits are others now. */
  changed(): void {
    if (this.size === 0) return;
    this.#stale = true;
    this.#run();
  }

  /** Nobody waits any longer. */
  refuseAll(end: WaitEnd): void {
    for (const waiter of this.#inOrder()) this.#refuse(waiter, end);
  }

  /** Not from within itself: whatever a request does when it goes on finds the lines in order. */
  #run(): void {
    this.#again = true;
    if (this.#busy) return;
    this.#busy = true;
    while (this.#again) {
      this.#again = false;
      const hopeless = this.#stale ? this.#standAnew() : [];
      this.#dispatch();
      for (const waiter of hopeless) this.#refuse(waiter, 'hopeless');
    }
    this.#busy = false;
  }

  #dispatch(): void {
    for (let waiter = this.#next(); waiter !== undefined; waiter = this.#next()) {
      const endpoint = waiter.bound ?? waiter.request.pick();
      if (endpoint === undefined) {
        if (waiter.waits) return;
        continue;
      }
      this.leave(waiter);
      waiter.request.go(endpoint);
    }
  }

  /** Who goes next; undefined when nobody can. */
  #next(): Waiter | undefined {
    if (this.size === 0 || isFull(this.#upstream)) return undefined;
    let first = this.#nextForAny();
    for (const [endpoint, line] of this.#bound) {
      const head = line.first;
      if (head === undefined || !hasRoom(endpoint, this.#upstream.limits)) continue;
      if (first === undefined || head.number < first.number) first = head;
    }
    return first;
  }

  #nextForAny(): Waiter | undefined {
    for (let waiter = this.#any.first; waiter !== undefined; waiter = waiter.next) {
      const { tried } = waiter.request;
      if (hasPlaceFor(this.#upstream, tried)) return waiter;
      // Where one without tries finds nothing, nobody does.
      if (tried.length === 0) return undefined;
    }
    return undefined;
  }

  /**
   * Sessions may lead elsewhere, endpoints be gone or there. Everybody keeps the place in the order of arrival.
   * @returns those that wait in vain, in no line any more
   */
  #standAnew(): readonly Waiter[] {
    this.#stale = false;
    const all = this.#inOrder();
    const hopeless: Waiter[] = [];
    for (const waiter of all) this.#stepOut(waiter);
    for (const waiter of all) {
      const standing = waiter.request.stand();
      if (!waiter.waits) continue;
      if (standing === undefined) hopeless.push(waiter);
      else this.#moveTo(waiter, standing);
    }
    return hopeless;
  }

  #moveTo(waiter: Waiter, standing: Standing): void {
    const sameReason = standing.reason === waiter.reason;
    if (!sameReason) this.#end(waiter);
    this.#lineUp(waiter, standing);
    if (!sameReason) this.#begin(waiter);
  }

  #refuse(waiter: Waiter, end: WaitEnd): void {
    if (!waiter.waits) return;
    this.leave(waiter);
    waiter.request.refuse(end, waiter.reason);
  }

  #onDue(waiter: Waiter): void {
    this.#refuse(waiter, 'timeout');
  }

  #lineUp(waiter: Waiter, { bound, reason }: Standing): void {
    waiter.bound = bound;
    waiter.reason = reason;
    if (bound === undefined) return this.#any.append(waiter);
    let line = this.#bound.get(bound);
    if (line === undefined) {
      line = new WaitingLine();
      this.#bound.set(bound, line);
    }
    return line.append(waiter);
  }

  #stepOut(waiter: Waiter): void {
    const { bound, line } = waiter;
    if (line === undefined) return;
    line.remove(waiter);
    if (bound !== undefined && line.first === undefined) this.#bound.delete(bound);
  }

  /** Begins to wait for its reason. A second time for the same one gets no more time. */
  #begin(waiter: Waiter): void {
    const now = this.#parts.now();
    waiter.since = now;
    if (waiter.reason === 'hold') waiter.holdUntil ||= now + waiter.request.holdMs;
    else waiter.queueUntil ||= now + (this.#upstream.limits?.pendingMs ?? 0);
    const until = waiter.reason === 'hold' ? waiter.holdUntil : waiter.queueUntil;
    waiter.deadline.set(Math.max(0, until - now));
    this.#count(waiter.reason, 1);
  }

  #end(waiter: Waiter): void {
    this.#count(waiter.reason, -1);
    this.#parts.onWaited(this.#upstream.upstream, waiter.reason, this.#parts.now() - waiter.since);
  }

  #count(reason: WaitReason, difference: 1 | -1): void {
    this.#counts[reason] += difference;
    this.#parts.onCount(this.#upstream.upstream, reason, this.#counts[reason]);
  }

  #inOrder(): Waiter[] {
    const all: Waiter[] = [];
    for (const line of [this.#any, ...this.#bound.values()]) {
      for (let waiter = line.first; waiter !== undefined; waiter = waiter.next) all.push(waiter);
    }
    return all.sort((a, b) => a.number - b.number);
  }
}
