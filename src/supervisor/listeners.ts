import { OperatorError } from '../lib/operator-error.ts';
import type { ListenerId } from '../model/ids.ts';
import type { Listener } from '../model/listener.ts';
import type { BoundListener } from '../model/messages.ts';
import type { ListenerSocket } from './socket-sharing.ts';
import type { BoundSocket } from './sockets.ts';
import { bindSockets } from './sockets.ts';

interface Entry {
  /** What was asked for; its port may be 0. */
  readonly listener: Listener;
  /** All on the same address and port. */
  readonly sockets: readonly ListenerSocket[];
  readonly first: BoundSocket;
}

/**
 * The sockets of the snapshot's listeners: bound when they appear, closed when they go. Each is also held here, so that
 * what waits in its queue outlives the worker that accepts on it.
 */
export class Listeners {
  readonly #workers: number;
  #entries: ReadonlyMap<ListenerId, Entry> = new Map();
  #accepting: ReadonlySet<ListenerId> = new Set();
  readonly #failed = new Set<ListenerId>();
  #nextNumber = 1;

  /** @param workers  how many will accept */
  constructor(workers: number) {
    this.#workers = workers;
  }

  get sockets(): readonly ListenerSocket[] {
    return [...this.#entries.values()].flatMap(({ sockets }) => sockets);
  }

  get bound(): readonly BoundListener[] {
    return [...this.#entries].map(([id, { first }]) => ({ id, address: first.address, port: first.port }));
  }

  /** Whether a data worker accepts on every one of these. */
  allAccept(wanted: Iterable<ListenerId>): boolean {
    return [...wanted].every((id) => this.#accepting.has(id));
  }

  /** @returns a socket of it when this is the first worker that accepts there */
  accepts(id: ListenerId): BoundSocket | undefined {
    if (this.#accepting.has(id)) return undefined;
    this.#accepting = new Set([...this.#accepting, id]);
    return this.#entries.get(id)?.first;
  }

  /**
   * Makes the sockets those that are wanted. One that cannot be bound does not disturb the others, and leaves in place
   * what it should replace. Those that go are closed here first: the last to close are the workers, who accept what
   * waits before they do.
   * @returns why, for each that newly cannot
   */
  set(wanted: ReadonlyMap<ListenerId, Listener>): readonly OperatorError[] {
    const errors: OperatorError[] = [];
    const entries = new Map<ListenerId, Entry>();
    for (const listener of wanted.values()) {
      const before = this.#entries.get(listener.id);
      const entry = before !== undefined && isSame(before.listener, listener) ? before : this.#bind(listener, errors);
      const used = entry ?? before;
      if (used !== undefined) entries.set(listener.id, used);
    }
    const changed = [...this.#entries].filter(([id, entry]) => entries.get(id) !== entry);
    for (const [, entry] of changed) closeAll(entry);
    const gone = new Set(changed.map(([id]) => id));
    this.#entries = entries;
    this.#accepting = new Set([...this.#accepting].filter((id) => !gone.has(id)));
    return errors;
  }

  close(): void {
    for (const entry of this.#entries.values()) closeAll(entry);
    this.#entries = new Map();
    this.#accepting = new Set();
  }

  #bind(listener: Listener, errors: OperatorError[]): Entry | undefined {
    const { address, id, port } = listener;
    try {
      const request = { address, port, what: `The ${id.toUpperCase()} listener`, flag: `${id}-port` };
      const group = bindSockets(request, this.#workers);
      this.#failed.delete(id);
      const [first] = group;
      return first && { listener, first, sockets: group.map((bound, at) => this.#named(id, bound, at, group.length)) };
    } catch (error) {
      if (!(error instanceof OperatorError)) throw error;
      // Tried again with every update, said once.
      if (!this.#failed.has(id)) errors.push(error);
      this.#failed.add(id);
      return undefined;
    }
  }

  #named(id: ListenerId, bound: BoundSocket, at: number, count: number): ListenerSocket {
    const number = this.#nextNumber;
    this.#nextNumber += 1;
    return { id, number, owner: count === 1 ? undefined : at, bound };
  }
}

function isSame(a: Listener, b: Listener): boolean {
  return a.address === b.address && a.port === b.port;
}

function closeAll({ sockets }: Entry): void {
  for (const { bound } of sockets) bound.close();
}
