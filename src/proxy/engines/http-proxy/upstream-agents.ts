import type { AgentOptions } from 'node:http';
import { Agent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { Socket } from 'node:net';

import type { ProxyOptions } from '../../../model/proxy-options.ts';
import type { EndpointState } from '../../upstreams/endpoint-state.ts';

type PoolOptions = Pick<ProxyOptions, 'upstreamKeepAliveConnections' | 'upstreamKeepAliveMs'>;

/** Node's longest timer: stands for "no limit of the agent's own". */
const noLimitMs = 0x7fff_ffff;

/** Kept connections to one endpoint. `leaving`: none is kept any more. */
interface Pool {
  http: Agent | undefined;
  https: HttpsAgent | undefined;
  leaving: boolean;
  /** Longest idle time as the options say now. */
  readonly idleMs: () => number;
}

/**
 * Kept connections, one pool for each endpoint of each upstream: no two routes share one by accident (threats 7, item
 * 10). Most recently used first, so that what is not needed goes idle.
 */
export class UpstreamAgents {
  /** A pool lives as long as its endpoint. */
  readonly #pools = new WeakMap<EndpointState, Pool>();
  #options: PoolOptions;

  constructor(options: PoolOptions) {
    this.#options = options;
  }

  update(options: PoolOptions): void {
    this.#options = options;
  }

  agentFor(endpoint: EndpointState, protocol: 'http' | 'https'): Agent {
    const pool = this.#poolOf(endpoint);
    // A draining or ejected endpoint may still be asked; each connection to it closes after its answer.
    pool.leaving = endpoint.endpoint.state === 'draining' || endpoint.ejection.isOut;
    const agent = protocol === 'https' ? (pool.https ??= httpsAgent(pool)) : (pool.http ??= httpAgent(pool));
    agent.maxFreeSockets = this.#options.upstreamKeepAliveConnections;
    return agent;
  }

  /** The endpoint is gone, drains or is ejected: idle connections to it would be reset soon (drain.md section 5). */
  leave(endpoint: EndpointState): void {
    const pool = this.#pools.get(endpoint);
    if (pool === undefined) return;
    pool.leaving = true;
    for (const agent of [pool.http, pool.https]) if (agent !== undefined) closeIdle(agent);
  }

  #poolOf(endpoint: EndpointState): Pool {
    let pool = this.#pools.get(endpoint);
    if (pool === undefined) {
      const idleMs = (): number => this.#options.upstreamKeepAliveMs;
      pool = { http: undefined, https: undefined, leaving: false, idleMs };
      this.#pools.set(endpoint, pool);
    }
    return pool;
  }
}

const agentOptions: AgentOptions = {
  keepAlive: true,
  // The agent then sets a socket's timeout to what the peer's `Keep-Alive: timeout` says, or leaves it at this.
  timeout: noLimitMs,
  scheduling: 'lifo',
  // The rule for the peer's hint is ours: `keepFor`.
  agentKeepAliveTimeoutBuffer: 0,
};

function httpAgent(pool: Pool): Agent {
  return new KeepingAgent(agentOptions, pool);
}

function httpsAgent(pool: Pool): HttpsAgent {
  return new KeepingHttpsAgent(agentOptions, pool);
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
  socket.setTimeout(Math.min(pool.idleMs(), safeMs));
  return true;
}

function closeIdle(agent: Agent): void {
  for (const sockets of Object.values(agent.freeSockets)) for (const socket of sockets ?? []) socket.destroy();
}
