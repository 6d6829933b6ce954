import { compilePattern } from '../../lib/linear-pattern.ts';
import type { LinearPattern } from '../../lib/linear-pattern.ts';
import type { Canary, CanaryHeader } from '../../model/canary.ts';

/** What the rules of a canary say of a request; `open` leaves it to its weight. */
export type CanaryVerdict = 'take' | 'leave' | 'open';

/**
 * Header, then cookie, as ingress-nginx asks them. Runs for each request of a route with canaries: it makes nothing.
 * @param headers  flat list of the request
 * Source: ingress-nginx `balancer.lua`, route_to_alternative_balancer.
 */
export function askCanary({ header, cookie }: Canary, headers: readonly string[]): CanaryVerdict {
  const verdict = header === undefined ? 'open' : askHeader(header, headers);
  if (verdict !== 'open' || cookie === undefined) return verdict;
  return askCookie(cookie, headers);
}

function askHeader(header: CanaryHeader, headers: readonly string[]): CanaryVerdict {
  const value = fieldValue(headers, header.name);
  if (value === undefined) return 'open';
  const { rule } = header;
  switch (rule.kind) {
    case 'words':
      return value === 'always' ? 'take' : value === 'never' ? 'leave' : 'open';
    case 'value':
      return value === rule.value ? 'take' : 'open';
    case 'pattern':
      return patternOf(rule).test(value) ? 'take' : 'open';
    case 'never':
      return 'leave';
  }
}

/** nginx joins fields of one name, so that two of them say neither `always` nor `never`. */
function fieldValue(headers: readonly string[], name: string): string | undefined {
  let value: string | undefined;
  for (let at = 0; at < headers.length; at += 2) {
    const field = headers[at] ?? '';
    if (field.length !== name.length || !beginsWith(field, 0, name)) continue;
    const next = headers[at + 1] ?? '';
    value = value === undefined ? next : `${value}, ${next}`;
  }
  return value;
}

/** Of several cookies of one name the first counts. Names may be in any case. Source: nginx `$cookie_...`. */
function askCookie(name: string, headers: readonly string[]): CanaryVerdict {
  for (let at = 0; at < headers.length; at += 2) {
    const field = headers[at] ?? '';
    if (field.length !== 6 || !beginsWith(field, 0, 'cookie')) continue;
    const cookies = headers[at + 1] ?? '';
    for (let from = 0; from < cookies.length;) {
      while (cookies.charCodeAt(from) === 0x20) from += 1;
      const semicolon = cookies.indexOf(';', from);
      const to = semicolon === -1 ? cookies.length : semicolon;
      const equals = from + name.length;
      if (cookies.charCodeAt(equals) === 0x3d && beginsWith(cookies, from, name)) {
        if (isText(cookies, equals + 1, to, 'always')) return 'take';
        return isText(cookies, equals + 1, to, 'never') ? 'leave' : 'open';
      }
      from = to + 1;
    }
  }
  return 'open';
}

function isText(text: string, from: number, to: number, expected: string): boolean {
  return to - from === expected.length && text.startsWith(expected, from);
}

/** Whatever the case of ASCII letters. @param lower  in lower case */
function beginsWith(text: string, from: number, lower: string): boolean {
  for (let at = 0; at < lower.length; at += 1) {
    const code = text.charCodeAt(from + at);
    const folded = code >= 0x41 && code <= 0x5a ? code + 0x20 : code;
    if (folded !== lower.charCodeAt(at)) return false;
  }
  return true;
}

/** Compiled once for each canary and snapshot. */
const patterns = new WeakMap<object, LinearPattern>();
/** The control process lets no other pattern through. */
const matchesNothing: LinearPattern = { test: () => false };

function patternOf(rule: CanaryHeader['rule'] & { readonly kind: 'pattern' }): LinearPattern {
  const known = patterns.get(rule);
  if (known !== undefined) return known;
  const compiled = compilePattern(rule.pattern);
  const made = compiled.ok ? compiled.pattern : matchesNothing;
  patterns.set(rule, made);
  return made;
}
