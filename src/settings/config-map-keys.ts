/** Keys of ingress-nginx's ConfigMap that Fairway knows and does not act on, with the reason. */
export interface KnownKey {
  /**
   * `meaningless`: nothing is lost. `missing`: what it asks for is not there yet. `protection`: the same, and requests
   * that it would refuse are served. `never`: will not come.
   */
  readonly kind: 'meaningless' | 'missing' | 'protection' | 'never';
  /** One clause. */
  readonly why: string;
}

interface KeyGroup extends KnownKey {
  /** Separated by white space. */
  readonly keys: string;
}

/** Source: compat/configmap-and-flags section 1. Keys that are settings stand in `table.ts`. */
const groups: readonly KeyGroup[] = [
  {
    kind: 'never',
    why: 'text of users never becomes program text or configuration; typed annotations take the place of snippets',
    keys: `allow-snippet-annotations main-snippet http-snippet server-snippet stream-snippet location-snippet
      modsecurity-snippet global-auth-snippet`,
  },
  {
    kind: 'never',
    why: 'TLS 1.3 early data stays off, because it can be replayed',
    keys: 'ssl-early-data',
  },
  {
    kind: 'never',
    why: 'an Ingress uses only what its own namespace holds',
    keys: 'allow-cross-namespace-resources',
  },
  {
    kind: 'meaningless',
    why: 'there is no nginx process, and no table or buffer of it to size',
    keys: `map-hash-bucket-size server-name-hash-max-size server-name-hash-bucket-size proxy-headers-hash-max-size
      proxy-headers-hash-bucket-size variables-hash-bucket-size variables-hash-max-size lua-shared-dicts
      enable-multi-accept enable-aio-write worker-cpu-affinity ssl-buffer-size
      grpc-buffer-size-kb debug-connections nginx-status-ipv4-whitelist nginx-status-ipv6-whitelist
      client-header-buffer-size proxy-buffers-number proxy-busy-buffers-size
      proxy-max-temp-file-size default-type disable-ipv6-dns`,
  },
  { kind: 'meaningless', why: 'there are no reloads', keys: 'enable-serial-reloads' },
  {
    kind: 'meaningless',
    why: 'each data worker has a listening socket of its own, and one that dies loses nothing by it',
    keys: 'reuse-port',
  },
  {
    kind: 'meaningless',
    why: 'ingress-nginx documents the key and does not act on it either',
    keys: `use-geoip jaeger-collector-host jaeger-collector-port jaeger-endpoint jaeger-service-name
      jaeger-propagation-format jaeger-sampler-type jaeger-sampler-param jaeger-sampler-host jaeger-sampler-port
      jaeger-trace-context-header-name jaeger-debug-header jaeger-baggage-header jaeger-trace-baggage-header-prefix
      app-root upstream-hash-by upstream-hash-by-subset upstream-hash-by-subset-size`,
  },
  {
    kind: 'meaningless',
    why: 'answers are streamed and never stored',
    keys: 'proxy-buffering',
  },
  { kind: 'meaningless', why: 'the request ID is always made when it is absent', keys: 'generate-request-id' },
  { kind: 'meaningless', why: 'no Server header of our own is ever sent', keys: 'server-tokens' },
  { kind: 'meaningless', why: 'paths are always validated', keys: 'strict-validate-path-type' },
  {
    kind: 'meaningless',
    why: 'the command line says it: --listen-address, --access-log-path, --log-level',
    keys: 'bind-address access-log-path http-access-log-path stream-access-log-path error-log-path error-log-level',
  },
  {
    kind: 'protection',
    why: 'Fairway cannot refuse these requests yet',
    keys: `whitelist-source-range denylist-source-range block-cidrs block-user-agents block-referers
      annotation-value-word-blocklist annotations-risk-level enable-modsecurity enable-owasp-modsecurity-crs
      ssl-reject-handshake global-auth-url`,
  },
  {
    kind: 'missing',
    why: 'global external authentication is not there yet',
    keys: `global-auth-method global-auth-signin global-auth-signin-redirect-param global-auth-response-headers
      global-auth-request-redirect global-auth-cache-key global-auth-cache-duration global-auth-always-set-cookie
      no-auth-locations enable-auth-access-log`,
  },
  {
    kind: 'missing',
    why: 'headers cannot be added, removed or renamed for all routes yet',
    keys: `add-headers proxy-set-headers hide-headers allow-backend-server-header global-allowed-response-headers
      proxy-add-original-uri-header enable-underscores-in-headers ignore-invalid-headers proxy-cookie-path
      proxy-cookie-domain proxy-redirect-from proxy-redirect-to relative-redirects use-port-in-redirects
      preserve-trailing-slash`,
  },
  {
    kind: 'missing',
    why: 'of the ways to find the client address only use-forwarded-headers with proxy-real-ip-cidr is there yet',
    keys: `use-proxy-protocol proxy-protocol-header-timeout enable-real-ip forwarded-for-header forwarded-host-header
      forwarded-for-proxy-protocol-header compute-full-forwarded-for`,
  },
  {
    kind: 'missing',
    why: 'responses are not compressed yet',
    keys: `use-gzip gzip-disable gzip-level gzip-min-length gzip-types enable-brotli brotli-level brotli-min-length
      brotli-types`,
  },
  {
    kind: 'missing',
    why: 'the form of the access log is --log-format json or nginx',
    keys: `log-format-escape-none log-format-escape-json log-format-upstream log-format-stream access-log-params
      enable-access-log-for-default-backend skip-access-log-urls disable-stream-access-log enable-syslog syslog-host
      syslog-port`,
  },
  {
    kind: 'missing',
    why: 'of TLS only ssl-protocols can be set yet',
    keys: `ssl-ciphers ssl-ecdh-curve ssl-dh-param ssl-session-cache ssl-session-cache-size ssl-session-tickets
      ssl-session-timeout ssl-session-ticket-key enable-ocsp proxy-ssl-location-only`,
  },
  {
    kind: 'missing',
    why: 'the limit is fixed for now',
    keys: `client-header-timeout client-body-timeout large-client-header-buffers proxy-buffer-size
      upstream-keepalive-time upstream-keepalive-requests limit-conn-zone-variable
      limit-req-status-code limit-conn-status-code limit-rate limit-rate-after`,
  },
  {
    kind: 'missing',
    why: 'client connections of a data worker are half of its limit of open files, which the container runtime sets',
    keys: 'max-worker-connections max-worker-open-files',
  },
  {
    kind: 'missing',
    why: 'only HTTP/1.1 is spoken for now, with clients and with upstreams',
    keys: `use-http2 http2-max-requests http2-max-concurrent-streams http2-max-field-size http2-max-header-size
      proxy-http-version`,
  },
  {
    kind: 'missing',
    why: 'TCP and UDP services are not there yet',
    keys: `proxy-stream-timeout proxy-stream-next-upstream proxy-stream-next-upstream-timeout
      proxy-stream-next-upstream-tries proxy-stream-responses`,
  },
  {
    kind: 'missing',
    why: 'error pages of a backend are not there yet',
    keys: 'custom-http-errors disable-proxy-intercept-errors',
  },
  {
    kind: 'missing',
    why: 'there is no GeoIP database',
    keys: 'use-geoip2 geoip2-autoreload-in-minutes',
  },
  {
    kind: 'missing',
    why: 'tracing is not there yet',
    keys: `enable-opentelemetry opentelemetry-trust-incoming-span opentelemetry-operation-name opentelemetry-config
      otlp-collector-host otlp-collector-port otel-max-queuesize otel-schedule-delay-millis otel-max-export-batch-size
      otel-service-name otel-sampler otel-sampler-parent-based otel-sampler-ratio`,
  },
  {
    kind: 'missing',
    why: 'requests always go to the endpoints and never to the address of the Service',
    keys: 'service-upstream',
  },
  {
    kind: 'missing',
    why: 'name the conditions in proxy-next-upstream instead, with non_idempotent',
    keys: 'retry-non-idempotent',
  },
  { kind: 'missing', why: 'use --listen-address 0.0.0.0 instead', keys: 'disable-ipv6' },
];

/** What Fairway does anyway: only `false` asks for something. Of other switches only `true` does. */
const alwaysOn: ReadonlySet<string> = new Set(
  `enable-aio-write enable-multi-accept generate-request-id ignore-invalid-headers opentelemetry-trust-incoming-span
  otel-sampler-parent-based proxy-stream-next-upstream reuse-port ssl-session-cache strict-validate-path-type`.split(
    /\s+/,
  ),
);

/** Limits of which 0 means none. */
const limits: ReadonlySet<string> = new Set(['limit-rate', 'limit-rate-after']);

/**
 * Whether a value of a known key wants nothing that Fairway does not do: existing ConfigMaps spell defaults out.
 * @param text  without white space around it
 */
export function asksNothing(key: string, text: string): boolean {
  if (text === '') return true;
  if (limits.has(key)) return /^0[bkmg]?$/i.test(text);
  return text === (alwaysOn.has(key) ? 'true' : 'false');
}

/** By key. */
export const knownKeys: ReadonlyMap<string, KnownKey> = new Map(
  groups.flatMap(({ keys, kind, why }) => keys.split(/\s+/).map((key) => [key, { kind, why }])),
);
