import type { CookieAffinity } from '../../model/policy.ts';
import type { Exchange } from '../exchange/exchange.ts';
import { failures } from '../exchange/failure.ts';
import type { UpstreamState } from '../upstreams/upstream-state.ts';
import type { Filter, FilterEnvironment } from './filter.ts';
import { sessionCookie, sessionKey } from './session-cookie.ts';
import type { Sessions } from './sessions.ts';
import { sessionsOf } from './sessions.ts';

/** Sessions that stick to an endpoint by a cookie. Source: ingress-nginx `affinity: cookie`; observed 13, 14. */
export const affinity: Filter = {
  name: 'affinity',
  create: ({ affinity: policy }, environment) => {
    if (policy === undefined) return undefined;
    const sessions = sessionsOf(policy, environment);
    return {
      select: (exchange) => {
        if (exchange.upstream === undefined || exchange.canary?.sessions === 'legacy') return;
        select(exchange, exchange.upstream, policy, sessions, environment);
      },
      respond: addCookie,
    };
  },
};

/**
 * An established session keeps its endpoint. After a failed try it goes to the same one again, unless the endpoint was
 * never reached, or is left out since: then another one serves this exchange alone, as it does while the endpoint is on
 * trial. With change-on-failure the session moves.
 */
function select(
  exchange: Exchange,
  upstream: UpstreamState,
  policy: CookieAffinity,
  sessions: Sessions,
  environment: FilterEnvironment,
): void {
  const key = exchange.setCookie === undefined ? sessionKey(exchange, policy) : undefined;
  const last = exchange.tried.at(-1);
  if (key !== undefined && last === undefined) {
    const home = sessions.find(key, upstream);
    const isPassedBy = home !== undefined && exchange.avoided.includes(home);
    exchange.endpoint = isPassedBy ? sessions.substitute(key, upstream, exchange.avoided) : home;
  }
  if (key !== undefined && last !== undefined && !policy.changeOnFailure) {
    const isGone = neverReached(exchange) || last.ejection.isOut;
    exchange.endpoint = isGone ? sessions.substitute(key, upstream, exchange.avoided) : last;
  }
  if (exchange.endpoint !== undefined) return;
  const begun = sessions.begin(exchange, upstream);
  if (begun === undefined) return;
  exchange.endpoint = begun.endpoint;
  exchange.setCookie = sessionCookie(exchange, policy, begun.key, environment.clock.wall());
}

function neverReached({ failure }: Exchange): boolean {
  return failure !== undefined && failures[failure].retry === 'yes';
}

/** In front of the upstream's own headers. An exchange that failed binds nobody. */
function addCookie(exchange: Exchange): void {
  if (exchange.setCookie === undefined || exchange.failure !== undefined) return;
  exchange.responseHeaders.unshift('Set-Cookie', exchange.setCookie);
}
