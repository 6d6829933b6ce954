import type { RouteLabels } from '../../model/policy.ts';
import type { Route, RouteAction, VirtualHost } from '../../model/route.ts';
import type { ExchangeCounts } from '../exchange/exchange.ts';
import { RouteTable } from '../routing/route-table.ts';
import type { SharedParts, SharedPolicies } from './shared-parts.ts';

/**
 * What a request needs of its route, in few objects: with many routes none of them is in the caches of the processor.
 * Equal parts are one object for all routes.
 */
export interface ServedRoute {
  readonly action: RouteAction;
  readonly policies: SharedPolicies;
  readonly labels: RouteLabels;
  readonly counts: ExchangeCounts | undefined;
  readonly route: Route;
}

/** A virtual host with the table of its routes. */
export interface ServedHost {
  readonly virtualHost: VirtualHost;
  readonly routes: RouteTable<ServedRoute>;
}

export function serveHost(virtualHost: VirtualHost, parts: SharedParts): ServedHost {
  const routes = virtualHost.routes.map((route) => ({ match: route.match, value: serveRoute(route, parts) }));
  return { virtualHost, routes: new RouteTable(routes) };
}

function serveRoute(route: Route, parts: SharedParts): ServedRoute {
  const { labels, ...policies } = route.policies;
  const own = parts.labels(labels);
  return {
    action: parts.action(route.action),
    policies: parts.policies(policies),
    labels: own,
    counts: parts.counts(own),
    route,
  };
}
