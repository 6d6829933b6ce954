import type { FailureName } from './failure.ts';

/** The kernel gives this process, or this machine, no socket: nothing is said of the endpoint. Source: connect(2), socket(2). */
const ownLimits: ReadonlySet<string> = new Set(['EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM', 'EADDRNOTAVAIL', 'EAGAIN']);

/** What stands in the way of a connection. @param code  of the system's error, for example `ECONNREFUSED`; may be empty */
export function connectFailure(code: string): FailureName {
  if (code === 'ECONNREFUSED') return 'connect-refused';
  if (code === 'ETIMEDOUT') return 'connect-timeout';
  return ownLimits.has(code) ? 'no-socket' : 'connect-failed';
}
