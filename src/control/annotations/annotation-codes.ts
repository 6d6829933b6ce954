import type { CodeDefinition } from '../../model/diagnostic.ts';

/** Names of the diagnostics about annotations. */
export type AnnotationCode =
  | 'annotation-invalid'
  | 'annotation-unknown'
  | 'annotation-twice'
  | 'annotation-without-effect'
  | 'annotation-not-supported'
  | 'guard-not-supported'
  | 'snippet-refused'
  | 'snippet-closes'
  | 'annotation-on-canary'
  | 'backend-protocol-not-served';

/** What each code means, with its severity; generated into `docs/errors.md`. */
export const annotationCodes: Readonly<Record<AnnotationCode, CodeDefinition>> = {
  'annotation-invalid': {
    severity: 'warning',
    doc: 'The value of an annotation is wrong. It counts as absent: the default is in force.',
  },
  'annotation-unknown': {
    severity: 'warning',
    doc: 'An annotation has a prefix that Fairway reads and a name that it does not know. It is ignored.',
  },
  'annotation-twice': {
    severity: 'info',
    doc: 'An annotation stands there under both prefixes. The one under fairway.dev counts.',
  },
  'annotation-without-effect': {
    severity: 'info',
    doc: 'An annotation changes nothing: it belongs to another one that is absent, or it sizes something that Fairway does not have.',
  },
  'annotation-not-supported': {
    severity: 'warning',
    doc: 'An annotation of ingress-nginx asks for something that Fairway does not do yet. The Ingress is served without it.',
  },
  'guard-not-supported': {
    severity: 'error',
    doc: 'An annotation keeps requests out in a way that Fairway cannot honour yet. The paths of the Ingress answer 503, because leaving them open would be worse.',
  },
  'snippet-refused': {
    severity: 'warning',
    doc: 'A snippet is left out. Fairway never executes text of users; the Ingress is served without it.',
  },
  'snippet-closes': {
    severity: 'error',
    doc: 'A snippet that keeps requests out is left out. The paths of the Ingress answer 503, because leaving them open would be worse.',
  },
  'annotation-on-canary': {
    severity: 'info',
    doc: 'An annotation does not count on a canary Ingress: the Ingress whose requests the canary takes decides. Those that act on upstreams count, as do those about the canary.',
  },
  'backend-protocol-not-served': {
    severity: 'error',
    doc: 'The endpoints speak a protocol that Fairway does not. The paths of the Ingress answer 503.',
  },
};
