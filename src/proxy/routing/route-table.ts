import type { PathMatch } from '../../model/route.ts';
import { normaliseRulePath } from './normalise-path.ts';
import { PathTrie } from './path-trie.ts';
import { TextPrefixes } from './text-prefixes.ts';

/** What a path leads to. Built with the table, so that a look-up allocates nothing. */
export interface PathHit<T> {
  readonly value: T;
  /**
   * The rule's path is this one with a slash at the end, and no rule has it without: the client is sent there.
   * Source: observed 3; nginx does so for locations that end in a slash and proxy.
   */
  readonly slashMissing: boolean;
}

/** Routes of one virtual host by path. Exact wins, then the longest rule; 20 000 rules cost a look-up what 10 do. */
export class RouteTable<T> {
  readonly #exact = new Map<string, PathHit<T>>();
  readonly #segments = new PathTrie<Candidate<T>>();
  readonly #texts: TextPrefixes<Candidate<T>>;

  /** @param routes  in the order in which they are tried; the first of two with the same match wins */
  constructor(routes: readonly { readonly match: PathMatch; readonly value: T }[]) {
    const candidates = routes.map(({ match, value }, rank) => candidateOf(match, value, rank));
    const longestFirst = candidates.toSorted((a, b) => (isBetter(a, b) ? -1 : 1));
    const texts = new Map<string, Candidate<T>>();
    for (const candidate of longestFirst) {
      if (candidate.kind === 'exact') setOnce(this.#exact, candidate.path, candidate.hit);
      if (candidate.kind === 'prefix') this.#segments.insert(candidate.path, candidate);
      if (candidate.kind === 'text-prefix') setOnce(texts, candidate.path, candidate);
    }
    this.#texts = new TextPrefixes(texts);
    this.#addMissingSlashes(longestFirst);
  }

  /** @param path  normalised */
  find(path: string): PathHit<T> | undefined {
    const exact = this.#exact.get(path);
    if (exact !== undefined) return exact;
    const bySegments = this.#segments.find(path);
    const byText = this.#texts.find(path);
    if (byText === undefined) return bySegments?.hit;
    if (bySegments === undefined) return byText.hit;
    return isBetter(byText, bySegments) ? byText.hit : bySegments.hit;
  }

  /** `/y` when a rule has `/y/`: taken by a rule for `/y` where there is one, else sent to `/y/`. */
  #addMissingSlashes(longestFirst: readonly Candidate<T>[]): void {
    const withoutSlash = new Map<string, PathHit<T>>();
    for (const { kind, path, hit } of longestFirst) if (kind !== 'exact') setOnce(withoutSlash, path, hit);
    for (const { path, hit } of longestFirst) {
      if (path.length < 2 || !path.endsWith('/')) continue;
      const shorter = path.slice(0, -1);
      setOnce(this.#exact, shorter, withoutSlash.get(shorter) ?? { value: hit.value, slashMissing: true });
    }
  }
}

interface Candidate<T> {
  readonly kind: PathMatch['kind'];
  readonly path: string;
  readonly rank: number;
  readonly hit: PathHit<T>;
}

function candidateOf<T>(match: PathMatch, value: T, rank: number): Candidate<T> {
  return { kind: match.kind, path: normaliseRulePath(match.path), rank, hit: { value, slashMissing: false } };
}

function isBetter<T>(a: Candidate<T>, b: Candidate<T>): boolean {
  return a.path.length === b.path.length ? a.rank < b.rank : a.path.length > b.path.length;
}

function setOnce<K, V>(map: Map<K, V>, key: K, value: V): void {
  if (!map.has(key)) map.set(key, value);
}
