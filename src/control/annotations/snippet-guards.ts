/** Directives that keep requests out, where a statement may begin: `deny` inside of a header's value is none. */
const guarding =
  /(?:^|[\n;{}])[ \t\r]*(deny|satisfy|auth_request|auth_basic|auth_jwt|limit_req|limit_conn|limit_except|valid_referers|secure_link|ssl_verify_client|access_by_lua\w*|return\s+4\d\d|SecRuleEngine\s+On)\b/;

/**
 * The directive by which a snippet keeps requests out. Leaving such a text out would open the route, so the route is
 * closed instead (threats ). It is never more than looked at.
 */
export function guardingDirective(snippet: string): string | undefined {
  return guarding.exec(snippet)?.[1]?.replaceAll(/\s+/g, ' ');
}
