import type { HostPattern } from '../../model/ids.ts';
import { catchAllHost } from '../../model/ids.ts';
import type { Ingress } from '../objects/kinds.ts';
import type { Problem } from './diagnostics.ts';
import { wildcardOf } from './hosts.ts';
import type { SecretClaim, TlsClaim } from './ingress-plan.ts';

/** Of hosts whose Ingress says nothing of TLS. */
const noTls: TlsClaim = { listed: false, others: [] };

/** So many Secrets are tried for hosts that no TLS section names; more would make their number a lever. */
const othersLimit = 16;

/**
 * What the TLS sections of an Ingress say of each of its hosts. A section that names the host counts before one with a
 * wildcard, and that before one without hosts, which is meant for all hosts of the Ingress. Rules without host have no
 * server name to go by: they are served with the default certificate, as in ingress-nginx.
 * Source: Kubernetes Ingress API, `spec.tls[].hosts`.
 */
export function tlsClaims(ingress: Ingress): (host: HostPattern) => TlsClaim {
  if (ingress.tls.length === 0) return () => noTls;
  const secrets = ingress.tls.map((_, at) => secretClaim(ingress, at));
  const others = secrets.filter((secret) => secret !== undefined).slice(0, othersLimit);
  const forAll = ingress.tls.findIndex((section) => section.hosts.length === 0);
  const sections = new Map<string, number>();
  ingress.tls.forEach(({ hosts }, at) => {
    for (const name of hosts) if (!sections.has(name)) sections.set(name, at);
  });
  return (host) => {
    if (host === catchAllHost) return noTls;
    const at = sections.get(host) ?? sections.get(wildcardOf(host) ?? '') ?? forAll;
    if (at < 0) return { listed: false, others };
    const secret = secrets[at];
    return { listed: true, ...(secret === undefined ? {} : { secret }), others: [] };
  };
}

function secretClaim({ namespace, tls }: Ingress, at: number): SecretClaim | undefined {
  const name = tls[at]?.secretName;
  return name === undefined ? undefined : { namespace, name, field: `spec.tls[${at}].secretName` };
}

/** TLS sections that nothing comes of. */
export function tlsProblems(
  ingress: Ingress,
  hosts: readonly HostPattern[],
): readonly { readonly field: string; readonly problem: Problem }[] {
  const named = hosts.filter((host) => host !== catchAllHost);
  const covered = new Set<string>([...named, ...named.flatMap((host) => wildcardOf(host) ?? [])]);
  return ingress.tls.flatMap(({ hosts: names }, at) => {
    if (names.length === 0 && named.length === 0)
      return [{ field: `spec.tls[${at}]`, problem: withoutHost(ingress, at) }];
    return names.flatMap((name, nameAt) =>
      covered.has(name) ? [] : [{ field: `spec.tls[${at}].hosts[${nameAt}]`, problem: withoutRule(ingress, name) }],
    );
  });
}

function withoutHost(ingress: Ingress, at: number): Problem {
  return {
    code: 'tls-without-host',
    what: `spec.tls[${at}] of \`${ingress.namespace}/${ingress.name}\` has no effect`,
    why: 'no rule names a host, and without a server name the default certificate is served',
    fix: 'Write the host into the rules, or give the Secret to --default-ssl-certificate.',
  };
}

function withoutRule(ingress: Ingress, name: string): Problem {
  return {
    code: 'tls-host-without-rule',
    what: `TLS host ${name} of \`${ingress.namespace}/${ingress.name}\` has no effect`,
    why: 'no rule of this Ingress has this host',
    fix: `Add a rule for ${name}, or take it out of the TLS section.`,
  };
}
