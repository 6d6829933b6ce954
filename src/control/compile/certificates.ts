import type { Certificate } from '../../model/certificate.ts';
import type { Diagnostic } from '../../model/diagnostic.ts';
import type { CertificateId, HostPattern } from '../../model/ids.ts';
import { hostPattern } from '../../model/ids.ts';
import type { ObjectRef } from '../../model/object-ref.ts';
import { keyOf } from '../../model/object-ref.ts';
import type { Snapshot } from '../../model/snapshot.ts';
import type { Settings } from '../../settings/settings.ts';
import type { ObjectView } from '../objects/object-store.ts';
import { validityProblem } from './certificate-validity.ts';
import type { Problem } from './diagnostics.ts';
import { diagnose } from './diagnostics.ts';
import { namesCover, wildcardOf } from './hosts.ts';
import type { HostClaim, SecretClaim } from './ingress-plan.ts';
import type { HostPlan } from './precedence.ts';
import { describeHost } from './precedence.ts';

/** What TLS means for one host. */
export interface HostTls {
  /** Absent: the default certificate. */
  readonly certificate?: CertificateId;
}

/** What all TLS sections come to. */
export interface ResolvedCertificates {
  /** Hosts that stand in a TLS section, by themselves or under a wildcard host that does. */
  readonly hosts: ReadonlyMap<HostPattern, HostTls>;
  /** Every certificate that something refers to. */
  readonly certificates: ReadonlyMap<CertificateId, Certificate>;
  readonly defaultCertificate?: CertificateId;
  readonly diagnostics: readonly Diagnostic[];
  /** Something was looked for in what is served now. */
  readonly usedPrevious: boolean;
}

/** What certificates are looked for in. */
export interface CertificateSources {
  readonly objects: ObjectView;
  readonly settings: Settings;
  readonly previous: Snapshot | undefined;
  readonly nowSeconds: number;
  readonly selfSigned: Certificate | undefined;
}

/**
 * Finds the certificate of each host: of its oldest Ingress that has a good one. When a Secret goes or breaks, the host
 * keeps the certificate that it is served with now, if that is of the same namespace and for this host.
 */
export function resolveCertificates(hosts: readonly HostPlan[], sources: CertificateSources): ResolvedCertificates {
  const finder = new CertificateFinder(sources);
  for (const plan of hosts) finder.addHost(plan);
  finder.inheritWildcards(hosts);
  finder.addDefault();
  return finder.result();
}

/** What became of one Secret. */
type Found = { readonly certificate: Certificate } | { readonly problem: Problem };

class CertificateFinder {
  readonly #sources: CertificateSources;
  readonly #hosts = new Map<HostPattern, HostTls>();
  readonly #certificates = new Map<CertificateId, Certificate>();
  readonly #diagnostics: Diagnostic[] = [];
  #defaultCertificate: CertificateId | undefined;
  #usedPrevious = false;

  constructor(sources: CertificateSources) {
    this.#sources = sources;
  }

