import { CoarseTimers } from '../../lib/coarse-timers.ts';
import type { ListenerId } from '../../model/ids.ts';
import type { UnhealthyEndpoints } from '../../model/messages.ts';
import type { SnapshotUpdate } from '../../model/update.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { reportConnections } from './connection-report.ts';
import { EngineListeners } from './engine-listeners.ts';
import type { Engine, EngineParts, SocketHandle } from './engine.ts';
import { ClientConnections } from './http-proxy/client-connections.ts';
import { HttpServer } from './http-proxy/http-server.ts';
import { UpstreamAgents } from './http-proxy/upstream-agents.ts';

/**
 * The reference engine: node:http and http-proxy behind the same routing, filters and balancing as every other. An oracle
 * for features, not for strictness or speed (threats section 8).
 */
export class HttpProxyEngine implements Engine {
  readonly name = 'http-proxy';
  readonly #runtime: Runtime;
  readonly #connections: ClientConnections;
  readonly #agents: UpstreamAgents;
  readonly #listeners: EngineListeners;
  readonly #server: HttpServer;
  #tunnels = 0;
  #requests = 0;

  constructor(parts: EngineParts) {
    const { runtime } = parts;
    const { clock, random } = runtime.parts;
    this.#runtime = runtime;
    this.#connections = new ClientConnections(clock, random);
    this.#agents = new UpstreamAgents(runtime.snapshot.options);
    runtime.onLeave((endpoint) => this.#agents.leave(endpoint));
    runtime.onEject((endpoint) => this.#agents.leave(endpoint));
    const onTunnel = (difference: number): void => void (this.#tunnels += difference);
    this.#server = new HttpServer({
      runtime,
      connections: this.#connections,
      transport: { agents: this.#agents, clock, timers: new CoarseTimers(clock.now), onTunnel },
      onRequest: () => void (this.#requests += 1),
    });
    this.#server.keepAliveMs = runtime.snapshot.options.keepAliveMs;
    this.#listeners = new EngineListeners(parts, (accepted) => this.#server.accept(accepted));
  }

  apply(update: SnapshotUpdate): void {
    this.#runtime.apply(update);
    this.#listeners.update();
    if (update.options === undefined) return;
    const { options } = this.#runtime.snapshot;
    this.#server.keepAliveMs = options.keepAliveMs;
    this.#agents.update(options);
  }

  health(unhealthy: UnhealthyEndpoints): void {
    this.#runtime.health(unhealthy);
  }

  listen(id: ListenerId, port: number, handle: SocketHandle): () => void {
    return this.#listeners.listen(id, port, handle);
  }

  lameduck(durationMs: number): void {
    this.#connections.lameduck(durationMs);
  }

  async drain(deadlineMs: number): Promise<number> {
    this.#runtime.drain(deadlineMs);
    await this.#listeners.stopAccepting();
    const cut = await this.#connections.drain(deadlineMs);
    this.#server.close();
    return cut;
  }

  report(): void {
    reportConnections(this.#runtime.parts.counters, {
      connections: this.#connections.counts(),
      handled: this.#connections.accepted,
      refused: this.#listeners.refused,
      requests: this.#requests,
      tunnels: this.#tunnels,
    });
  }
}
