import type { ByteSocket } from '../../../lib/byte-socket.ts';
import type { CoarseTimers } from '../../../lib/coarse-timers.ts';
import type { EndpointState } from '../../upstreams/endpoint-state.ts';
import type { DialOwner, UpstreamHome, UpstreamListener } from './upstream-connection.ts';
import { UpstreamConnection } from './upstream-connection.ts';

export interface PoolOptions {
  readonly upstreamKeepAliveConnections: number;
  readonly upstreamKeepAliveMs: number;
}

export type UpstreamScheme = 'http' | 'https';

/** Opens a socket to an endpoint; its owner hears what became of it, not before the call is over. */
export type Dial = (endpoint: EndpointState, scheme: UpstreamScheme, owner: DialOwner) => ByteSocket;

/**
 * Kept connections, one pool for each endpoint of each upstream: no two routes share one by accident (threats 7, item
 * 10). The last one that was used is used first, so that what is not needed goes idle.
 */
export class UpstreamPools {
  readonly #pools = new Map<EndpointState, EndpointPool>();
  readonly #timers: CoarseTimers;
  readonly #dial: Dial;
  #options: PoolOptions;

  constructor(timers: CoarseTimers, dial: Dial, options: PoolOptions) {
    this.#timers = timers;
    this.#dial = dial;
    this.#options = options;
  }

  update(options: PoolOptions): void {
    this.#options = options;
    for (const pool of this.#pools.values()) pool.options = options;
  }

  /** A kept connection; undefined when there is none. */
  take(endpoint: EndpointState, scheme: UpstreamScheme, listener: UpstreamListener): UpstreamConnection | undefined {
    return this.#pools.get(endpoint)?.take(scheme, listener);
  }

  /** A new connection, which says `onConnect` or `onFailure` later. */
  open(endpoint: EndpointState, scheme: UpstreamScheme, listener: UpstreamListener): UpstreamConnection {
    let pool = this.#pools.get(endpoint);
    if (pool === undefined) {
      pool = new EndpointPool(endpoint, this.#timers, this.#options, () => void this.#pools.delete(endpoint));
      this.#pools.set(endpoint, pool);
    }
    return pool.open((owner) => this.#dial(endpoint, scheme, owner), scheme, listener);
  }

  /** The endpoint is gone or drains: idle connections to it would be reset soon (drain.md section 5). */
  leave(endpoint: EndpointState): void {
    this.#pools.get(endpoint)?.leave();
  }

  /** The endpoint is left out for a while: what is idle there is most likely broken. */
  closeIdle(endpoint: EndpointState): void {
    this.#pools.get(endpoint)?.closeIdle();
  }

  destroy(): void {
    for (const pool of this.#pools.values()) pool.closeAll();
    this.#pools.clear();
  }
}

class EndpointPool {
  options: PoolOptions;
  readonly #endpoint: EndpointState;
  readonly #timers: CoarseTimers;
  readonly #onEmpty: () => void;
  /** Idle ones by scheme; the last used stands last. */
  readonly #idle: Readonly<Record<UpstreamScheme, UpstreamConnection[]>> = { http: [], https: [] };
  readonly #open = new Set<UpstreamConnection>();
  /** The endpoint is in no upstream any more. */
  #gone = false;

  constructor(endpoint: EndpointState, timers: CoarseTimers, options: PoolOptions, onEmpty: () => void) {
    this.#endpoint = endpoint;
    this.#timers = timers;
    this.options = options;
    this.#onEmpty = onEmpty;
  }

  take(scheme: UpstreamScheme, listener: UpstreamListener): UpstreamConnection | undefined {
    const idle = this.#idle[scheme];
    for (;;) {
      const connection = idle.pop();
      if (connection === undefined) return undefined;
      if (!connection.idle || connection.socket.readableEnded || connection.socket.destroyed) continue;
      connection.take(listener);
      return connection;
    }
  }

  open(dial: (owner: DialOwner) => ByteSocket, scheme: UpstreamScheme, listener: UpstreamListener): UpstreamConnection {
    const home: UpstreamHome = {
      timers: this.#timers,
      keep: (one, hintMs) => this.#keep(one, scheme, hintMs),
      onClosed: (one) => this.#onClosed(one, scheme),
    };
    const connection = new UpstreamConnection(dial, home, listener);
    this.#open.add(connection);
    return connection;
  }

  leave(): void {
    this.#gone = this.#endpoint.endpoint.state !== 'draining';
    this.closeIdle();
  }

  closeIdle(): void {
    for (const list of [this.#idle.http, this.#idle.https]) for (const one of list.splice(0)) one.close();
  }

  closeAll(): void {
    for (const one of this.#open) one.close();
  }

  /**
   * Goes idle for less time than the peer says it waits, so that we never send into a connection that it closes: 4 s
   * less when it says much, half when it says little (drain.md section 5, rule 7).
   */
  #keep(connection: UpstreamConnection, scheme: UpstreamScheme, hintMs: number): boolean {
    const idle = this.#idle[scheme];
    // A draining endpoint may still be asked; connections to it are then closed after each answer. So may an ejected one.
    if (this.#gone || this.#endpoint.endpoint.state === 'draining' || this.#endpoint.ejection.isOut) return false;
    if (idle.length >= this.options.upstreamKeepAliveConnections) return false;
    const safeMs = hintMs === -1 ? Number.POSITIVE_INFINITY : hintMs > 8_000 ? hintMs - 4_000 : hintMs / 2;
    connection.deadline.set(Math.min(this.options.upstreamKeepAliveMs, safeMs));
    idle.push(connection);
    return true;
  }

  #onClosed(connection: UpstreamConnection, scheme: UpstreamScheme): void {
    this.#open.delete(connection);
    const idle = this.#idle[scheme];
    const at = idle.indexOf(connection);
    if (at !== -1) idle.splice(at, 1);
    if (this.#open.size === 0) this.#onEmpty();
  }
}
