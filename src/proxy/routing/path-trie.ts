/**
 * Longest prefix by whole segments. A look-up walks the segments of the path only as far as some rule goes, so its
 * cost does not depend on the number of rules.
 *
 *     /            value of "/"
 *     └ api        value of "/api"
 *       ├ v1       (no value)
 *       │ └ users  value of "/api/v1/users"
 *       └ v2       value of "/api/v2"
 */
export class PathTrie<T> {
  readonly #root: Node<T> = { value: undefined, children: undefined };

  /** @param prefix  starts with a slash; one at the end means nothing. The first value of a prefix stays. */
  insert(prefix: string, value: T): void {
    let node = this.#root;
    for (const segment of segmentsOf(prefix)) {
      node.children ??= new Map();
      let child = node.children.get(segment);
      if (child === undefined) {
        child = { value: undefined, children: undefined };
        node.children.set(segment, child);
      }
      node = child;
    }
    node.value ??= value;
  }

  /** @param path  normalised */
  find(path: string): T | undefined {
    let node = this.#root;
    let best = node.value;
    for (let from = 1; node.children !== undefined && from <= path.length;) {
      const slash = path.indexOf('/', from);
      const to = slash === -1 ? path.length : slash;
      const child = node.children.get(path.slice(from, to));
      if (child === undefined) return best;
      node = child;
      best = child.value ?? best;
      from = to + 1;
    }
    return best;
  }
}

interface Node<T> {
  value: T | undefined;
  children: Map<string, Node<T>> | undefined;
}

function segmentsOf(prefix: string): string[] {
  const end = prefix.endsWith('/') ? prefix.length - 1 : prefix.length;
  return end < 1 ? [] : prefix.slice(1, end).split('/');
}
