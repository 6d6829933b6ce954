import type { UnsupportedEntry } from './unsupported-entry.ts';
import { isFalse, isZero, remove } from './unsupported-entry.ts';

const externalAuth: readonly string[] = ['auth-url'];
const clientCertificates: readonly string[] = ['auth-tls-secret'];
const limits: readonly string[] = ['limit-connections', 'limit-rps', 'limit-rpm'];

/** What means something only beside another annotation. */
export const modifiers: readonly UnsupportedEntry[] = [
  {
    keys: 'auth-realm auth-secret-type',
    of: ['auth-type', 'auth-secret'],
    kind: 'modifier',
    why: 'it belongs to auth-type',
    fix: remove,
  },
  {
    keys: `auth-method auth-signin auth-signin-redirect-param auth-response-headers auth-request-redirect
      auth-always-set-cookie auth-proxy-set-headers auth-cache-key auth-cache-duration auth-keepalive
      auth-keepalive-share-vars auth-keepalive-requests auth-keepalive-timeout`,
    of: externalAuth,
    kind: 'modifier',
    why: 'it belongs to auth-url',
    fix: remove,
  },
  {
    keys: 'auth-tls-verify-client auth-tls-verify-depth auth-tls-error-page auth-tls-pass-certificate-to-upstream',
    of: clientCertificates,
    kind: 'modifier',
    why: 'it belongs to auth-tls-secret',
    fix: remove,
  },
  {
    keys: 'satisfy',
    of: [
      'auth-type',
      'auth-secret',
      'auth-url',
      'allowlist-source-range',
      'whitelist-source-range',
      'denylist-source-range',
    ],
    kind: 'modifier',
    why: 'it joins authentication and address lists, of which there are none',
    fix: remove,
    harmless: (value) => value === 'all',
  },
  {
    keys: 'limit-burst-multiplier limit-allowlist limit-whitelist',
    of: limits,
    kind: 'modifier',
    why: 'it belongs to limit-rps, limit-rpm and limit-connections',
    fix: remove,
  },
  {
    keys: 'limit-rate-after',
    of: ['limit-rate'],
    kind: 'modifier',
    why: 'it belongs to limit-rate',
    fix: remove,
    harmless: isZero,
  },
  {
    keys: 'cors-allow-origin cors-allow-methods cors-allow-headers cors-allow-credentials cors-expose-headers cors-max-age',
    of: ['enable-cors'],
    kind: 'modifier',
    why: 'it belongs to enable-cors',
    fix: remove,
  },
  {
    keys: 'proxy-ssl-verify-depth',
    of: ['proxy-ssl-verify'],
    kind: 'modifier',
    why: 'it belongs to proxy-ssl-verify',
    fix: remove,
  },
  {
    keys: 'permanent-redirect-code',
    of: ['permanent-redirect'],
    kind: 'modifier',
    why: 'it belongs to permanent-redirect',
    fix: remove,
  },
  {
    keys: 'temporal-redirect-code',
    of: ['temporal-redirect'],
    kind: 'modifier',
    why: 'it belongs to temporal-redirect',
    fix: remove,
  },
  {
    keys: 'disable-proxy-intercept-errors',
    of: ['custom-http-errors'],
    kind: 'modifier',
    why: 'it belongs to custom-http-errors',
    fix: remove,
  },
  {
    keys: 'x-forwarded-prefix',
    of: ['rewrite-target'],
    kind: 'modifier',
    why: 'it belongs to rewrite-target',
    fix: remove,
  },
  {
    keys: 'opentelemetry-trust-incoming-span opentelemetry-operation-name',
    of: ['enable-opentelemetry'],
    kind: 'modifier',
    why: 'it belongs to enable-opentelemetry',
    fix: remove,
  },
  {
    keys: 'enable-owasp-core-rules modsecurity-transaction-id',
    of: ['enable-modsecurity'],
    kind: 'modifier',
    why: 'it belongs to enable-modsecurity',
    fix: remove,
    harmless: isFalse,
  },
  {
    keys: 'proxy-redirect-to',
    of: ['proxy-redirect-from'],
    kind: 'modifier',
    why: 'it belongs to proxy-redirect-from',
    fix: remove,
  },
];
