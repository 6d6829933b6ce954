import type { FailureName } from '../exchange/failure.ts';
import type { EndpointState } from '../upstreams/endpoint-state.ts';
import type { Standing, Waiter, WaitEnd, WaitingRequest, WaitReason } from '../upstreams/waiter.ts';
import type { Attempts } from './attempts.ts';
import type { Serving } from './serving.ts';

/** How an exchange that has waited goes on; none of these throws. */
export interface AfterWait {
  /** It has a place at this endpoint. */
  readonly go: (serving: Serving, attempts: Attempts, endpoint: EndpointState) => void;
  readonly fail: (serving: Serving, failure: FailureName) => void;
  /** Something threw while it waited. */
  readonly recover: (serving: Serving, error: unknown) => void;
}

/**
 * Lets an exchange wait whose `attempts` found no endpoint: for a place, or for the first endpoint. Meanwhile it holds no
 * connection to an upstream, and no more of its body is read than what the engine reads ahead.
 * @returns why it may not wait
 */
export function startWaiting(serving: Serving, attempts: Attempts, after: AfterWait): FailureName | undefined {
  const standing = attempts.standing();
  if (standing === undefined) return 'no-endpoint';
  const { waitingRooms } = serving.runtime;
  const waiting = new WaitingExchange(serving, attempts, after);
  waiting.waiter = waitingRooms.of(attempts.upstream).enter(waiting, standing);
  if (waiting.waiter === undefined) {
    const full = standing.reason === 'hold' ? 'hold-full' : 'queue-full';
    waitingRooms.countShed(attempts.upstream, full);
    return full;
  }
  serving.transport.watchClient((failure) => waiting.onClientGone(failure));
  return undefined;
}

/** An exchange while it waits. */
class WaitingExchange implements WaitingRequest {
  readonly tried: readonly EndpointState[];
  readonly holdMs: number;
  waiter: Waiter | undefined = undefined;
  readonly #serving: Serving;
  readonly #attempts: Attempts;
  readonly #after: AfterWait;

  constructor(serving: Serving, attempts: Attempts, after: AfterWait) {
    this.tried = serving.exchange.tried;
    this.holdMs = attempts.holdMs ?? 0;
    this.#serving = serving;
    this.#attempts = attempts;
    this.#after = after;
  }

  pick(): EndpointState | undefined {
    return this.#guarded(() => this.#attempts.pick());
  }

  stand(): Standing | undefined {
    return this.#guarded(() => {
      this.#attempts.select();
      return this.#attempts.standing();
    });
  }

  go(endpoint: EndpointState): void {
    this.#serving.transport.watchClient(undefined);
    this.#serving.exchange.endpoint = endpoint;
    this.#after.go(this.#serving, this.#attempts, endpoint);
  }

  refuse(end: WaitEnd, reason: WaitReason): void {
    this.#serving.transport.watchClient(undefined);
    if (end === 'hopeless') return this.#after.fail(this.#serving, 'no-endpoint');
    const tooLong = reason === 'hold' ? 'hold-timeout' : 'queue-timeout';
    this.#serving.runtime.waitingRooms.countShed(this.#attempts.upstream, tooLong);
    return this.#after.fail(this.#serving, tooLong);
  }

  onClientGone(failure: FailureName): void {
    this.#leave();
    this.#after.fail(this.#serving, failure);
  }

  /** Nobody else's event may meet what throws here. */
  #guarded<T>(step: () => T | undefined): T | undefined {
    try {
      return step();
    } catch (error) {
      this.#leave();
      this.#after.recover(this.#serving, error);
      return undefined;
    }
  }

  #leave(): void {
    this.#serving.transport.watchClient(undefined);
    if (this.waiter !== undefined) this.#attempts.upstream.waiting?.leave(this.waiter);
  }
}
