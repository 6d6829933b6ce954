import type { HostPattern } from '../../model/ids.ts';
import type { Route, VirtualHost } from '../../model/route.ts';
import type { HostTls } from './certificates.ts';
import { keepEntries } from './identity.ts';
import type { RouteDraft } from './ingress-plan.ts';
import type { HostPlan } from './precedence.ts';

/** A virtual host with what it was made of. */
interface Made {
  readonly tls: boolean;
  readonly certificate: HostTls['certificate'];
  readonly virtualHost: VirtualHost;
}

/** Finishes hosts now that their TLS is known. A host that did not change keeps its virtual host. */
export function createHostFinisher(): (
  hosts: readonly HostPlan[],
  tls: ReadonlyMap<HostPattern, HostTls>,
) => ReadonlyMap<HostPattern, VirtualHost> {
  const made = new WeakMap<HostPlan, Made>();
  let last: ReadonlyMap<HostPattern, VirtualHost> | undefined;
  return (hosts, tlsByHost) => {
    const next = new Map<HostPattern, VirtualHost>();
    for (const plan of hosts) {
      const tls = tlsByHost.get(plan.host);
      const known = made.get(plan);
      const same = known !== undefined && known.tls === (tls !== undefined) && known.certificate === tls?.certificate;
      const virtualHost = same ? known.virtualHost : finishHost(plan, tls);
      if (!same) made.set(plan, { tls: tls !== undefined, certificate: tls?.certificate, virtualHost });
      next.set(plan.host, virtualHost);
    }
    last = keepEntries(last, next);
    return last;
  };
}

function finishHost({ host, routes }: HostPlan, tls: HostTls | undefined): VirtualHost {
  return {
    host,
    routes: routes.map((draft) => finishRoute(draft, tls !== undefined)),
    ...(tls?.certificate === undefined ? {} : { certificate: tls.certificate }),
  };
}

/** Whether HTTP goes to HTTPS depends on the host, which another Ingress may have given its TLS section. */
function finishRoute({ id, owner, match, action, policies, redirect }: RouteDraft, tls: boolean): Route {
  const redirects = redirect.when === 'always' || (redirect.when === 'with-tls' && tls);
  return {
    id,
    source: owner,
    match,
    action,
    policies: redirects ? { ...policies, httpsRedirect: redirect.redirect } : policies,
  };
}
