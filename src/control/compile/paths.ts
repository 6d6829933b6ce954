import type { PathMatch } from '../../model/route.ts';
import { quoted } from '../objects/field-reader.ts';
import type { IngressPath } from '../objects/kinds.ts';
import type { Problem } from './diagnostics.ts';

/**
 * A path as requests have it: what is no printable ASCII escaped as UTF-8, unreserved characters plain, escapes in
 * upper case. Two paths that mean the same come out the same, so that they are one route.
 * @param path  as in an Ingress rule
 * @returns undefined when no request can have it: it holds what the worker refuses or resolves before routing
 * Source: RFC 3986 sections 2.3 and 6.2.2; threats R-60.
 */
export function canonicalPath(path: string): string | undefined {
  const escaped = path.replaceAll(/[^\x21-\x7e]+/gu, (text) => encodeURIComponent(text.toWellFormed()));
  if (/[#?\\]|%(?![0-9A-Fa-f]{2})|%00|\/\/|\/\.{1,2}(\/|$)/.test(escaped)) return undefined;
  return escaped.replaceAll(/%[0-9A-Fa-f]{2}/g, (escape) => {
    const character = String.fromCharCode(Number.parseInt(escape.slice(1), 16));
    return /[A-Za-z0-9._~-]/.test(character) ? character : escape.toUpperCase();
  });
}

/**
 * The text that every match of a pattern begins with; undefined when the path is no pattern.
 * @param path  as in an Ingress rule whose paths are meant as patterns
 */
export function literalPrefix(path: string): string | undefined {
  const at = path.search(/[()|*+?^$[\]{}\\]/);
  if (at < 0) return undefined;
  // A quantifier takes the character before it along: `/ab?` begins with `/a`. Alternatives have nothing in common.
  const end = /[*+?{]/.test(path.charAt(at)) ? at - 1 : at;
  return path.charAt(at) === '|' ? '/' : `/${path.slice(1, Math.max(1, end))}`;
}

/** `/` by text is `/` by segments: everything. */
export function matchOf(pathType: IngressPath['pathType'], path: string): PathMatch {
  switch (pathType) {
    case 'Exact':
      return { kind: 'exact', path };
    case 'Prefix':
      return { kind: 'prefix', path };
    case 'ImplementationSpecific':
      return { kind: path === '/' ? 'prefix' : 'text-prefix', path };
  }
}

/** Two routes of a host with the same key match the same requests. */
export function matchKey(match: PathMatch): string {
  return `${match.kind} ${match.path}`;
}

export function unreachablePath(key: string, path: string): Problem {
  return {
    code: 'path-unreachable',
    what: `path ${quoted(path)} of \`${key}\` is not served`,
    why: 'no request has such a path: dot segments, double slashes, "#", "?", backslashes and broken escapes are refused or resolved before routing',
    fix: 'Write the path as it is after that, with spaces and the like escaped as %20.',
  };
}
