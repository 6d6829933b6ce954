import type { AnnotationDefinition } from '../definition.ts';
import { wholeNumber } from '../value-kind.ts';

/** Stands on the Pod, only under Fairway's own prefix: the one annotation that is not read from the Ingress. */
export const endpointWeight: AnnotationDefinition<number> = {
  key: 'weight',
  value: wholeNumber(1, 1000),
  scope: 'endpoint',
  risk: 'low',
  doc: 'On a Pod: its share of requests when the algorithm is weighted, relative to the others; 1 if absent.',
  example: '10',
};
