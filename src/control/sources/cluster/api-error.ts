import { codeOf, messageOf } from '../../../lib/error-text.ts';
import { arrayAt, numberAt, objectAt, parseJson, textAt } from './json.ts';

/**
 * Why a request to the API server gave nothing: it answered with a status; no connection or a cut one; too slow; an
 * answer that is not what was asked for; credentials that could not be read.
 */
export type ApiFailure = 'status' | 'network' | 'timeout' | 'body' | 'credentials';

/** A request to the API server that failed; always caught inside the source and the writers. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly failure: ApiFailure;
  /** HTTP status, or `code` of a Status object inside a watch; 0 when there was no answer. */
  readonly status: number;
  /** `reason` of the Status object, for example `Expired`; for `network` the system's code, for example ECONNREFUSED. */
  readonly reason: string;
  /** What the server asked for, 0 if nothing. */
  readonly retryAfterMs: number;

  constructor(
    failure: ApiFailure,
    message: string,
    details: { status?: number; reason?: string; retryAfterMs?: number; cause?: unknown } = {},
  ) {
    super(message, { cause: details.cause });
    this.failure = failure;
    this.status = details.status ?? 0;
    this.reason = details.reason ?? '';
    this.retryAfterMs = details.retryAfterMs ?? 0;
  }
}

/** The error of a Status object, be it a response's body or the object of an ERROR event. */
export function statusError(status: number, body: unknown, retryAfterHeader = ''): ApiError {
  const details = objectAt(body, 'details');
  const tooLarge = arrayAt(details, 'causes').some((cause) => textAt(cause, 'reason') === 'ResourceVersionTooLarge');
  const message = textAt(body, 'message').slice(0, 1024) || `the server answered ${status}`;
  const code = status === 0 ? numberAt(body, 'code') : status;
  return new ApiError('status', message, {
    status: code,
    reason: tooLarge || message.includes('Too large resource version') ? tooLargeReason : textAt(body, 'reason'),
    retryAfterMs: retryAfterOf(retryAfterHeader, numberAt(details, 'retryAfterSeconds')),
  });
}

/** The error of an HTTP response that is not a success. */
export function responseError(status: number, text: string, retryAfterHeader: string): ApiError {
  return statusError(status, parseJson(text), retryAfterHeader);
}

/** Anything that a socket or TLS threw. */
export function networkError(error: unknown, what: string): ApiError {
  if (error instanceof ApiError) return error;
  return new ApiError('network', `${what}: ${messageOf(error)}`, { reason: codeOf(error), cause: error });
}

/** An error of any kind as `ApiError`, so that one place decides what follows. */
export function asApiError(error: unknown): ApiError {
  return error instanceof ApiError ? error : new ApiError('body', messageOf(error), { cause: error });
}

const tooLargeReason = 'ResourceVersionTooLarge';

/**
 * The version we resume from is gone (410, compacted), or one that the server does not know yet, as after a restore of
 * etcd from a backup. Both need a list without a version.
 */
export function isGone(error: ApiError): boolean {
  return (
    error.status === 410 || error.reason === 'Expired' || error.reason === 'Gone' || error.reason === tooLargeReason
  );
}

/** Seconds only: the API server sends no dates. */
function retryAfterOf(header: string, detailSeconds: number): number {
  const seconds = /^\d{1,6}$/.test(header) ? Number(header) : detailSeconds;
  return Math.max(0, seconds) * 1000;
}
