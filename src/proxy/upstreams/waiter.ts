import type { EndpointState } from './endpoint-state.ts';

/** `queue`: every place is taken. `hold`: there is no endpoint. */
export type WaitReason = 'queue' | 'hold';

/** Why a wait ended without a place: its time was over, or there is nothing left to wait for. */
export type WaitEnd = 'timeout' | 'hopeless';

/** For what a request waits. */
export interface Standing {
  readonly reason: WaitReason;
  /** The one endpoint that it waits for; absent: any. */
  readonly bound?: EndpointState;
}

/** A request that waits, seen from here. None of these throws. */
export interface WaitingRequest {
  /** Endpoints that it has tried. */
  readonly tried: readonly EndpointState[];
  /** How long it waits for a first endpoint at most. */
  readonly holdMs: number;
  /** Chooses an endpoint with a place; called only when there is one. undefined: it has ended, or found none after all. */
  pick(): EndpointState | undefined;
  /** It has left the line and gets a place here. */
  go(endpoint: EndpointState): void;
  /** Endpoints or limits have changed. @returns how it waits on; undefined when it must not, or has ended */
  stand(): Standing | undefined;
  /** It has left the line without a place. */
  refuse(end: WaitEnd, reason: WaitReason): void;
}

/** Moved, not made anew; `CoarseTimers` makes such. */
export interface WaitDeadline {
  set(ms: number): void;
  stop(): void;
}

/** One request in its line. The fields belong to the room and the line. */
export class Waiter {
  readonly request: WaitingRequest;
  /** Order of arrival; kept when it changes lines. */
  readonly number: number;
  readonly deadline: WaitDeadline;
  reason: WaitReason = 'queue';
  bound: EndpointState | undefined = undefined;
  /** When it began to wait for this reason. */
  since = 0;
  /** When its time is over, by reason; 0 before it waited for it. */
  queueUntil = 0;
  holdUntil = 0;
  /** It has not gone on, nor was it refused. */
  waits = false;
  line: WaitingLine | undefined = undefined;
  previous: Waiter | undefined = undefined;
  next: Waiter | undefined = undefined;

  /** @param startTimer  makes its deadline */
  constructor(request: WaitingRequest, number: number, startTimer: (waiter: Waiter) => WaitDeadline) {
    this.request = request;
    this.number = number;
    this.deadline = startTimer(this);
  }
}

/** First in, first out; anyone may leave from anywhere. All of it in constant time. */
export class WaitingLine {
  first: Waiter | undefined = undefined;
  #last: Waiter | undefined = undefined;

  append(waiter: Waiter): void {
    waiter.line = this;
    waiter.previous = this.#last;
    if (this.#last === undefined) this.first = waiter;
    else this.#last.next = waiter;
    this.#last = waiter;
  }

  remove(waiter: Waiter): void {
    const { next, previous } = waiter;
    if (previous === undefined) this.first = next;
    else previous.next = next;
    if (next === undefined) this.#last = previous;
    else next.previous = previous;
    waiter.line = undefined;
    waiter.previous = undefined;
    waiter.next = undefined;
  }
}
