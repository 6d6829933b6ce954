import type { AgentOptions } from 'node:http';
import { Agent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { Socket } from 'node:net';

import type { ProxyOptions } from '../../../model/proxy-options.ts';
import type { EndpointState } from '../../upstreams/endpoint-state.ts';

type PoolOptions = Pick<ProxyOptions, 'upstreamKeepAliveConnections' | 'upstreamKeepAliveMs'>;

/** Node's longest timer: stands for "no limit of the agent's own". */
const noLimitMs = 0x7fff_ffff;

/** Idle connections to one endpoint. `leaving`: none is kept any more. */
interface Pool {
  idleMs: number;
  http: Agent | undefined;
  https: HttpsAgent | undefined;
  leaving: boolean;
}

/**
 * Kept connections, one pool for each endpoint of each upstream: no two routes share one by accident (threats 7, item
 * 10). Most recently used first, so that what is not needed goes idle.
 */
export class UpstreamAgents {
  readonly #pools = new Map<EndpointState, Pool>();
  #options: PoolOptions;

  constructor(options: PoolOptions) {
    this.#options = options;
  }

  update(options: PoolOptions): void {
    this.#options = options;
    for (const pool of this.#pools.values()) {
      pool.idleMs = options.upstreamKeepAliveMs;
      for (const agent of agentsOf(pool)) agent.maxFreeSockets = options.upstreamKeepAliveConnections;
    }
  }

  agentFor(endpoint: EndpointState, protocol: 'http' | 'https'): Agent {
    const pool = this.#poolOf(endpoint);
    if (protocol === 'https') return (pool.https ??= new KeepingHttpsAgent(this.#agentOptions(), pool));
    return (pool.http ??= new KeepingAgent(this.#agentOptions(), pool));
  }

  /** The endpoint is gone or drains: idle connections to it would be reset soon (drain.md section 5). */
  leave(endpoint: EndpointState): void {
    const pool = this.#pools.get(endpoint);
    if (pool === undefined) return;
    pool.leaving = true;
    for (const agent of agentsOf(pool)) closeIdle(agent);
    // A draining endpoint may still be asked; connections to it are then closed after each answer.
    if (endpoint.endpoint.state !== 'draining') this.#pools.delete(endpoint);
  }

  /** Connections that are kept or in use now. */
  counts(): { readonly idle: number; readonly busy: number } {
    let idle = 0;
    let busy = 0;
    for (const pool of this.#pools.values()) {
      for (const agent of agentsOf(pool)) {
        idle += countSockets(agent.freeSockets);
        busy += countSockets(agent.sockets);
      }
    }
    return { idle, busy };
  }

  destroy(): void {
    for (const pool of this.#pools.values()) for (const agent of agentsOf(pool)) agent.destroy();
  }

  #poolOf(endpoint: EndpointState): Pool {
    let pool = this.#pools.get(endpoint);
    if (pool === undefined) {
      pool = { idleMs: this.#options.upstreamKeepAliveMs, http: undefined, https: undefined, leaving: false };
      this.#pools.set(endpoint, pool);
    }
    // It was draining and is ready again.
    if (pool.leaving && endpoint.endpoint.state === 'ready') pool.leaving = false;
    return pool;
  }

  #agentOptions(): AgentOptions {
    return {
      keepAlive: true,
      maxFreeSockets: this.#options.upstreamKeepAliveConnections,
      // The agent then sets a socket's timeout to what the peer's `Keep-Alive: timeout` says, or leaves it at this.
      timeout: noLimitMs,
      scheduling: 'lifo',
      // The rule for the peer's hint is ours: `keepFor`.
      agentKeepAliveTimeoutBuffer: 0,
    };
  }
}

class KeepingAgent extends Agent {
  readonly #pool: Pool;

  constructor(options: AgentOptions, pool: Pool) {
    super(options);
    this.#pool = pool;
  }

  override keepSocketAlive(socket: Socket): boolean {
    // Types say void; the answer of the base class decides whether the connection is kept.
    const kept: unknown = super.keepSocketAlive(socket);
    return kept !== false && keepFor(socket, this.#pool);
  }
}

class KeepingHttpsAgent extends HttpsAgent {
  readonly #pool: Pool;

  constructor(options: AgentOptions, pool: Pool) {
    super(options);
    this.#pool = pool;
  }

  override keepSocketAlive(socket: Socket): boolean {
    const kept: unknown = super.keepSocketAlive(socket);
    return kept !== false && keepFor(socket, this.#pool);
  }
}

/**
 * Goes idle for less time than the peer says it waits, so that we never send into a connection that it closes: 4 s less
 * when it says much, half when it says little (drain.md section 5, rule 7).
 */
function keepFor(socket: Socket, pool: Pool): boolean {
  if (pool.leaving) return false;
  const hintMs = socket.timeout ?? noLimitMs;
  const safeMs = hintMs > 8_000 ? hintMs - 4_000 : hintMs / 2;
  socket.setTimeout(Math.min(pool.idleMs, safeMs));
  return true;
}

function agentsOf(pool: Pool): Agent[] {
  return [pool.http, pool.https].filter((agent) => agent !== undefined);
}

function closeIdle(agent: Agent): void {
  for (const sockets of Object.values(agent.freeSockets)) for (const socket of sockets ?? []) socket.destroy();
}

function countSockets(byName: NodeJS.ReadOnlyDict<Socket[]>): number {
  return Object.values(byName).reduce((sum, sockets) => sum + (sockets?.length ?? 0), 0);
}
