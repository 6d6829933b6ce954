import type { Route, VirtualHost } from '../../model/route.ts';
import type { Filter, FilterEnvironment } from '../filters/filter.ts';
import type { Pipeline } from '../filters/pipeline.ts';
import { buildPipeline } from '../filters/pipeline.ts';
import { RouteTable } from '../routing/route-table.ts';

/** A route with what was built for it. */
export interface ServedRoute {
  readonly virtualHost: VirtualHost;
  readonly route: Route;
  readonly pipeline: Pipeline;
}

/** A virtual host with the table of its routes. */
export interface ServedHost {
  readonly virtualHost: VirtualHost;
  readonly routes: RouteTable<ServedRoute>;
}

export function serveHost(
  virtualHost: VirtualHost,
  filters: readonly Filter[],
  environment: FilterEnvironment,
): ServedHost {
  const routes = virtualHost.routes.map((route) => ({
    match: route.match,
    value: { virtualHost, route, pipeline: buildPipeline(filters, route.policies, environment) },
  }));
  return { virtualHost, routes: new RouteTable(routes) };
}
