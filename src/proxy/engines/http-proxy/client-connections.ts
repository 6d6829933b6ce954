import type { Socket } from 'node:net';

import type { Clock } from '../../../lib/clock.ts';
import type { Random } from '../../../lib/random.ts';
import type { AcceptedConnection } from '../../listeners/accepted-connection.ts';
import { clientLimits } from '../../protocols/http1/client-limits.ts';

/** One open client connection. */
export interface ClientConnection extends AcceptedConnection {
  /** Requests that have begun on it. */
  requests: number;
  /** Exchanges in flight, a tunnel included. */
  inFlight: number;
  /** Its last request asked to leave HTTP: it carries no further request. */
  upgraded: boolean;
  /** Whether bytes of the current request are still to come. */
  hasUnread: () => boolean;
}

/** Connections by what they do, as nginx counts them. */
export interface ConnectionCounts {
  readonly active: number;
  readonly reading: number;
  readonly writing: number;
  readonly waiting: number;
}

/** Idle connections are closed one by one over this time when a drain begins: a request may be on its way. */
const idleCloseMs = 5_000;

/** Every open client connection: how many, whether they stay open, and how they end. */
export class ClientConnections {
  readonly #open = new Set<ClientConnection>();
  readonly #clock: Clock;
  readonly #random: Random;
  #lameduckAt = 0;
  #lameduckMs = 0;
  #state: 'serving' | 'lameduck' | 'draining' = 'serving';
  #onEmpty: (() => void) | undefined = undefined;
  /** Connections since the start. */
  accepted = 0;

  constructor(clock: Clock, random: Random) {
    this.#clock = clock;
    this.#random = random;
  }

  get size(): number {
    return this.#open.size;
  }

  add(accepted: AcceptedConnection): ClientConnection {
    const connection: ClientConnection = {
      ...accepted,
      requests: 0,
      inFlight: 0,
      upgraded: false,
      hasUnread: () => false,
    };
    this.accepted += 1;
    this.#open.add(connection);
    lingerOnUnread(connection);
    connection.socket.once('close', () => {
      this.#open.delete(connection);
      if (this.#open.size === 0) this.#onEmpty?.();
    });
    return connection;
  }

  counts(): ConnectionCounts {
    let reading = 0;
    let writing = 0;
    for (const connection of this.#open) {
      if (connection.inFlight > 0) writing += 1;
      else if (connection.requests === 0) reading += 1;
    }
    return { active: this.#open.size, reading, writing, waiting: this.#open.size - reading - writing };
  }

  /** A growing share of answers closes its connection, so that clients come back one by one (drain.md section 4). */
  lameduck(durationMs: number): void {
    if (this.#state === 'draining') return;
    this.#state = 'lameduck';
    this.#lameduckAt = this.#clock.now();
    this.#lameduckMs = durationMs;
  }

  /** Whether an answer that begins now must be the last one on its connection. */
  closesNow(): boolean {
    if (this.#state === 'serving') return false;
    if (this.#state === 'draining' || this.#lameduckMs <= 0) return true;
    return this.#random() < (this.#clock.now() - this.#lameduckAt) / this.#lameduckMs;
  }

  /** Resolves with the number of connections that had to be cut at the deadline. */
  async drain(deadlineMs: number): Promise<number> {
    this.#state = 'draining';
    if (this.#open.size === 0) return 0;
    const closing = this.#closeIdle(Math.min(idleCloseMs, deadlineMs / 2));
    const emptied = new Promise<void>((resolve) => {
      this.#onEmpty = resolve;
    });
    let deadline: NodeJS.Timeout | undefined;
    await Promise.race([
      emptied,
      new Promise((resolve) => {
        deadline = setTimeout(resolve, deadlineMs);
      }),
    ]);
    clearTimeout(deadline);
    clearInterval(closing);
    const cut = this.#open.size;
    for (const connection of this.#open) connection.socket.destroy();
    return cut;
  }

  /** One after the other, those that were used last first: their clients are the likeliest to send again soon. */
  #closeIdle(overMs: number): NodeJS.Timeout {
    const count = [...this.#open].filter((connection) => connection.inFlight === 0).length;
    const ticks = Math.max(1, Math.floor(overMs / 50));
    const perTick = Math.max(1, Math.ceil(count / ticks));
    return setInterval(() => {
      let left = perTick;
      for (const connection of [...this.#open].toReversed()) {
        if (left === 0) return;
        if (connection.inFlight > 0 || connection.socket.writableEnded) continue;
        left -= 1;
        endGently(connection);
      }
    }, 50);
  }
}

/**
 * Says that nothing more will come, and reads on for a while: closing a socket with unread bytes makes the kernel send a
 * reset, which destroys the answer on its way. As long and as much as in the native engine (faults F-68).
 */
export function endGently(connection: AcceptedConnection): void {
  const { socket } = connection;
  if (socket.destroyed) return;
  socket.end();
  socket.resume();
  const readBefore = socket.bytesRead;
  const startedAt = performance.now();
  const timer = setInterval(() => {
    const tooMuch = socket.bytesRead - readBefore > clientLimits.lingerBytes;
    if (tooMuch || performance.now() - startedAt > clientLimits.lingerMs) socket.destroy();
  }, 250);
  socket.once('end', () => destroyWhenWritten(socket));
  socket.once('close', () => clearInterval(timer));
}

/** node:http calls `destroySoon` after the last answer of a connection, whether or not the client has sent all it has. */
function lingerOnUnread(connection: ClientConnection): void {
  const { socket } = connection;
  socket.destroySoon = () => {
    if (connection.hasUnread()) return endGently(connection);
    socket.end();
    return destroyWhenWritten(socket);
  };
}

function destroyWhenWritten(socket: Socket): void {
  if (socket.writableFinished) socket.destroy();
  else socket.once('finish', () => socket.destroy());
}
