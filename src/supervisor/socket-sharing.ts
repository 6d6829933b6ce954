import type { ListenerId } from '../model/ids.ts';
import type { ToWorker } from '../model/messages.ts';
import type { BoundSocket, SocketHandle } from './sockets.ts';

/** One of the sockets of a listener. */
export interface ListenerSocket {
  readonly id: ListenerId;
  /** Names it in messages; never used for another socket. */
  readonly number: number;
  /** Index of the worker that it is for; undefined: all workers share it. */
  readonly owner: number | undefined;
  readonly bound: BoundSocket;
}

/**
 * A data worker as far as sockets go. `absent`: not there, or without a snapshot to serve. `silent`: may hang.
 * `leaving`: accepts no longer and ends.
 */
type Presence = 'absent' | 'present' | 'silent' | 'leaving';

interface Acceptor {
  readonly index: number;
  presence: Presence;
  /** What was sent to the process and not taken back. */
  readonly passed: Set<ListenerSocket>;
  /** Numbers of the sockets that it said it accepts on. */
  readonly accepting: Set<number>;
}

export interface SocketSharingParts {
  readonly workers: number;
  readonly send: (index: number, message: ToWorker, handle?: SocketHandle) => void;
  /** A worker accepts for another one from now on. */
  readonly onStandIn: (socket: ListenerSocket, index: number) => void;
}

/**
 * Decides which worker accepts on which socket, and tells them. Each has its own; whose worker does not accept is also
 * given to a stand-in until its own accepts again, so that nobody waits in its queue (faults F-01, F-03). A socket is
 * never taken from its own worker: a process that hangs could not be told.
 */
export class SocketSharing {
  readonly #parts: SocketSharingParts;
  readonly #workers: readonly Acceptor[];
  #sockets: readonly ListenerSocket[] = [];
  /** Sockets that were listened on once: the kernel queues connections there whether or not anybody accepts. */
  readonly #opened = new Set<ListenerSocket>();
  #standIns: ReadonlyMap<ListenerSocket, Acceptor> = new Map();
  #stopped = false;

  constructor(parts: SocketSharingParts) {
    this.#parts = parts;
    this.#workers = Array.from({ length: parts.workers }, (_, index) => ({
      index,
      presence: 'absent',
      passed: new Set(),
      accepting: new Set(),
    }));
  }

  /** Sockets that are not among these any more are closed by the workers. */
  set(sockets: readonly ListenerSocket[]): void {
    this.#sockets = sockets;
    for (const socket of this.#opened) if (!sockets.includes(socket)) this.#opened.delete(socket);
    this.#share();
  }

  /** The process serves a snapshot, so that it may accept. */
  serves(index: number): void {
    this.#move(index, 'absent', 'present');
  }

  silent(index: number): void {
    this.#move(index, 'present', 'silent');
  }

  speaks(index: number): void {
    this.#move(index, 'silent', 'present');
  }

  leaves(index: number): void {
    this.#change(index, 'leaving');
  }

  gone(index: number): void {
    const worker = this.#workers[index];
    worker?.passed.clear();
    worker?.accepting.clear();
    this.#change(index, 'absent');
  }

  accepts(index: number, socket: number): void {
    const found = this.#sockets.find(({ number }) => number === socket);
    if (found === undefined) return;
    this.#workers[index]?.accepting.add(socket);
    this.#opened.add(found);
    this.#share();
  }

  /** Whether the worker accepts on all that is its own. */
  isServing(index: number): boolean {
    const accepting = this.#workers[index]?.accepting;
    return this.#sockets.every(({ number, owner }) => (owner ?? index) !== index || accepting?.has(number) === true);
  }

  /** From now on nothing is passed on: all workers close what they have. */
  stop(): void {
    this.#stopped = true;
  }

  #move(index: number, from: Presence, to: Presence): void {
    if (this.#workers[index]?.presence === from) this.#change(index, to);
  }

  #change(index: number, presence: Presence): void {
    const worker = this.#workers[index];
    if (worker === undefined) return;
    worker.presence = presence;
    this.#share();
  }

  #share(): void {
    if (this.#stopped) return;
    this.#standIns = this.#chooseStandIns();
    for (const worker of this.#workers) {
      if (worker.presence === 'present' || worker.presence === 'silent') this.#pass(worker);
    }
  }

  #chooseStandIns(): ReadonlyMap<ListenerSocket, Acceptor> {
    const chosen = new Map<ListenerSocket, Acceptor>();
    for (const socket of this.#sockets) {
      if (socket.owner === undefined || !this.#opened.has(socket)) continue;
      const owner = this.#workers[socket.owner];
      if (owner?.presence === 'present' && owner.accepting.has(socket.number)) continue;
      const before = this.#standIns.get(socket);
      const standIn = before?.presence === 'present' ? before : (this.#leastBurdened(socket, chosen) ?? before);
      if (standIn === undefined) continue;
      chosen.set(socket, standIn);
      if (standIn !== before) this.#parts.onStandIn(socket, standIn.index);
    }
    return chosen;
  }

  /** The one that stands in for the fewest; of several the next after the socket's own worker. */
  #leastBurdened(socket: ListenerSocket, chosen: ReadonlyMap<ListenerSocket, Acceptor>): Acceptor | undefined {
    const present = this.#workers.filter(({ index, presence }) => presence === 'present' && index !== socket.owner);
    const { length } = this.#workers;
    const burden = (worker: Acceptor): number =>
      [...chosen].filter(([{ id }, other]) => other === worker && id === socket.id).length * length +
      ((worker.index - (socket.owner ?? 0) + length) % length);
    return present.toSorted((a, b) => burden(a) - burden(b))[0];
  }

  #pass(worker: Acceptor): void {
    const { send } = this.#parts;
    const { accepting, index, passed } = worker;
    const wanted = this.#sockets.filter((one) => (one.owner ?? index) === index || this.#standIns.get(one) === worker);
    for (const socket of wanted) {
      if (passed.has(socket)) continue;
      passed.add(socket);
      const { bound, id, number } = socket;
      send(index, { kind: 'listener', id, socket: number, port: bound.port }, bound.handle);
    }
    for (const socket of passed) {
      if (wanted.includes(socket)) continue;
      passed.delete(socket);
      accepting.delete(socket.number);
      send(index, { kind: 'close-listener', socket: socket.number });
    }
  }
}
