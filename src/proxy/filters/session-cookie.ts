import type { CookieAffinity } from '../../model/policy.ts';
import { cookieValue } from '../exchange/cookies.ts';
import type { Exchange } from '../exchange/exchange.ts';
import { headerValue } from '../exchange/headers.ts';

/** Between the key of the session and the hash of the upstream. Source: ingress-nginx `balancer/sticky.lua`. */
const delimiter = '|';

/** The key that a client's cookie holds; undefined when it has none. */
export function sessionKey(exchange: Exchange, policy: CookieAffinity): string | undefined {
  const value = cookieValue(exchange.request.headers, policy.cookieName);
  const key = value?.split(delimiter, 1)[0];
  return key === '' ? undefined : key;
}

/** Whether a session cookie belongs to an upstream. @param value  of the cookie; @param hash  see `CookieAffinity` */
export function namesUpstream(value: string, hash: string): boolean {
  const from = value.indexOf(delimiter) + 1;
  if (from === 0 || !value.startsWith(hash, from)) return false;
  const end = from + hash.length;
  return value.length === end || value.startsWith(delimiter, end);
}

/**
 * Value of Set-Cookie for a session, byte for byte as ingress-nginx writes it.
 * @param wallMs  now, milliseconds since 1970
 * Source: observed 13; lua-resty-cookie, bake.
 */
export function sessionCookie(exchange: Exchange, policy: CookieAffinity, key: string, wallMs: number): string {
  const hash = exchange.canary?.upstreamHash ?? policy.upstreamHash;
  let cookie = `${policy.cookieName}=${key}${delimiter}${hash}`;
  if (policy.expiresSeconds !== undefined) cookie += `; Expires=${cookieTime(wallMs + policy.expiresSeconds * 1000)}`;
  if (policy.maxAgeSeconds !== undefined) cookie += `; Max-Age=${policy.maxAgeSeconds}`;
  if (policy.domain !== undefined) cookie += `; Domain=${policy.domain}`;
  cookie += `; Path=${policy.path}`;
  if (policy.secure === 'always' || exchange.scheme === 'https') cookie += '; Secure';
  cookie += '; HttpOnly';
  return hasSameSite(exchange, policy) ? `${cookie}; SameSite=${policy.sameSite}` : cookie;
}

function hasSameSite(exchange: Exchange, policy: CookieAffinity): boolean {
  if (policy.sameSite === undefined) return false;
  if (policy.sameSite !== 'None' || !policy.conditionalSameSiteNone) return true;
  return acceptsSameSiteNone(headerValue(exchange.request.headers, 'user-agent') ?? '');
}

/**
 * Old browsers refuse a cookie with `SameSite=None`, or take it for `Strict`.
 * Source: ingress-nginx `util/same_site.lua`; chromium.org, "SameSite=None: Known Incompatible Clients".
 */
export function acceptsSameSiteNone(userAgent: string): boolean {
  if (/Chrome\/[456]|CPU iPhone OS 12|iPad; CPU OS 12/.test(userAgent)) return false;
  const oldSafari = userAgent.includes('Macintosh') && userAgent.includes('Intel Mac OS X 10_14');
  return !(oldSafari && userAgent.includes('Safari') && !userAgent.includes('Chrome'));
}

const days = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
/** Longest time that a Date can hold, so that no number of seconds makes an invalid one. */
const lastMoment = 8.64e15;

/** `Thu, 26-Nov-26 00:40:36 GMT`; four digits of the year after 2037. Source: nginx `ngx_http_cookie_time`. */
export function cookieTime(wallMs: number): string {
  const date = new Date(Math.min(lastMoment, Math.max(0, wallMs)));
  const year = date.getUTCFullYear();
  const yearText = year > 2037 ? `${year}` : two(year % 100);
  const day = `${days[date.getUTCDay()] ?? ''}, ${two(date.getUTCDate())}-${months[date.getUTCMonth()] ?? ''}-${yearText}`;
  return `${day} ${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())} GMT`;
}

function two(value: number): string {
  return `${value}`.padStart(2, '0');
}
