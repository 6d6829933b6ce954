import type { AnnotationDefinition, AnnotationGroup } from './definition.ts';
import { balancing } from './groups/balancing.ts';
import { body } from './groups/body.ts';
import { canary } from './groups/canary.ts';
import { ejection } from './groups/ejection.ts';
import { endpointWeight } from './groups/endpoint-weight.ts';
import { healthChecks } from './groups/health-checks.ts';
import { limits } from './groups/limits.ts';
import { mirror } from './groups/mirror.ts';
import { redirects } from './groups/redirects.ts';
import { sessions } from './groups/sessions.ts';
import { timeouts } from './groups/timeouts.ts';
import { unsupportedAnnotations } from './groups/unsupported.ts';

/** Prefix of Fairway's own annotations, which is read always. */
export const ownPrefix = 'fairway.dev';

/** Every group of annotations that an Ingress may carry. */
export const annotationGroups: readonly AnnotationGroup[] = [
  balancing,
  ejection,
  healthChecks,
  limits,
  sessions,
  timeouts,
  body,
  mirror,
  canary,
  redirects,
];

/** Annotations of other objects, under Fairway's own prefix only. */
export const podAnnotations: readonly AnnotationDefinition<unknown>[] = [endpointWeight];

/** Every annotation of an Ingress that Fairway acts on, by key. */
export const definitionsByKey: ReadonlyMap<string, AnnotationDefinition<unknown>> = new Map(
  annotationGroups.flatMap((group) => group.definitions.map((definition) => [definition.key, definition] as const)),
);

/** Names for "did you mean". */
export const knownKeys: readonly string[] = [...definitionsByKey.keys(), ...unsupportedAnnotations.keys()];
