import type { AnnotationGroup } from '../definition.ts';
import { defineGroup } from '../definition.ts';
import { flag } from '../value-kind.ts';

interface Values {
  readonly ssl: boolean;
  readonly force: boolean;
  readonly preserveTrailingSlash: boolean;
}

/** From HTTP to HTTPS. */
export const redirects: AnnotationGroup = defineGroup<Values>({
  title: 'Redirect to HTTPS',
  annotations: {
    ssl: {
      key: 'ssl-redirect',
      value: flag(),
      scope: 'path',
      risk: 'low',
      doc: 'Redirects HTTP to HTTPS when the host stands in a TLS section, also one without a Secret.',
      example: 'false',
      deviation: 'Requests below the paths of no-tls-redirect-locations stay on HTTP whatever rule takes them.',
    },
    force: {
      key: 'force-ssl-redirect',
      value: flag(),
      scope: 'path',
      risk: 'medium',
      doc: 'Redirects HTTP to HTTPS also without a TLS section, for TLS that ends in front of Fairway.',
      example: 'true',
    },
    preserveTrailingSlash: {
      key: 'preserve-trailing-slash',
      value: flag(),
      scope: 'path',
      risk: 'medium',
      doc: 'Keeps a slash at the end of the address in the redirect to HTTPS; without it, it is cut.',
      example: 'true',
    },
  },
  meaning: (values) => ({ redirect: values }),
});
