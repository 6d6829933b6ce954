import type { CertificateId } from './ids.ts';
import type { BodyPolicy, UpstreamTimeouts } from './policy.ts';

/** What applies to every exchange of a data worker and may change while it runs (ConfigMap keys). */
export interface ProxyOptions {
  /** Served when no virtual host has a certificate for the server name. */
  readonly defaultCertificate?: CertificateId;
  /** Believe X-Forwarded-* of these peers. Empty: of nobody. CIDR notation. Source: nginx `use-forwarded-headers`. */
  readonly trustedProxies: readonly string[];
  /** Value of Strict-Transport-Security on every HTTPS answer; empty: none. */
  readonly hsts: string;
  /** For requests that no route took, and for routes without own timeouts. */
  readonly timeouts: UpstreamTimeouts;
  /** For routes that do not say otherwise. */
  readonly body: BodyPolicy;
  readonly keepAliveMs: number;
  readonly keepAliveRequests: number;
  readonly upstreamKeepAliveConnections: number;
  readonly upstreamKeepAliveMs: number;
  readonly tlsMinVersion: 'TLSv1.2' | 'TLSv1.3';
  readonly tlsMaxVersion: 'TLSv1.2' | 'TLSv1.3';
  readonly accessLog: boolean;
}

/** As ingress-nginx has them, except where compat/configmap-and-flags says otherwise. */
export const defaultProxyOptions: ProxyOptions = {
  trustedProxies: [],
  hsts: 'max-age=31536000; includeSubDomains',
  timeouts: { connectMs: 5_000, sendMs: 60_000, readMs: 60_000 },
  body: { limitBytes: 1_048_576, replayBytes: 65_536 },
  keepAliveMs: 75_000,
  keepAliveRequests: 10_000,
  upstreamKeepAliveConnections: 320,
  upstreamKeepAliveMs: 55_000,
  tlsMinVersion: 'TLSv1.2',
  tlsMaxVersion: 'TLSv1.3',
  accessLog: true,
};
