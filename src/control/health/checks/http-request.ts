import { isIPv6 } from 'node:net';

import type { HealthCheck } from '../../../model/upstream.ts';

/**
 * Head of the request of an HTTP check. A header of the probe replaces one of ours; with an empty value it removes it, as
 * the kubelet does.
 * @param connection  `close`, or `keep-alive` when another check may follow
 */
export function requestOf(check: HealthCheck, userAgent: string, connection: 'close' | 'keep-alive'): string {
  const host = isIPv6(check.address) ? `[${check.address}]` : check.address;
  const ours: Record<string, string> = {
    host: `${host}:${check.port}`,
    'user-agent': userAgent,
    accept: '*/*',
    // HTTP/1.1 keeps unless it says otherwise.
    ...(connection === 'close' && { connection }),
  };
  const given: string[] = [];
  for (let at = 0; at < check.headers.length; at += 2) {
    const name = check.headers[at] ?? '';
    const value = check.headers[at + 1] ?? '';
    delete ours[name.toLowerCase()];
    if (value !== '') given.push(`${name}: ${value}\r\n`);
  }
  const own = Object.entries(ours).map(([name, value]) => `${name}: ${value}\r\n`);
  return `GET ${targetOf(check.path)} HTTP/1.1\r\n${own.join('')}${given.join('')}\r\n`;
}

/** Path and query with everything escaped that a request line cannot hold. */
function targetOf(path: string): string {
  const withoutFragment = path.split('#', 1)[0] ?? '';
  const escaped = encodeURI(withoutFragment.toWellFormed()).replaceAll('%25', '%');
  return escaped.startsWith('/') ? escaped : `/${escaped}`;
}

/** What is wrong with the headers of a probe, or undefined. Source: RFC 9110 section 5.5. */
export function badHeader(headers: readonly string[]): string | undefined {
  for (let at = 0; at < headers.length; at += 2) {
    if (!/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(headers[at] ?? '')) return 'the probe has an invalid header name';
    if (/[\0\r\n]/.test(headers[at + 1] ?? '')) return 'the probe has an invalid header value';
  }
  return undefined;
}
