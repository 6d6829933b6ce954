import { accessLog } from './access-log.ts';
import { affinity } from './affinity.ts';
import { bodyLimit } from './body-limit.ts';
import { count } from './count.ts';
import type { Filter } from './filter.ts';
import { forwarded } from './forwarded.ts';
import { httpsRedirect } from './https-redirect.ts';
import { mirror } from './mirror.ts';
import { responseHeaders } from './response-headers.ts';

/**
 * Every filter, in the order in which its hooks run in each phase. Order is behaviour: each line says why it stands
 * where it stands. Who the client is stands before all of them, in `client-identity.ts`.
 */
export const filters: readonly Filter[] = [
  // First of all: nginx looks at the length as soon as it knows the location.
  bodyLimit,
  // Before whatever authorises or counts requests: ingress-nginx redirects in its rewrite phase (observed 35).
  httpsRedirect,
  // Pins the endpoint before the balancer is asked; its cookie stands before the upstream's headers.
  affinity,
  // The only one that starts a request head; what adds to it stands below.
  forwarded,
  // Copies the head that the backend gets.
  mirror,
  // Last to touch the answer's head: drops what must not leave, whoever wrote it, and puts Date in front.
  responseHeaders,
  // At the very end of an exchange; before the log, which may be slow.
  count,
  // The last word about an exchange: all that the others found out is in it.
  accessLog,
];
