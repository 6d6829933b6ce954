import { OperatorError } from '../lib/operator-error.ts';
import type { ListenerId } from '../model/ids.ts';
import type { Listener } from '../model/listener.ts';
import type { BoundListener } from '../model/messages.ts';
import type { BoundSocket } from './sockets.ts';
import { bindSocket } from './sockets.ts';

/** The sockets of the snapshot's listeners: bound when they appear, closed when they go. */
export class Listeners {
  #sockets: ReadonlyMap<ListenerId, BoundSocket> = new Map();
  #accepting: ReadonlySet<ListenerId> = new Set();
  readonly #failed = new Set<ListenerId>();

  get sockets(): ReadonlyMap<ListenerId, BoundSocket> {
    return this.#sockets;
  }

  get bound(): readonly BoundListener[] {
    return [...this.#sockets].map(([id, { address, port }]) => ({ id, address, port }));
  }

  /** Whether a data worker accepts on every one of these. */
  allAccept(wanted: Iterable<ListenerId>): boolean {
    return [...wanted].every((id) => this.#accepting.has(id));
  }

  /** @returns the socket when this is the first worker that accepts on it */
  accepts(id: ListenerId): BoundSocket | undefined {
    if (this.#accepting.has(id)) return undefined;
    this.#accepting = new Set([...this.#accepting, id]);
    return this.#sockets.get(id);
  }

  /**
   * Makes the sockets those that are wanted. One that cannot be bound does not disturb the others.
   * @returns why, for each that newly cannot
   */
  set(wanted: ReadonlyMap<ListenerId, Listener>): readonly OperatorError[] {
    const errors: OperatorError[] = [];
    const sockets = new Map<ListenerId, BoundSocket>();
    for (const listener of wanted.values()) {
      const socket = this.#sockets.get(listener.id) ?? this.#bind(listener, errors);
      if (socket !== undefined) sockets.set(listener.id, socket);
    }
    for (const [id, socket] of this.#sockets) if (!sockets.has(id)) socket.close();
    this.#sockets = sockets;
    this.#accepting = new Set([...this.#accepting].filter((id) => sockets.has(id)));
    return errors;
  }

  close(): void {
    for (const socket of this.#sockets.values()) socket.close();
    this.#sockets = new Map();
    this.#accepting = new Set();
  }

  #bind({ address, id, port }: Listener, errors: OperatorError[]): BoundSocket | undefined {
    try {
      const socket = bindSocket({ address, port, what: `The ${id.toUpperCase()} listener`, flag: `${id}-port` });
      this.#failed.delete(id);
      return socket;
    } catch (error) {
      if (!(error instanceof OperatorError)) throw error;
      // Tried again with every update, said once.
      if (!this.#failed.has(id)) errors.push(error);
      this.#failed.add(id);
      return undefined;
    }
  }
}
