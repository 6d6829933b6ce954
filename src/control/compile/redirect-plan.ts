import type { HttpsRedirect } from '../../model/policy.ts';
import type { Settings } from '../../settings/settings.ts';
import type { RedirectWish } from '../annotations/definition.ts';
import type { RedirectPlan } from './ingress-plan.ts';

/** Plans of Ingresses that wish nothing, which are most: one object for all of them. */
const withoutWish = new WeakMap<Settings, RedirectPlan>();

/**
 * When the routes of an Ingress redirect to HTTPS: what it wishes, else what the settings say.
 * Source: ingress-nginx `ssl-redirect`, `force-ssl-redirect`, `http-redirect-code`, `no-tls-redirect-locations`.
 */
export function redirectPlan(wish: RedirectWish | undefined, settings: Settings): RedirectPlan {
  if (wish !== undefined && Object.keys(wish).length > 0) return planOf(wish, settings);
  const known = withoutWish.get(settings) ?? planOf({}, settings);
  withoutWish.set(settings, known);
  return known;
}

function planOf(wish: RedirectWish, settings: Settings): RedirectPlan {
  const force = wish.force ?? settings.forceSslRedirect;
  const ssl = wish.ssl ?? settings.sslRedirect;
  return {
    when: force ? 'always' : ssl ? 'with-tls' : 'never',
    redirect: {
      status: statusOf(settings.httpRedirectCode),
      preserveTrailingSlash: wish.preserveTrailingSlash ?? false,
      exemptPaths: settings.noTlsRedirectLocations,
    },
  };
}

function statusOf(code: Settings['httpRedirectCode']): HttpsRedirect['status'] {
  switch (code) {
    case '301':
      return 301;
    case '302':
      return 302;
    case '307':
      return 307;
    case '308':
      return 308;
  }
}
