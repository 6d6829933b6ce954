import type { HttpsRedirect } from '../../model/policy.ts';
import { pageResponse } from '../exchange/error-page.ts';
import type { Exchange } from '../exchange/exchange.ts';
import type { Verdict } from '../exchange/phases.ts';
import { withoutPort } from '../routing/host-name.ts';
import type { Filter } from './filter.ts';

/** Sends plain HTTP to HTTPS. Source: ingress-nginx `ssl-redirect`; observed 2. */
export const httpsRedirect: Filter = {
  name: 'https-redirect',
  create: ({ httpsRedirect: policy }) =>
    policy === undefined ? undefined : { request: (exchange) => redirect(exchange, policy) },
};

function redirect(exchange: Exchange, policy: HttpsRedirect): Verdict {
  if (exchange.scheme === 'https') return undefined;
  if (policy.exemptPaths.some((path) => exchange.path.startsWith(path))) return undefined;
  // HTTP/1.0 without Host: there is no name to send the client to, and plain HTTP was not asked for.
  if (exchange.host === '') return pageResponse(400);
  const location = `https://${withoutPort(exchange.host)}${redirectUri(exchange.uri, policy)}`;
  return pageResponse(policy.status, ['Location', location]);
}

/** One slash at the end of the whole URI, query included, is cut: `/` becomes nothing, `/x?a=b/` becomes `/x?a=b`. */
function redirectUri(uri: string, policy: HttpsRedirect): string {
  return !policy.preserveTrailingSlash && uri.endsWith('/') ? uri.slice(0, -1) : uri;
}
