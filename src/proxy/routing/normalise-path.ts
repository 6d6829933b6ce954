/**
 * Paths in one form, so that router and backend cannot read one path in two ways (threats R-60).
 * Source: RFC 3986 sections 2.3, 5.2.4 and 6.2.2; nginx `merge_slashes`.
 */
export interface NormalisedPath {
  /** Unreserved characters decoded, other escapes in upper case, slashes merged, dot segments removed. */
  readonly path: string;
  /** The path as it came held `.` or `..` segments, plain or encoded. */
  readonly hadDotSegments: boolean;
  /**
   * How a careless backend reads the same path: `%2F`, `%5C` as slashes and `..;x` as `..`. Equal to `path` unless the
   * path holds one of these; routes that differ for the two readings are refused.
   */
  readonly careless: string;
}

/**
 * A path that a rule names, escaped as requests are. Dot segments and double slashes stay: Kubernetes refuses them.
 * @param path  `path` of an Ingress rule, may hold any character
 */
export function normaliseRulePath(path: string): string {
  const escaped = path.replaceAll(/[^\x21-\x7e]+/gu, (text) => encodeURIComponent(text.toWellFormed()));
  return decodeUnreserved(escaped) ?? escaped;
}

/**
 * @param raw  path of a request without query; only 0x21 to 0x7E, see `request-target.ts`
 * @returns undefined for what no backend should see: no leading slash, `#`, `\`, invalid percent encoding, `%00`, and
 *   dot segments that climb above the root in either reading
 */
export function normalisePath(raw: string): NormalisedPath | undefined {
  if (raw.charCodeAt(0) !== slash) return undefined;
  const decoded = decodeUnreserved(raw);
  if (decoded === undefined) return undefined;
  const path = removeDotSegments(decoded);
  if (path === undefined) return undefined;
  const careless = readCarelessly(path);
  if (careless === undefined) return undefined;
  return { path, hadDotSegments: dotSegment.test(decoded), careless };
}

/** Whether a path is its own normal form in both readings, which nearly all are: then nothing is built. */
export function isPlainPath(path: string): boolean {
  if (path.charCodeAt(0) !== slash) return false;
  let previous = 0;
  for (let at = 0; at < path.length; at += 1) {
    const code = path.charCodeAt(at);
    if (code === percent || code === hash || code === backslash) return false;
    if (previous === slash && (code === slash || code === dot)) return false;
    previous = code;
  }
  return true;
}

const slash = 0x2f;
const dot = 0x2e;
const percent = 0x25;
const hash = 0x23;
const backslash = 0x5c;
const dotSegment = /\/\.{1,2}(?:\/|$)/;
const unreserved = /^[A-Za-z0-9._~-]$/;

function decodeUnreserved(text: string): string | undefined {
  if (text.includes('#') || text.includes('\\')) return undefined;
  if (!text.includes('%')) return text;
  let decoded = '';
  let from = 0;
  for (let at = text.indexOf('%'); at !== -1; at = text.indexOf('%', from)) {
    const digits = text.slice(at + 1, at + 3);
    if (!/^[0-9A-Fa-f]{2}$/.test(digits) || digits === '00') return undefined;
    const character = String.fromCharCode(Number.parseInt(digits, 16));
    decoded += text.slice(from, at) + (unreserved.test(character) ? character : `%${digits.toUpperCase()}`);
    from = at + 3;
  }
  return decoded + text.slice(from);
}

/** Merges slashes and resolves `.` and `..`; undefined above the root. A final slash stays; `/a/..` ends in one. */
function removeDotSegments(path: string): string | undefined {
  if (!path.includes('//') && !path.includes('/.')) return path;
  const kept: string[] = [];
  let directory = false;
  for (const segment of path.split('/')) {
    directory = segment === '' || segment === '.' || segment === '..';
    if (!directory) kept.push(segment);
    else if (segment === '..' && kept.pop() === undefined) return undefined;
  }
  return kept.length === 0 ? '/' : `/${kept.join('/')}${directory ? '/' : ''}`;
}

const careless = /%2F|%5C|\/\.{1,2}(?:;|%3B)/;

function readCarelessly(path: string): string | undefined {
  if (!careless.test(path)) return path;
  const slashes = path.replaceAll(/%2F|%5C/g, '/');
  return removeDotSegments(slashes.replaceAll(/(\/\.{1,2})(?:;|%3B)[^/]*/g, '$1'));
}
