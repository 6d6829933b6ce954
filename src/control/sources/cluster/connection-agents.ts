import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';

import type { TlsMaterial } from './cluster-access.ts';

/** Agents for one set of TLS material: short requests share up to 32 connections, each watch has one of its own. */
export interface AgentPair {
  readonly page: HttpAgent;
  readonly stream: HttpAgent;
}

const idleMs = 30_000;

/**
 * Kept connections to one API server. New TLS material (a rotated certificate authority) gives new agents; watches on
 * the old ones run out.
 */
export class ConnectionAgents {
  readonly #secure: boolean;
  #material: TlsMaterial | undefined;
  #pair: AgentPair | undefined;
  readonly #retired: AgentPair[] = [];

  constructor(secure: boolean) {
    this.#secure = secure;
  }

  of(material: TlsMaterial): AgentPair {
    if (this.#pair !== undefined && this.#material === material) return this.#pair;
    if (this.#pair !== undefined) this.#retire(this.#pair);
    this.#material = material;
    this.#pair = { page: this.#agent(material, 32), stream: this.#agent(material, Infinity) };
    return this.#pair;
  }

  close(): void {
    for (const pair of [...this.#retired, ...(this.#pair === undefined ? [] : [this.#pair])]) {
      pair.page.destroy();
      pair.stream.destroy();
    }
    this.#retired.length = 0;
    this.#pair = undefined;
  }

  #agent(material: TlsMaterial, maxSockets: number): HttpAgent {
    // `timeout` closes idle connections before the server does; on those in use it only announces.
    const options = { keepAlive: true, maxSockets, timeout: idleMs };
    return this.#secure ? new HttpsAgent({ ...options, ...material }) : new HttpAgent(options);
  }

  /** Closes what is idle; what is in use ends by itself. Only the last two are kept for `close`. */
  #retire(pair: AgentPair): void {
    for (const agent of [pair.page, pair.stream]) {
      for (const sockets of Object.values(agent.freeSockets)) for (const socket of sockets ?? []) socket.destroy();
    }
    this.#retired.push(pair);
    if (this.#retired.length > 2) this.#retired.shift();
  }
}