  result(): ResolvedCertificates {
    return {
      hosts: this.#hosts,
      certificates: this.#certificates,
      ...(this.#defaultCertificate === undefined ? {} : { defaultCertificate: this.#defaultCertificate }),
      diagnostics: [...this.#diagnostics, ...this.#validity()],
      usedPrevious: this.#usedPrevious,
    };
  }

  addHost({ host, claims }: HostPlan): void {
    let winner: { readonly certificate: Certificate; readonly claim: HostClaim } | undefined;
    for (const claim of claims) {
      if (claim.tls.listed && !this.#hosts.has(host)) this.#hosts.set(host, {});
      const certificate = winner === undefined ? this.#ofClaim(host, claim) : undefined;
      if (certificate !== undefined) winner = { certificate, claim };
      else if (winner !== undefined) this.#compare(host, claim, winner);
    }
    if (winner !== undefined) this.#hosts.set(host, { certificate: this.#use(winner.certificate) });
  }

  /** A host without TLS section under a wildcard host with one: clients get its certificate, as in ingress-nginx. */
  inheritWildcards(hosts: readonly HostPlan[]): void {
    for (const { host } of hosts) {
      const wildcard = this.#hosts.has(host) ? undefined : wildcardOf(host);
      const inherited = wildcard === undefined ? undefined : this.#hosts.get(hostPattern(wildcard));
      if (inherited !== undefined) this.#hosts.set(host, inherited);
    }
  }

  addDefault(): void {
    const { settings, selfSigned } = this.#sources;
    const certificate = settings.defaultSslCertificate === '' ? selfSigned : (this.#operatorDefault() ?? selfSigned);
    if (certificate !== undefined) this.#defaultCertificate = this.#use(certificate);
  }

  #ofClaim(host: HostPattern, { tls, owner }: HostClaim): Certificate | undefined {
    if (tls.secret === undefined) {
      const found = tls.others.map((secret) => this.#find(secret, host));
      return found.flatMap((one) => ('certificate' in one ? one.certificate : []))[0];
    }
    const found = this.#find(tls.secret, host);
    if ('certificate' in found) return found.certificate;
    const kept = this.#lastGood(host, tls.secret.namespace);
    const effect = kept === undefined ? 'is served with the default certificate' : 'keeps its last good certificate';
    const what = `${describeHost(host)} of \`${keyOf(owner)}\` ${effect}`;
    this.#diagnostics.push(diagnose(owner, tls.secret.field, { ...found.problem, what }));
    return kept;
  }

  #find(secret: SecretClaim, host: HostPattern): Found {
    const key = keyOf(secret);
    const object = this.#sources.objects.get('Secret', secret.namespace, secret.name);
    if (object === undefined) return { problem: secretMissing(key) };
    if (object.tls.kind === 'invalid') return { problem: secretInvalid(key, object.tls) };
    const { certificate } = object.tls;
    return namesCover(certificate.names, host) ? { certificate } : { problem: nameMismatch(key, host, certificate) };
  }

  /** What the host is served with now. Another namespace's certificate is none of this Ingress' business. */
  #lastGood(host: HostPattern, namespace: string): Certificate | undefined {
    if (this.#sources.settings.onMissingCertificate !== 'keep') return undefined;
    this.#usedPrevious = true;
    const id = this.#sources.previous?.virtualHosts.get(host)?.certificate;
    const certificate = id === undefined ? undefined : this.#sources.previous?.certificates.get(id);
    if (certificate === undefined || !certificate.source.startsWith(`${namespace}/`)) return undefined;
    return namesCover(certificate.names, host) ? certificate : undefined;
  }

  /** A younger Ingress with another certificate for the host is told that it does not count. */
  #compare(
    host: HostPattern,
    { tls, owner }: HostClaim,
    winner: { readonly certificate: Certificate; readonly claim: HostClaim },
  ): void {
    if (tls.secret === undefined || keyOf(tls.secret) === winner.certificate.source) return;
    const problem: Problem = {
      code: 'certificate-conflict',
      what: `Secret \`${keyOf(tls.secret)}\` of \`${keyOf(owner)}\` is not used for ${describeHost(host)}`,
      why: `Ingress \`${keyOf(winner.claim.owner)}\` comes first by age or name and has Secret \`${winner.certificate.source}\` for it`,
      fix: 'Name the same Secret in both, or only in one.',
    };
    this.#diagnostics.push(diagnose(owner, tls.secret.field, problem));
  }

  #operatorDefault(): Certificate | undefined {
    const { objects, settings, previous } = this.#sources;
    const [namespace = '', name = ''] = settings.defaultSslCertificate.split('/');
    const secret = objects.get('Secret', namespace, name);
    if (secret?.tls.kind === 'certificate') return secret.tls.certificate;
    this.#usedPrevious = true;
    const id = previous?.options.defaultCertificate;
    const served = id === undefined ? undefined : previous?.certificates.get(id);
    const kept = served?.source === settings.defaultSslCertificate ? served : undefined;
    const problem: Problem = {
      code: 'default-certificate-missing',
      what: `server names without a certificate of their own get ${kept === undefined ? 'a self-signed one' : 'the last good one'}`,
      why: secret === undefined ? 'the Secret of --default-ssl-certificate does not exist' : secretWhy(secret.tls),
      fix: 'Create the Secret with type kubernetes.io/tls, or correct --default-ssl-certificate.',
    };
    this.#diagnostics.push(diagnose({ kind: 'Secret', namespace, name }, '', problem));
    return kept;
  }

  #use(certificate: Certificate): CertificateId {
    this.#certificates.set(certificate.id, certificate);
    return certificate.id;
  }

  /** Once for each certificate, on its Secret. */
  #validity(): readonly Diagnostic[] {
    return [...this.#certificates.values()].flatMap((certificate) => {
      const [namespace = '', name] = certificate.source.split('/');
      const problem = name === undefined ? undefined : validityProblem(certificate, this.#sources.nowSeconds);
      if (problem === undefined || name === undefined) return [];
      const ref: ObjectRef = { kind: 'Secret', namespace, name };
      return [diagnose(ref, 'data[tls.crt]', problem)];
    });
  }
}

function secretWhy(tls: { readonly kind: string; readonly why?: string }): string {
  return tls.why ?? 'it cannot be used';
}

/** `what` is said where the host is known. */
function secretMissing(key: string): Problem {
  return {
    code: 'secret-missing',
    what: '',
    why: `there is no Secret \`${key}\` of type kubernetes.io/tls (one of another type does not count)`,
    fix: 'Create it in the namespace of the Ingress, or correct secretName; cert-manager needs a moment to make it.',
  };
}

function secretInvalid(key: string, { why, fix }: { readonly why: string; readonly fix: string }): Problem {
  return { code: 'secret-invalid', what: '', why: `Secret \`${key}\` cannot be used: ${why}`, fix };
}

function nameMismatch(key: string, host: HostPattern, { names }: Certificate): Problem {
  const list = names.length === 0 ? 'no DNS name' : names.slice(0, 5).join(', ');
  return {
    code: 'certificate-name-mismatch',
    what: '',
    why: `the certificate in Secret \`${key}\` is for ${list}${names.length > 5 ? ' and others' : ''}`,
    fix: `Use a certificate whose subject alternative names hold ${host}.`,
  };
}
