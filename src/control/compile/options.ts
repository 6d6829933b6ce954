import type { CertificateId } from '../../model/ids.ts';
import type { ProxyOptions } from '../../model/proxy-options.ts';
import type { Settings } from '../../settings/settings.ts';
import { defaultBody } from '../annotations/groups/body.ts';
import { defaultTimeouts } from '../annotations/groups/timeouts.ts';

type TlsVersion = ProxyOptions['tlsMinVersion'];

/** What applies to every exchange. @param settings  effective ones */
export function proxyOptions(settings: Settings, defaultCertificate: CertificateId | undefined): ProxyOptions {
  const versions = tlsVersions(settings.sslProtocols);
  return {
    ...(defaultCertificate === undefined ? {} : { defaultCertificate }),
    trustedProxies: trustedProxies(settings),
    hsts: settings.hsts ? hstsValue(settings) : '',
    timeouts: defaultTimeouts(settings),
    body: defaultBody(settings),
    keepAliveMs: settings.keepAliveMs,
    keepAliveRequests: settings.keepAliveRequests,
    upstreamKeepAliveConnections: settings.upstreamKeepAliveConnections,
    upstreamKeepAliveMs: settings.upstreamKeepAliveMs,
    tlsMinVersion: versions[0] ?? 'TLSv1.2',
    tlsMaxVersion: versions.at(-1) ?? 'TLSv1.3',
    accessLog: settings.accessLog,
  };
}

/** Everybody, when the user wants forwarded headers and names nobody: as ingress-nginx, and a diagnostic says so. */
function trustedProxies(settings: Settings): readonly string[] {
  if (!settings.useForwardedHeaders) return [];
  return settings.proxyRealIpCidr.length > 0 ? settings.proxyRealIpCidr : ['0.0.0.0/0', '::/0'];
}

/** Source: RFC 6797 section 6.1, in the spelling of ingress-nginx. */
function hstsValue(settings: Settings): string {
  const parts = [
    `max-age=${settings.hstsMaxAgeSeconds}`,
    ...(settings.hstsIncludeSubdomains ? ['includeSubDomains'] : []),
    ...(settings.hstsPreload ? ['preload'] : []),
  ];
  return parts.join('; ');
}

/** In ascending order; what the settings refuse does not come here. */
function tlsVersions(text: string): readonly TlsVersion[] {
  const known: readonly TlsVersion[] = ['TLSv1.2', 'TLSv1.3'];
  const words = text.split(/\s+/);
  return known.filter((version) => words.includes(version));
}
