import { opensToAll } from '../address-lists.ts';
import type { UnsupportedEntry } from './unsupported-entry.ts';
import { isFalse, isOff, isZero, protectBackend, wait } from './unsupported-entry.ts';

/** What keeps requests out: the routes are closed. */
export const guards: readonly UnsupportedEntry[] = [
  {
    keys: 'auth-type auth-secret',
    kind: 'guard',
    why: 'basic and digest authentication are not there yet',
    fix: protectBackend,
  },
  { keys: 'auth-url', kind: 'guard', why: 'external authentication is not there yet', fix: protectBackend },
  {
    keys: 'auth-tls-secret auth-tls-match-cn',
    kind: 'guard',
    why: 'client certificates are not checked yet',
    fix: protectBackend,
  },
  {
    keys: 'allowlist-source-range whitelist-source-range',
    kind: 'guard',
    why: 'address lists are not there yet',
    fix: protectBackend,
    // What cert-manager writes on the Ingresses of its HTTP-01 challenges.
    harmless: opensToAll,
  },
  { keys: 'denylist-source-range', kind: 'guard', why: 'address lists are not there yet', fix: protectBackend },
  {
    keys: 'limit-connections limit-rps limit-rpm limit-rate',
    kind: 'guard',
    why: 'limits are not there yet',
    fix: protectBackend,
    harmless: isZero,
  },
  {
    keys: 'proxy-ssl-verify',
    kind: 'guard',
    why: 'certificates of endpoints are not checked yet',
    fix: wait,
    harmless: isOff,
  },
  {
    keys: 'ssl-passthrough',
    kind: 'guard',
    why: 'TLS is always terminated, never passed through',
    fix: 'Remove the annotation if Fairway may terminate TLS for this host, or keep this Ingress with a controller that passes it through.',
    harmless: isFalse,
  },
];
