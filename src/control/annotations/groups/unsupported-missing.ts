import type { UnsupportedEntry } from './unsupported-entry.ts';
import { isFalse, isOff, isTrue, remove, wait } from './unsupported-entry.ts';

/** What is served without. */
export const missing: readonly UnsupportedEntry[] = [
  {
    keys: 'rewrite-target',
    kind: 'missing',
    why: 'paths are not rewritten yet, so the backend sees them as the client sent them',
    fix: 'Let the backend serve the full path, or keep this Ingress with a controller that rewrites.',
    harmless: (value, paths) => paths.length > 0 && paths.every((path) => path === value),
  },
  {
    keys: 'use-regex',
    kind: 'missing',
    why: 'patterns in paths are not there yet, so a path that is one answers 503; plain paths are served',
    fix: 'Write plain paths with pathType Prefix or Exact.',
    harmless: isFalse,
  },
  {
    keys: 'app-root permanent-redirect temporal-redirect',
    kind: 'missing',
    why: 'redirects are not there yet',
    fix: wait,
  },
  { keys: 'from-to-www-redirect', kind: 'missing', why: 'redirects are not there yet', fix: wait, harmless: isFalse },
  {
    keys: 'use-port-in-redirects relative-redirects',
    kind: 'missing',
    why: 'the form of redirects cannot be chosen yet',
    fix: wait,
    harmless: isFalse,
  },
  {
    keys: 'server-alias',
    kind: 'missing',
    why: 'further names of a host are not there yet',
    fix: 'Write a rule for each name.',
  },
  {
    keys: 'default-backend custom-http-errors',
    kind: 'missing',
    why: 'error pages of a backend are not there yet',
    fix: wait,
  },
  {
    keys: 'upstream-vhost connection-proxy-header custom-headers',
    kind: 'missing',
    why: 'headers cannot be set yet',
    fix: wait,
  },
  {
    keys: 'proxy-ssl-secret proxy-ssl-name proxy-ssl-server-name proxy-ssl-ciphers proxy-ssl-protocols',
    kind: 'missing',
    why: 'TLS to endpoints cannot be shaped yet',
    fix: wait,
    harmless: isOff,
  },
  {
    keys: 'ssl-ciphers ssl-prefer-server-ciphers',
    kind: 'missing',
    why: 'ciphers cannot be chosen yet; those of TLS 1.2 and 1.3 that are safe are on',
    fix: 'Remove the annotation.',
  },
  {
    keys: 'proxy-http-version',
    kind: 'missing',
    why: 'endpoints are always spoken to in HTTP/1.1',
    fix: 'Remove the annotation.',
    harmless: (value) => value === '1.1',
  },
  {
    keys: 'proxy-cookie-domain proxy-cookie-path proxy-redirect-from',
    kind: 'missing',
    why: 'answers of endpoints are not rewritten yet',
    fix: wait,
    harmless: isOff,
  },
  {
    keys: 'enable-cors',
    kind: 'missing',
    why: 'CORS is not answered yet; the backend sees the requests',
    fix: 'Let the backend answer CORS.',
    harmless: isFalse,
  },
  {
    keys: 'enable-access-log',
    kind: 'missing',
    why: 'the access log cannot be switched off for one Ingress yet',
    fix: 'Use --access-log=false for all, or filter the log.',
    harmless: isTrue,
  },
  { keys: 'enable-opentelemetry', kind: 'missing', why: 'tracing is not there yet', fix: wait, harmless: isFalse },
  {
    keys: 'enable-modsecurity',
    kind: 'missing',
    why: 'there is no ModSecurity',
    fix: 'Put a web application firewall in front, or remove the annotation.',
    harmless: isFalse,
  },
];

/** What loses nothing. */
export const meaningless: readonly UnsupportedEntry[] = [
  {
    keys: `proxy-buffering proxy-buffers-number proxy-buffer-size proxy-busy-buffers-size proxy-max-temp-file-size`,
    kind: 'meaningless',
    why: 'answers are streamed, and there are no buffers of nginx to size',
    fix: remove,
  },
  { keys: 'enable-rewrite-log', kind: 'meaningless', why: 'there is no rewrite log', fix: remove },
  { keys: 'http2-push-preload', kind: 'meaningless', why: 'browsers no longer take HTTP/2 pushes', fix: remove },
  { keys: 'enable-global-auth', kind: 'meaningless', why: 'there is no global authentication', fix: remove },
  { keys: 'fastcgi-index fastcgi-params-configmap', kind: 'meaningless', why: 'FastCGI is not served', fix: remove },
];
