/**
 * Whether a wildcard stands for a host: one label in place of the `*`, never none and never two.
 * @param wildcard  `*.example.com`
 * @param host      an exact host, or a wildcard, which only the same wildcard covers
 * Source: Kubernetes Ingress API, `spec.rules[].host`; RFC 6125 section 6.4.3.
 */
export function wildcardCovers(wildcard: string, host: string): boolean {
  if (wildcard === host) return true;
  return wildcard.startsWith('*.') && wildcardOf(host) === wildcard;
}

/** The wildcard that stands for a host; undefined for names of one label, for wildcards and for the catch-all host. */
export function wildcardOf(host: string): string | undefined {
  const dot = host.indexOf('.');
  return dot < 1 || host.startsWith('*') ? undefined : `*${host.slice(dot)}`;
}

/** Whether one of a certificate's names is for the host. Both in lower case. */
export function namesCover(names: readonly string[], host: string): boolean {
  return names.some((name) => wildcardCovers(name, host));
}
