import type { AnnotationGroup, MeaningProblem, MirrorWish } from '../definition.ts';
import { defineGroup } from '../definition.ts';
import { mirrorHost, mirrorTarget } from '../mirror-kinds.ts';
import { choice } from '../value-kind.ts';

interface Values {
  readonly target: Pick<MirrorWish, 'scheme' | 'name' | 'port' | 'path'>;
  readonly host: string;
  readonly body: 'on' | 'off';
}

/** Copies of requests that go somewhere else as well, and whose answers nobody reads. */
export const mirror: AnnotationGroup = defineGroup<Values>({
  title: 'Mirroring',
  annotations: {
    target: {
      key: 'mirror-target',
      value: mirrorTarget(),
      scope: 'path',
      risk: 'high',
      doc: 'URL that gets a copy of each request: a Service of the own namespace by its DNS name, with the port of the Service, or a host outside of the cluster. Copies never delay or fail a request; those that wait for too much are dropped and counted.',
      example: 'http://shadow.shop.svc.cluster.local:8080$request_uri',
      deviation:
        'A Service gets its copies as an upstream of Fairway, balanced over its endpoints. Variables only in path and query; without a path, that of the request. Names of other namespaces, addresses and localhost are refused. The copy carries the fields that the backend gets, X-Forwarded-For included.',
    },
    host: {
      key: 'mirror-host',
      value: mirrorHost(),
      scope: 'path',
      risk: 'high',
      doc: 'Host field of the copies; that of mirror-target if absent.',
      example: 'shadow.example.com',
    },
    body: {
      key: 'mirror-request-body',
      value: choice(['on', 'off']),
      scope: 'path',
      risk: 'low',
      doc: 'Whether copies have the body of the request.',
      example: 'off',
      deviation: 'Bodies are passed on as they come: the request does not wait until all of its body is there.',
    },
  },
  meaning: ({ target, host, body }) => {
    if (target === undefined) return { problems: withoutTarget({ host, body }) };
    return { mirror: { ...target, ...(host === undefined ? {} : { host }), body: body !== 'off' } };
  },
});

const modifiers = { host: 'mirror-host', body: 'mirror-request-body' } as const;

function withoutTarget(values: { readonly host: unknown; readonly body: unknown }): MeaningProblem[] {
  return (['host', 'body'] as const)
    .filter((field) => values[field] !== undefined)
    .map((field) => ({
      key: modifiers[field],
      why: 'it belongs to mirror-target',
      fix: 'Add mirror-target, or remove the annotation.',
      outcome: 'ignored',
    }));
}
