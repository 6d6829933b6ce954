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
  readonly #paths = new PathTrie<Candidate<T>>();
  /** Absent where no rule asks for it, which is nearly everywhere. */
  readonly #texts: TextPrefixes<Candidate<T>> | undefined;

  /** @param routes  in the order in which they are tried; the first of two with the same match wins */
  constructor(routes: readonly { readonly match: PathMatch; readonly value: T }[]) {
    const rules = routes.map(({ match, value }, rank) => ruleOf(match, value, rank));
    const longestFirst = rules.toSorted((a, b) => (isBetter(a.candidate, b.candidate) ? -1 : 1));
    const texts = new Map<string, Candidate<T>>();
    for (const { kind, path, candidate } of longestFirst) {
      if (kind === 'exact') this.#insertExact(path, candidate);
      if (kind === 'prefix') this.#paths.insertPrefix(path, candidate);
      if (kind === 'text-prefix' && !texts.has(path)) texts.set(path, candidate);
    }
    this.#texts = texts.size === 0 ? undefined : new TextPrefixes(texts);
    this.#addMissingSlashes(longestFirst);
  }

  /** @param path  normalised */
  find(path: string): PathHit<T> | undefined {
    const bySegments = this.#paths.find(path);
    if (this.#texts === undefined || bySegments?.exact === true) return bySegments;
    const byText = this.#texts.find(path);
    if (byText === undefined || bySegments === undefined) return byText ?? bySegments;
    return isBetter(byText, bySegments) ? byText : bySegments;
  }

  /** `/y` when a rule has `/y/`: taken by a rule for `/y` where there is one, else sent to `/y/`. */
  #addMissingSlashes(longestFirst: readonly Rule<T>[]): void {
    const withoutSlash = new Map<string, Candidate<T>>();
    for (const { kind, path, candidate } of longestFirst) {
      if (kind !== 'exact' && !withoutSlash.has(path)) withoutSlash.set(path, { ...candidate, exact: true });
    }
    for (const { path, candidate } of longestFirst) {
      if (path.length < 2 || !path.endsWith('/')) continue;
      const shorter = path.slice(0, -1);
      this.#insertExact(shorter, withoutSlash.get(shorter) ?? { ...candidate, slashMissing: true, exact: true });
    }
  }

  /** Nothing that a request asks for is without a slash at its start. */
  #insertExact(path: string, candidate: Candidate<T>): void {
    if (path.startsWith('/')) this.#paths.insertExact(path, candidate);
  }
}

/** A hit with what decides between two of them. One object, because look-ups touch it. */
interface Candidate<T> extends PathHit<T> {
  readonly exact: boolean;
  readonly length: number;
  readonly rank: number;
}

interface Rule<T> {
  readonly kind: PathMatch['kind'];
  readonly path: string;
  readonly candidate: Candidate<T>;
}

function ruleOf<T>({ kind, path: written }: PathMatch, value: T, rank: number): Rule<T> {
  const path = normaliseRulePath(written);
  return { kind, path, candidate: { value, slashMissing: false, exact: kind === 'exact', length: path.length, rank } };
}

function isBetter<T>(a: Candidate<T>, b: Candidate<T>): boolean {
  return a.length === b.length ? a.rank < b.rank : a.length > b.length;
}
