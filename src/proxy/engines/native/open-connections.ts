import type { Clock } from '../../../lib/clock.ts';
import type { Random } from '../../../lib/random.ts';
import type { ClientConnection } from '../../protocols/http1/client-connection.ts';

/** Connections by what they do, as nginx counts them. */
export interface ConnectionCounts {
  readonly active: number;
  readonly reading: number;
  readonly writing: number;
  readonly waiting: number;
}

/** Idle connections are closed one by one over this time when a drain begins: a request may be on its way. */
const idleCloseMs = 5_000;
const closeEveryMs = 50;
/** From this share of the limit on each connection that comes makes room (threats R-53). */
const crowdedShare = 0.85;
/** Who has been waiting for another request for less time is still at work. */
const idleEnoughMs = 1_000;
/** So many connections are looked at to find those. */
const looksAt = 64;

/**
 * Every open client connection: how many, whether they stay open, and how they end. They are linked with each other, in the
 * order in which they came: a `Set` that changes with every connection holds dead ones until the next full garbage
 * collection, and all that was promoted with them (Node 26.10: 1.1 KB and 2 µs for each connection).
 */
export class OpenConnections {
  #newest: ClientConnection | undefined = undefined;
  #oldest: ClientConnection | undefined = undefined;
  #size = 0;
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

  add(connection: ClientConnection): void {
    this.accepted += 1;
    this.#size += 1;
    connection.older = this.#newest;
    if (this.#newest === undefined) this.#oldest = connection;
    else this.#newest.newer = connection;
    this.#newest = connection;
  }

  /** Once for each. */
  remove(connection: ClientConnection): void {
    const { newer, older } = connection;
    if (newer === undefined) this.#newest = older;
    else newer.older = older;
    if (older === undefined) this.#oldest = newer;
    else older.newer = newer;
    connection.newer = undefined;
    connection.older = undefined;
    this.#size -= 1;
    if (this.#size === 0) this.#onEmpty?.();
  }

  /**
   * Closes the oldest connections that only wait for another request when there are nearly as many as there may be, so that
   * clients that have something to ask find room. Two for one, so that it gets better. Source: nginx, ngx_drain_connections.
   * @param limit  of connections
   */
  makeRoom(limit: number): void {
    if (this.#size < limit * crowdedShare) return;
    let closed = 0;
    let one = this.#oldest;
    for (let looks = 0; looks < looksAt && closed < 2 && one !== undefined; looks += 1) {
      const { newer }: ClientConnection = one;
      if (one.idleMs >= idleEnoughMs) {
        one.closeGently();
        closed += 1;
      }
      one = newer;
    }
  }

  counts(): ConnectionCounts {
    let reading = 0;
    let waiting = 0;
    for (const { phase } of this.#newestFirst()) {
      if (phase === 'first' || phase === 'head') reading += 1;
      if (phase === 'idle') waiting += 1;
    }
    return { active: this.#size, reading, writing: this.#size - reading - waiting, waiting };
  }

  /** A growing share of answers closes its connection, so that clients come back one by one (drain.md section 4). */
  lameduck(durationMs: number): void {
    if (this.#state === 'draining') return;
    this.#state = 'lameduck';
    this.#lameduckAt = this.#clock.now();
    this.#lameduckMs = durationMs;
  }

  /** Whether an answer that begins now must be the last one on its connection. */
  readonly closesNow = (): boolean => {
    if (this.#state === 'serving') return false;
    if (this.#state === 'draining' || this.#lameduckMs <= 0) return true;
    return this.#random() < (this.#clock.now() - this.#lameduckAt) / this.#lameduckMs;
  };

  /** Resolves with the number of connections that had to be cut at the deadline. */
  async drain(deadlineMs: number): Promise<number> {
    this.#state = 'draining';
    if (this.#size === 0) return 0;
    const closing = this.#closeIdle(Math.min(idleCloseMs, deadlineMs / 2));
    let deadline: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.#onEmpty = resolve;
      deadline = setTimeout(resolve, deadlineMs);
    });
    clearTimeout(deadline);
    clearInterval(closing);
    const cut = this.#size;
    for (const connection of this.#newestFirst()) connection.socket.destroy();
    return cut;
  }

  /** As they are now: whoever gets them may close them. */
  #newestFirst(): ClientConnection[] {
    const all: ClientConnection[] = [];
    for (let one = this.#newest; one !== undefined; one = one.older) all.push(one);
    return all;
  }

  /** One after the other, those that were opened last first: their clients are the likeliest to send again soon. */
  #closeIdle(overMs: number): NodeJS.Timeout {
    const count = this.#newestFirst().filter((connection) => connection.idle).length;
    const perTick = Math.max(1, Math.ceil(count / Math.max(1, Math.floor(overMs / closeEveryMs))));
    return setInterval(() => {
      let left = perTick;
      for (const connection of this.#newestFirst()) {
        if (left === 0) return;
        if (!connection.idle) continue;
        left -= 1;
        connection.closeGently();
      }
    }, closeEveryMs);
  }
}
