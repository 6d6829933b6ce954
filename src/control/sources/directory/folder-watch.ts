import { watch } from 'node:fs';
import type { FSWatcher } from 'node:fs';

/**
 * Says when something in a set of folders has changed and come to rest. One watcher for each folder, not a recursive one:
 * that would neither follow the links of a mounted ConfigMap nor survive that a folder is replaced by another.
 */
export class FolderWatch {
  readonly #watchers = new Map<string, { readonly identity: string; readonly watcher: FSWatcher }>();
  readonly #limit: number;
  #changed = false;
  #complete = true;
  #wake: (() => void) | undefined;

  /** @param limit  most folders that are watched; `isComplete` tells whether that is enough */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Whether every folder is watched; if not, only looking again finds all changes. */
  get isComplete(): boolean {
    return this.#complete;
  }

  /**
   * Watches these folders and no others. @param folders  absolute path to identity: another identity is another folder
   * @returns whether a folder is new, whose changes until now nobody has seen
   */
  follow(folders: ReadonlyMap<string, string>): boolean {
    for (const [path, { identity, watcher }] of this.#watchers) {
      if (folders.get(path) === identity) continue;
      watcher.close();
      this.#watchers.delete(path);
    }
    const missing = [...folders].filter(([path]) => !this.#watchers.has(path));
    for (const [path, identity] of missing) this.#add(path, identity);
    this.#complete = [...folders.keys()].every((path) => this.#watchers.has(path));
    return missing.some(([path]) => this.#watchers.has(path));
  }

  /**
   * Resolves when changes have come to rest for `quietMs`, at the latest `longestMs` after the first, or when nothing has
   * happened for `idleMs`, or when `signal` aborts.
   */
  async settled(
    times: { readonly quietMs: number; readonly longestMs: number; readonly idleMs: number },
    signal: AbortSignal,
  ): Promise<void> {
    if (!(await this.#event(times.idleMs, signal))) return;
    const deadline = performance.now() + times.longestMs;
    while (performance.now() < deadline && (await this.#event(times.quietMs, signal)));
  }

  close(): void {
    for (const { watcher } of this.#watchers.values()) watcher.close();
    this.#watchers.clear();
  }

  #add(path: string, identity: string): void {
    if (this.#watchers.size >= this.#limit) return;
    try {
      const watcher = watch(path, () => this.#note());
      // The folder went, or the system cannot watch it any more: the next scan decides.
      watcher.on('error', () => {
        watcher.close();
        this.#watchers.delete(path);
        this.#note();
      });
      this.#watchers.set(path, { identity, watcher });
    } catch {
      // No inotify watches left (ENOSPC), or the folder is gone already: the rescan finds the changes.
    }
  }

  #note(): void {
    this.#changed = true;
    this.#wake?.();
  }

  /** @returns true after a change, false when `ms` passed without one or `signal` aborted */
  async #event(ms: number, signal: AbortSignal): Promise<boolean> {
    if (!this.#changed && !signal.aborted) {
      const { promise, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, ms);
      this.#wake = resolve;
      const stop = (): void => resolve();
      signal.addEventListener('abort', stop);
      await promise;
      signal.removeEventListener('abort', stop);
      clearTimeout(timer);
      this.#wake = undefined;
    }
    const changed = this.#changed && !signal.aborted;
    this.#changed = false;
    return changed;
  }
}
