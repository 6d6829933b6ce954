import type { RetryCondition, RetryPolicy } from '../../model/policy.ts';
import type { FailureName } from './failure.ts';
import { failures } from './failure.ts';

/** What is known when a try is over, or when the head of its answer is there. */
export interface TrySoFar {
  readonly method: string;
  /** Tries that were begun, this one included. */
  readonly tries: number;
  /** Since the first try began. */
  readonly elapsedMs: number;
  /** Bytes of the request's body are gone and cannot be sent again. */
  readonly bodyConsumed: boolean;
  /** Endpoints that may be picked now. */
  readonly endpoints: number;
}

/**
 * Whether a request whose try failed before its answer began may be tried again.
 * Source: nginx `proxy_next_upstream`; observed 15.
 */
export function mayRetryFailure(policy: RetryPolicy, failure: FailureName, so: TrySoFar): boolean {
  const { retry, condition } = failures[failure];
  if (retry === 'no' || condition === undefined || !policy.on.includes(condition)) return false;
  if (retry === 'idempotent' && !mayRepeat(policy, so.method)) return false;
  return hasTriesLeft(policy, so);
}

/** Whether an answer with this status is thrown away for another try. The last try's answer is always relayed. */
export function mayRetryStatus(policy: RetryPolicy, status: number, so: TrySoFar): boolean {
  const condition = statusConditions[status];
  if (condition === undefined || !policy.on.includes(condition)) return false;
  return mayRepeat(policy, so.method) && hasTriesLeft(policy, so);
}

const statusConditions: Readonly<Record<number, RetryCondition>> = {
  403: 'http_403',
  404: 'http_404',
  429: 'http_429',
  500: 'http_500',
  502: 'http_502',
  503: 'http_503',
  504: 'http_504',
};

/** Methods that nginx does not repeat once a byte was sent. */
const notRepeated = new Set(['POST', 'LOCK', 'PATCH']);

/** Whether a request with this method may be sent again once a byte of it was sent. */
export function mayRepeat(policy: RetryPolicy, method: string): boolean {
  return !notRepeated.has(method) || policy.on.includes('non_idempotent');
}

function hasTriesLeft(policy: RetryPolicy, so: TrySoFar): boolean {
  if (so.bodyConsumed) return false;
  if (policy.timeoutMs > 0 && so.elapsedMs >= policy.timeoutMs) return false;
  return so.tries < (policy.tries === 0 ? mostTries(so) : Math.min(policy.tries, mostTries(so)));
}

/** A bound where none is asked for: each endpoint once, and ten tries where there are few. */
function mostTries(so: TrySoFar): number {
  return Math.max(10, so.endpoints);
}
