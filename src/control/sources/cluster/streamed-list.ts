import type { Held } from './held-objects.ts';
import type { Identity } from './watch-event.ts';

/**
 * The first part of a watch that begins with all objects: gathered apart until the server says that it is complete, so
 * that a list which breaks off changes nothing. Source: Kubernetes API concepts, "Streaming lists" (KEP-3157).
 */
export class StreamedList<T> {
  readonly #objects: Map<string, Held<T>> = new Map();
  #doneAt: number | undefined;

  /** The end mark has not come. */
  get pending(): boolean {
    return this.#doneAt === undefined;
  }

  get done(): boolean {
    return this.#doneAt !== undefined;
  }

  /** When the end mark came, on the monotonic clock; 0 before. */
  get doneAt(): number {
    return this.#doneAt ?? 0;
  }

  set(held: Held<T> | undefined): undefined {
    if (held !== undefined) this.#objects.set(held.key, held);
  }

  remove(identity: Identity): undefined {
    this.#objects.delete(identity.key);
  }

  complete(now: number): ReadonlyMap<string, Held<T>> {
    this.#doneAt = now;
    return this.#objects;
  }
}
