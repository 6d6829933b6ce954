/**
 * Paths by segments: whole paths, and prefixes of whole segments of which the longest counts. A look-up walks the
 * segments of the path only as far as some rule goes, so its cost does not depend on the number of rules.
 *
 *     /            prefix "/"
 *     └ api        prefix "/api", exact "/api"
 *       ├ ""       exact "/api/"
 *       ├ v1       (nothing)
 *       │ └ users  prefix "/api/v1/users"
 *       └ v2       prefix "/api/v2"
 */
export class PathTrie<T> {
  readonly #root: Node<T> = newNode();

  /** @param prefix  starts with a slash; one at the end means nothing. The first value of a prefix stays. */
  insertPrefix(prefix: string, value: T): void {
    const end = prefix.endsWith('/') ? prefix.length - 1 : prefix.length;
    const node = end < 1 ? this.#root : this.#nodeOf(prefix.slice(1, end));
    node.prefix ??= value;
  }

  /** @param path  starts with a slash. The first value of a path stays. */
  insertExact(path: string, value: T): void {
    const node = this.#nodeOf(path.slice(1));
    node.exact ??= value;
  }

  /** Exact, else the longest prefix. @param path  normalised */
  find(path: string): T | undefined {
    let node = this.#root;
    let best = node.prefix;
    for (let from = 1; node.children !== undefined;) {
      const slash = path.indexOf('/', from);
      const child = node.children.get(slash === -1 ? path.slice(from) : path.slice(from, slash));
      if (child === undefined) return best;
      node = child;
      best = child.prefix ?? best;
      if (slash === -1) return child.exact ?? best;
      from = slash + 1;
    }
    return best;
  }

  #nodeOf(segments: string): Node<T> {
    let node = this.#root;
    for (const segment of segments.split('/')) {
      node.children ??= new Map();
      let child = node.children.get(segment);
      if (child === undefined) {
        child = newNode();
        node.children.set(segment, child);
      }
      node = child;
    }
    return node;
  }
}

interface Node<T> {
  prefix: T | undefined;
  /** Of the path that ends here, without a slash at its end unless the last segment is empty. */
  exact: T | undefined;
  children: Map<string, Node<T>> | undefined;
}

function newNode<T>(): Node<T> {
  return { prefix: undefined, exact: undefined, children: undefined };
}
