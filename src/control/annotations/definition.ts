import type { Canary } from '../../model/canary.ts';
import type { CookieAffinity, RoutePolicies } from '../../model/policy.ts';
import type { EjectionPolicy, HealthCheckWish, UpstreamLimits } from '../../model/pool-policy.ts';
import type { Balancing, UpstreamProtocol } from '../../model/upstream.ts';
import type { Settings } from '../../settings/settings.ts';
import type { ValueKind } from './value-kind.ts';

/** One annotation that Fairway acts on: all that parsing, messages and `docs/annotations.md` need. */
export interface AnnotationDefinition<T> {
  /** Without prefix. */
  readonly key: string;
  readonly value: ValueKind<T>;
  /** Where it acts: on a host, on the paths of its Ingress, on the upstream that several may share, on one endpoint. */
  readonly scope: 'host' | 'path' | 'upstream' | 'endpoint';
  readonly risk: 'low' | 'medium' | 'high';
  readonly doc: string;
  /** A test parses every example. */
  readonly example: string;
  /** Only under Fairway's own prefix: ingress-nginx has nothing of the kind. */
  readonly own?: true;
  /** How we differ from ingress-nginx. */
  readonly deviation?: string;
}

/** Which endpoints are for the zone of this replica: those that are hinted for it, those that are in it, or all. */
export type ZoneRouting = 'hints' | 'prefer' | 'off';

/** What an Ingress asks of the upstreams behind it. */
export interface UpstreamWish {
  readonly balancing?: Balancing;
  readonly protocol?: UpstreamProtocol;
  /** The Service's own address is the only endpoint. */
  readonly serviceUpstream?: boolean;
  readonly ejection?: EjectionPolicy;
  readonly slowStartMs?: number;
  readonly zoneRouting?: ZoneRouting;
  /** How many times more an endpoint of the own zone weighs. */
  readonly zoneWeight?: number;
  readonly limits?: UpstreamLimits;
  readonly healthCheck?: HealthCheckWish;
}

/** Affinity before the route is known: its path is the default of the cookie's, and its upstream's hash is missing. */
export type AffinityWish = Omit<CookieAffinity, 'path' | 'upstreamHash'> & { readonly path?: string };

/** Mirroring before it is known whether the target is a Service of the own namespace. */
export interface MirrorWish {
  readonly scheme: 'http' | 'https';
  /** As written: a DNS name. */
  readonly name: string;
  readonly port: number;
  /** Text with variables. */
  readonly path: string;
  readonly host?: string;
  readonly body: boolean;
}

/** What an Ingress asks of the redirect to https; absent is as the settings say. */
export interface RedirectWish {
  readonly ssl?: boolean;
  readonly force?: boolean;
  readonly preserveTrailingSlash?: boolean;
}

/** What a canary Ingress asks of the rules that it belongs to. */
export type CanaryWish = Pick<Canary, 'weight' | 'weightTotal' | 'header' | 'cookie' | 'sessions'> & {
  /** Only the rule with its host, path and path type, or every rule that leads to the same Service and port. */
  readonly scope: 'rule' | 'service';
};

/** Something wrong with an annotation whose value alone is right. */
export interface MeaningProblem {
  /** Without prefix. */
  readonly key: string;
  readonly why: string;
  readonly fix: string;
  /** `ignored`: worth knowing. `invalid`: not as the user wants it. `closes`: the routes answer 503. */
  readonly outcome: 'ignored' | 'invalid' | 'closes';
}

/** What the annotations of one Ingress ask for, in the terms of the model. */
export interface Meaning {
  readonly route?: Partial<Pick<RoutePolicies, 'timeouts' | 'retry' | 'body' | 'holdMs'>>;
  readonly affinity?: AffinityWish;
  readonly mirror?: MirrorWish;
  readonly redirect?: RedirectWish;
  readonly upstream?: UpstreamWish;
  /** The Ingress serves nothing by itself. */
  readonly canary?: CanaryWish;
  readonly problems?: readonly MeaningProblem[];
}

/** Annotations of one topic, with what they mean together. The types of the values are hidden inside. */
export interface AnnotationGroup {
  readonly title: string;
  readonly definitions: readonly AnnotationDefinition<unknown>[];
  /** @param values  parsed values by key */
  readonly meaning: (values: ReadonlyMap<string, unknown>, settings: Settings) => Meaning;
}

interface GroupSource<V extends object> {
  readonly title: string;
  readonly annotations: { readonly [K in keyof V]: AnnotationDefinition<V[K]> };
  readonly meaning: (values: Partial<V>, settings: Settings) => Meaning;
}

/** A value without a definition, or the reverse, does not compile. */
export function defineGroup<V extends object>(source: GroupSource<V>): AnnotationGroup {
  const fields = Object.entries<AnnotationDefinition<unknown>>(source.annotations);
  return {
    title: source.title,
    definitions: fields.map(([, definition]) => definition),
    meaning: (values, settings) => {
      const own: Record<string, unknown> = {};
      for (const [field, { key }] of fields) if (values.has(key)) own[field] = values.get(key);
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- each value was parsed by the kind of its field
      return source.meaning(own as Partial<V>, settings);
    },
  };
}
