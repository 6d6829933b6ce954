import type { CookieAffinity } from '../../../model/policy.ts';
import type { AffinityWish, AnnotationGroup, MeaningProblem } from '../definition.ts';
import { defineGroup } from '../definition.ts';
import { anyCaseChoice, characters, choice, cookieSeconds, flag } from '../value-kind.ts';

interface Values {
  readonly affinity: 'cookie';
  readonly mode: CookieAffinity['mode'];
  readonly name: string;
  readonly secure: boolean;
  readonly path: string;
  readonly domain: string;
  readonly sameSite: NonNullable<CookieAffinity['sameSite']>;
  readonly conditionalSameSiteNone: boolean;
  readonly expires: number;
  readonly maxAge: number;
  readonly changeOnFailure: boolean;
  readonly drain: CookieAffinity['whileDraining'];
}

/** `BasicCharsRegex` and `URLIsValidRegex` of ingress-nginx. */
const basic = /^[-/._~a-zA-Z0-9:]*$/;
const urlCharacters = /^[-/._~a-zA-Z0-9:,?&=]*$/;

/** Sessions that stick to an endpoint by a cookie. */
export const sessions: AnnotationGroup = defineGroup<Values>({
  title: 'Session affinity',
  annotations: {
    affinity: {
      key: 'affinity',
      value: choice(['cookie']),
      scope: 'path',
      risk: 'low',
      doc: 'cookie: requests of one client go to the same endpoint.',
      example: 'cookie',
      deviation: 'Belongs to the paths of this Ingress, not to every Ingress with the same Service.',
    },
    mode: {
      key: 'affinity-mode',
      value: choice(['balanced', 'persistent']),
      scope: 'path',
      risk: 'medium',
      doc: 'balanced: sessions move when endpoints come; persistent: they stay until their endpoint leaves.',
      example: 'persistent',
    },
    name: {
      key: 'session-cookie-name',
      value: characters(basic, 'letters, digits and - . _ ~ / :'),
      scope: 'path',
      risk: 'medium',
      doc: 'Name of the cookie; INGRESSCOOKIE if absent.',
      example: 'route',
    },
    secure: {
      key: 'session-cookie-secure',
      value: flag(),
      scope: 'path',
      risk: 'low',
      doc: 'true: the cookie always says Secure. Else it says so on requests that came over TLS.',
      example: 'true',
    },
    path: {
      key: 'session-cookie-path',
      value: characters(urlCharacters, 'a path, for example /shop'),
      scope: 'path',
      risk: 'medium',
      doc: 'Path of the cookie; the path of the rule if absent.',
      example: '/',
    },
    domain: {
      key: 'session-cookie-domain',
      value: characters(basic, 'a domain, for example example.com'),
      scope: 'path',
      risk: 'medium',
      doc: 'Domain of the cookie.',
      example: 'example.com',
    },
    sameSite: {
      key: 'session-cookie-samesite',
      value: anyCaseChoice(['None', 'Lax', 'Strict']),
      scope: 'path',
      risk: 'low',
      doc: 'SameSite of the cookie.',
      example: 'Lax',
    },
    conditionalSameSiteNone: {
      key: 'session-cookie-conditional-samesite-none',
      value: flag(),
      scope: 'path',
      risk: 'low',
      doc: 'Leaves SameSite=None out for clients that misread it.',
      example: 'true',
    },
    expires: {
      key: 'session-cookie-expires',
      value: cookieSeconds(),
      scope: 'path',
      risk: 'medium',
      doc: 'Seconds until the cookie expires, as a date in Expires.',
      example: '172800',
    },
    maxAge: {
      key: 'session-cookie-max-age',
      value: cookieSeconds(),
      scope: 'path',
      risk: 'medium',
      doc: 'Seconds until the cookie expires, as Max-Age.',
      example: '172800',
    },
    changeOnFailure: {
      key: 'session-cookie-change-on-failure',
      value: flag(),
      scope: 'path',
      risk: 'low',
      doc: 'When the endpoint of a session fails, the session moves to another one and gets a new cookie.',
      example: 'true',
    },
    drain: {
      key: 'affinity-drain',
      value: choice(['keep', 'move']),
      scope: 'path',
      risk: 'low',
      own: true,
      doc: 'What becomes of sessions whose endpoint terminates but still serves. keep: they stay until it is gone; move: they go to another one at once. If absent, keep for affinity-mode persistent and move for balanced, as in ingress-nginx.',
      example: 'keep',
    },
  },
  meaning: (values) => {
    if (values.affinity === 'cookie') return { affinity: wishOf(values) };
    return Object.keys(values).length === 0 ? {} : { problems: withoutAffinity(values) };
  },
});

function wishOf(values: Partial<Values>): AffinityWish {
  const mode = values.mode ?? 'balanced';
  return {
    mode,
    cookieName: values.name ?? 'INGRESSCOOKIE',
    ...(values.path !== undefined && { path: values.path }),
    ...(values.domain !== undefined && { domain: values.domain }),
    ...(values.expires !== undefined && { expiresSeconds: values.expires }),
    ...(values.maxAge !== undefined && { maxAgeSeconds: values.maxAge }),
    ...(values.sameSite !== undefined && { sameSite: values.sameSite }),
    conditionalSameSiteNone: values.conditionalSameSiteNone ?? false,
    // false is the same as absent in ingress-nginx: a cookie over TLS says Secure all the same.
    secure: values.secure === true ? 'always' : 'https',
    changeOnFailure: values.changeOnFailure ?? false,
    whileDraining: values.drain ?? (mode === 'persistent' ? 'keep' : 'move'),
  };
}

const keys: Readonly<Record<Exclude<keyof Values, 'affinity'>, string>> = {
  mode: 'affinity-mode',
  name: 'session-cookie-name',
  secure: 'session-cookie-secure',
  path: 'session-cookie-path',
  domain: 'session-cookie-domain',
  sameSite: 'session-cookie-samesite',
  conditionalSameSiteNone: 'session-cookie-conditional-samesite-none',
  expires: 'session-cookie-expires',
  maxAge: 'session-cookie-max-age',
  changeOnFailure: 'session-cookie-change-on-failure',
  drain: 'affinity-drain',
};

function withoutAffinity(values: Partial<Values>): MeaningProblem[] {
  return Object.entries(keys)
    .filter(([field]) => Object.hasOwn(values, field))
    .map(([, key]) => ({
      key,
      why: 'sessions stick only where affinity is "cookie"',
      fix: 'Add the annotation affinity with the value "cookie", or remove this one.',
      outcome: 'ignored',
    }));
}
