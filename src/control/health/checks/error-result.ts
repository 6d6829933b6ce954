import { codeOf } from '../../../lib/error-text.ts';
import type { CheckResult } from './check.ts';
import { failure } from './check.ts';

/** Words for what sockets say; anything else is shown by its code. */
const words: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset',
  EPIPE: 'connection closed',
  EHOSTUNREACH: 'no route to the address',
  ENETUNREACH: 'no route to the address',
  ETIMEDOUT: 'no answer to the connection',
};

/** Codes that tell of Fairway's own limits and nothing of the endpoint (fault F-70). */
const ownLimits: Readonly<Record<string, string>> = {
  EMFILE: 'not checked: no free file descriptor',
  ENFILE: 'not checked: no free file descriptor on the node',
  EADDRNOTAVAIL: 'not checked: no free local port',
  ENOBUFS: 'not checked: no memory for sockets',
  ENOMEM: 'not checked: no memory',
};

/** Result for an error of a socket. Never text that the endpoint wrote. */
export function errorResult(error: unknown): CheckResult {
  const code = codeOf(error);
  const limit = ownLimits[code];
  if (limit !== undefined) return { outcome: 'unknown', text: limit };
  return failure(words[code] ?? (code === '' ? 'cannot be checked' : code));
}
