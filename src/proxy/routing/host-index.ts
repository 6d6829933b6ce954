import type { HostPattern } from '../../model/ids.ts';

/**
 * Which virtual host a request belongs to: exact name, then wildcard, then catch-all. A wildcard takes exactly one
 * label: `*.example.com` takes `a.example.com`, neither `a.b.example.com` nor `example.com`.
 * Source: Kubernetes Ingress API, "Hostname wildcards".
 */
export class HostIndex<T> {
  readonly #exact = new Map<string, T>();
  /** Key: `.example.com` for `*.example.com`. */
  readonly #wildcards = new Map<string, T>();
  readonly #catchAll: T | undefined;

  constructor(hosts: Iterable<readonly [HostPattern, T]>) {
    let catchAll: T | undefined;
    for (const [pattern, value] of hosts) {
      if (pattern === '*') catchAll = value;
      else if (pattern.startsWith('*.')) this.#wildcards.set(pattern.slice(1), value);
      else this.#exact.set(pattern, value);
    }
    this.#catchAll = catchAll;
  }

  /** @param hostName  as `hostNameOf` gives it; empty takes the catch-all */
  find(hostName: string): T | undefined {
    return this.findNamed(hostName) ?? this.#catchAll;
  }

  /** As `find`, but only hosts that some rule names. */
  findNamed(hostName: string): T | undefined {
    return this.exact(hostName) ?? this.wildcard(hostName);
  }

  exact(hostName: string): T | undefined {
    return this.#exact.get(hostName);
  }

  wildcard(hostName: string): T | undefined {
    if (this.#wildcards.size === 0) return undefined;
    const firstDot = hostName.indexOf('.');
    return firstDot < 1 ? undefined : this.#wildcards.get(hostName.slice(firstDot));
  }

  get catchAll(): T | undefined {
    return this.#catchAll;
  }
}
