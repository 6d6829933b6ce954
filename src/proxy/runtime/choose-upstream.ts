import type { Random } from '../../lib/random.ts';
import type { Canary } from '../../model/canary.ts';
import type { CookieAffinity } from '../../model/policy.ts';
import { askCanary } from '../exchange/canary-rules.ts';
import { cookieValue } from '../exchange/cookies.ts';
import type { Exchange } from '../exchange/exchange.ts';
import { namesUpstream } from '../filters/session-cookie.ts';
import type { UpstreamSet } from '../upstreams/upstream-set.ts';

/**
 * The canary that takes a request; undefined when the upstream of the route does. Asked once for each exchange, all of
 * whose tries stay there. First the session, then for each canary in turn its header and its cookie, then the weights of
 * those that left it open, one behind the other: with 10 and 20 of 100 the first takes 10 % and the second 20 %.
 *
 * A canary without endpoints takes nothing, as in ingress-nginx, so that a rollout that goes wrong costs no request.
 * Source: ingress-nginx `balancer.lua`, route_to_alternative_balancer, for a single canary.
 */
export function chooseCanary(
  exchange: Exchange,
  canaries: readonly Canary[],
  affinity: CookieAffinity | undefined,
  upstreams: Pick<UpstreamSet, 'get'>,
  random: Random,
): Canary | undefined {
  const { headers } = exchange.request;
  const session = affinity === undefined ? undefined : cookieValue(headers, affinity.cookieName);
  if (session !== undefined && affinity !== undefined) {
    if (namesUpstream(session, affinity.upstreamHash)) return undefined;
    for (const canary of canaries) if (holdsSession(canary, session) && canServe(canary, upstreams)) return canary;
  }
  const point = random();
  let below = 0;
  let drawn: Canary | undefined;
  for (const canary of canaries) {
    if (!canServe(canary, upstreams)) continue;
    const verdict = askCanary(canary, headers);
    if (verdict === 'take') return canary;
    if (verdict === 'leave') continue;
    below += canary.weight / canary.weightTotal;
    if (drawn === undefined && point < below) drawn = canary;
  }
  return drawn;
}

function holdsSession({ sessions, upstreamHash }: Canary, session: string): boolean {
  return sessions === 'sticky' && namesUpstream(session, upstreamHash);
}

function canServe({ upstream }: Canary, upstreams: Pick<UpstreamSet, 'get'>): boolean {
  const state = upstreams.get(upstream);
  return state !== undefined && state.pickable.length > 0;
}
