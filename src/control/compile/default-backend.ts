import type { HostPattern } from '../../model/ids.ts';
import { catchAllHost, routeId, upstreamId } from '../../model/ids.ts';
import type { ObjectRef } from '../../model/object-ref.ts';
import type { Settings } from '../../settings/settings.ts';
import { defaultRetry } from '../annotations/groups/timeouts.ts';
import type { BackendClaim, RouteDraft } from './ingress-plan.ts';
import { redirectPlan } from './redirect-plan.ts';

/** The Service of `--default-backend-service`: what requests get that no rule takes. */
export interface DefaultBackend {
  readonly claim: BackendClaim;
  /** Its route under one host; the same object for the same host. */
  readonly routeFor: (host: HostPattern) => RouteDraft;
}

/** @returns undefined when the setting names none; then such requests get 404 */
export function defaultBackendOf(settings: Settings): DefaultBackend | undefined {
  const [namespace = '', service = ''] = settings.defaultBackendService.split('/');
  if (namespace === '' || service === '') return undefined;
  const owner: ObjectRef = { kind: 'Service', namespace, name: service };
  // Port 0 stands for the first one, which is known only when the Service is.
  const upstream = upstreamId(namespace, service, '0');
  const routes = new Map<HostPattern, RouteDraft>();
  const { redirect } = redirectPlan({}, settings);
  const make = (host: HostPattern): RouteDraft => ({
    id: routeId(`${namespace}/${service}`, host, 'defaultBackend', '/'),
    owner,
    createdAt: 0,
    field: '',
    path: '/',
    match: { kind: 'prefix', path: '/' },
    action: { kind: 'forward', upstream },
    policies: {
      retry: defaultRetry(settings),
      labels: { namespace, ingress: '', service, servicePort: '', path: '/', host: host === catchAllHost ? '_' : host },
    },
    redirect: { when: 'never', redirect },
  });
  return {
    claim: { upstream, owner, namespace, service, port: 0, field: '', wish: {} },
    routeFor: (host) => {
      const draft = routes.get(host) ?? make(host);
      routes.set(host, draft);
      return draft;
    },
  };
}
