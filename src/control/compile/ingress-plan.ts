import type { Canary } from '../../model/canary.ts';
import type { Diagnostic } from '../../model/diagnostic.ts';
import type { HostPattern, RouteId, UpstreamId } from '../../model/ids.ts';
import type { ObjectRef } from '../../model/object-ref.ts';
import type { HttpsRedirect, RoutePolicies } from '../../model/policy.ts';
import type { PathMatch, RouteAction } from '../../model/route.ts';
import type { CanaryWish, UpstreamWish } from '../annotations/definition.ts';
import type { Ingress, ServicePortRef } from '../objects/kinds.ts';

/**
 * What one Ingress asks for, read without looking at any other object, so that it is made once per version of it. What
 * becomes of it beside the others is decided in `precedence.ts`, `upstreams.ts` and `certificates.ts`.
 */
export interface IngressPlan {
  readonly ingress: Ingress;
  readonly ref: ObjectRef;
  readonly hosts: readonly HostClaim[];
  /** Parts of the rules of others that it wants; only of a canary Ingress. */
  readonly canaries?: readonly CanaryClaim[];
  /** One for each Service port, however many paths lead there. */
  readonly backends: readonly BackendClaim[];
  readonly diagnostics: readonly Diagnostic[];
}

/** What one Ingress wants under one host. */
export interface HostClaim {
  readonly host: HostPattern;
  readonly owner: ObjectRef;
  readonly routes: readonly RouteDraft[];
  /** `spec.defaultBackend`: takes what no path of any Ingress takes. */
  readonly fallback?: RouteDraft;
  readonly tls: TlsClaim;
}

/** A route that is complete but for what the other Ingresses of its host decide. */
export interface RouteDraft {
  readonly id: RouteId;
  readonly owner: ObjectRef;
  /** When its Ingress was created, Unix time in seconds, for messages. */
  readonly createdAt: number;
  /** Path inside the Ingress, for messages. */
  readonly field: string;
  /** As the user wrote it, for messages. */
  readonly path: string;
  readonly match: PathMatch;
  readonly action: RouteAction;
  readonly policies: RoutePolicies;
  readonly redirect: RedirectPlan;
}

/** That a canary Ingress wants a part of the requests of a rule. */
export interface CanaryClaim {
  readonly owner: ObjectRef;
  readonly field: string;
  readonly host: HostPattern;
  /** As the user wrote it, for messages. */
  readonly path: string;
  readonly match: PathMatch;
  readonly scope: CanaryWish['scope'];
  readonly canary: Canary;
}

/** When a route sends HTTP to HTTPS. */
export interface RedirectPlan {
  readonly when: 'always' | 'with-tls' | 'never';
  readonly redirect: HttpsRedirect;
}

/** What the TLS sections of one Ingress say of one host. */
export interface TlsClaim {
  /** A section names the host, by itself, by a wildcard, or by naming no host at all. */
  readonly listed: boolean;
  /** Of the section that names the host. */
  readonly secret?: SecretClaim;
  /** Of the other sections: used when their certificate is for the host all the same, as ingress-nginx does. */
  readonly others: readonly SecretClaim[];
}

export interface SecretClaim {
  readonly namespace: string;
  readonly name: string;
  readonly field: string;
}

/** That one Ingress sends to a Service port, and how it wants to. */
export interface BackendClaim {
  readonly upstream: UpstreamId;
  readonly owner: ObjectRef;
  readonly namespace: string;
  readonly service: string;
  /** 0 is the first port, which only `--default-backend-service` asks for. */
  readonly port: ServicePortRef;
  /** Where the Ingress names it first. */
  readonly field: string;
  /** It gets copies of requests only. */
  readonly copies?: true;
  /** It takes a part of the requests of rules of others. */
  readonly canary?: true;
  /** Its requests wait for the first endpoint while there is none. */
  readonly holds?: true;
  /** Its sessions are kept by hashing over the endpoints, which every replica must do alike. */
  readonly hashesSessions?: true;
  readonly wish: UpstreamWish;
}
