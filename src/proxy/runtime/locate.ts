import { localResponse } from '../exchange/error-page.ts';
import type { Exchange, LocalResponse } from '../exchange/exchange.ts';
import type { FailureName } from '../exchange/failure.ts';
import { headerValue } from '../exchange/headers.ts';
import { hostNameOf } from '../routing/host-name.ts';
import { isPlainPath, normalisePath } from '../routing/normalise-path.ts';
import { originForm, pathOf, queryOf } from '../routing/request-target.ts';
import type { PathHit } from '../routing/route-table.ts';
import type { Runtime } from './runtime.ts';
import type { ServedRoute } from './served-route.ts';

/**
 * Reads target and Host of a request and finds its route. Sets `uri`, `path`, `hostName` and `forwardTarget`.
 * @returns the route; an answer that needs none; or why there is neither
 */
export function locate(exchange: Exchange, runtime: Runtime): PathHit<ServedRoute> | LocalResponse | FailureName {
  const { method } = exchange.request;
  if (method === 'TRACE' || method === 'CONNECT') return 'method-refused';
  if (!readHost(exchange) || hasTunnelBody(exchange)) return 'bad-request';
  const careless = readPath(exchange);
  if (careless === undefined) return 'bad-request';
  const host = runtime.hostOf(exchange.hostName);
  const hit = host?.routes.find(exchange.path);
  // A backend that reads an encoded slash as a slash would serve what another route guards.
  if (careless !== exchange.path && host?.routes.find(careless)?.value !== hit?.value) return 'bad-request';
  const named = host !== undefined && host.virtualHost.host !== '*';
  if (!named && isHealthProbe(exchange, hit)) return healthy;
  return hit ?? 'no-route';
}

/**
 * For load balancers that know no other path: only where no rule names the host, as ingress-nginx does (observed 5).
 * A rule for exactly this path goes before.
 */
function isHealthProbe(exchange: Exchange, hit: PathHit<ServedRoute> | undefined): boolean {
  return exchange.path === healthPath && hit?.value.route.match.path !== healthPath;
}

const healthPath = '/healthz';
const healthy = localResponse(200, '');

/** Exactly one Host, except in HTTP/1.0, which may have none. Source: RFC 9112 section 3.2; threats R-20. */
function readHost(exchange: Exchange): boolean {
  const { headers, host, httpVersion } = exchange.request;
  let fields = 0;
  for (let at = 0; at < headers.length; at += 2) {
    const name = headers[at] ?? '';
    if (name.length === 4 && name.toLowerCase() === 'host') fields += 1;
  }
  if (fields === 0 && host === '') return httpVersion === '1.0';
  const hostName = hostNameOf(host);
  if (hostName === undefined || fields > 1) return false;
  exchange.hostName = hostName;
  return true;
}

/** Bytes after the head of an upgrade would be a body to one side and a tunnel to the other (threats R-25). */
function hasTunnelBody({ request }: Exchange): boolean {
  if (!request.upgrade) return false;
  const length = headerValue(request.headers, 'content-length');
  return (length !== undefined && length !== '0') || headerValue(request.headers, 'transfer-encoding') !== undefined;
}

/** Returns the careless reading of the path, which nearly always is the path; undefined for a target to refuse. */
function readPath(exchange: Exchange): string | undefined {
  const uri = originForm(exchange.request.target, exchange.request.host);
  if (uri === undefined) return undefined;
  exchange.uri = uri;
  exchange.forwardTarget = uri;
  const raw = pathOf(uri);
  if (isPlainPath(raw)) {
    exchange.path = raw;
    return raw;
  }
  const normal = normalisePath(raw);
  if (normal === undefined) return undefined;
  exchange.path = normal.path;
  if (normal.hadDotSegments) exchange.forwardTarget = normal.path + queryOf(uri);
  return normal.careless;
}
