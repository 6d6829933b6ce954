import { CoarseTimers } from '../../lib/coarse-timers.ts';
import type { ListenerId } from '../../model/ids.ts';
import type { UnhealthyEndpoints } from '../../model/messages.ts';
import type { SnapshotUpdate } from '../../model/update.ts';
import type { OnConnection } from '../listeners/accepted-connection.ts';
import { ListenerSet } from '../listeners/listener-set.ts';
import { TlsTermination } from '../listeners/tls.ts';
import type { Runtime } from '../runtime/runtime.ts';
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
  readonly #tls: TlsTermination;
  readonly #listeners: ListenerSet;
  readonly #server: HttpServer;
  #tunnels = 0;
  #requests = 0;

  constructor(parts: EngineParts) {
    const { log, runtime, ticketKeys } = parts;
    const { clock, random } = runtime.parts;
    this.#runtime = runtime;
    this.#connections = new ClientConnections(clock, random);
    this.#agents = new UpstreamAgents(runtime.snapshot.options);
    runtime.onLeave((endpoint) => this.#agents.leave(endpoint));
    const onTunnel = (difference: number): void => void (this.#tunnels += difference);
    this.#server = new HttpServer({
      runtime,
      connections: this.#connections,
      transport: { agents: this.#agents, clock, timers: new CoarseTimers(clock.now), onTunnel },
      onRequest: () => void (this.#requests += 1),
    });
    this.#server.keepAliveMs = runtime.snapshot.options.keepAliveMs;
    const onConnection: OnConnection = (accepted) => this.#server.accept(accepted);
    this.#tls = new TlsTermination(
      {
        certificateFor: (serverName) => runtime.certificateFor(serverName),
        ticketKeys,
        onBadCertificate: ({ source }, error) =>
          log.error({ event: 'certificate-refused', source, error }, `The certificate of ${source} cannot be used`),
      },
      onConnection,
    );
    this.#listeners = new ListenerSet({
      tls: this.#tls,
      onConnection,
      onError: (port, error) => log.error({ event: 'listener-error', port, error }, `Listening on port ${port} failed`),
    });
  }

  apply(update: SnapshotUpdate): void {
    this.#runtime.apply(update);
    const { options } = this.#runtime.snapshot;
    this.#tls.update(options);
    if (update.options === undefined) return;
    this.#server.keepAliveMs = options.keepAliveMs;
    this.#agents.update(options);
  }

  health(unhealthy: UnhealthyEndpoints): void {
    this.#runtime.health(unhealthy);
  }

  listen(id: ListenerId, port: number, handle: SocketHandle): void {
    const protocol = this.#runtime.snapshot.listeners.get(id)?.protocol ?? (id === 'https' ? 'https' : 'http');
    this.#listeners.listen(protocol, port, handle);
  }

  lameduck(durationMs: number): void {
    this.#connections.lameduck(durationMs);
  }

  async drain(deadlineMs: number): Promise<number> {
    await this.#listeners.stopAccepting();
    const cut = await this.#connections.drain(deadlineMs);
    this.#server.close();
    return cut;
  }

  report(): void {
    const { counters } = this.#runtime.parts;
    const { active, reading, writing, waiting } = this.#connections.counts();
    const states = { active, reading, writing, waiting };
    for (const [state, count] of Object.entries(states)) {
      counters.series('nginx_ingress_controller_nginx_process_connections', [state]).set(count);
    }
    for (const state of ['accepted', 'handled']) {
      counters
        .series('nginx_ingress_controller_nginx_process_connections_total', [state])
        .set(this.#connections.accepted);
    }
    counters.series('nginx_ingress_controller_nginx_process_requests_total', []).set(this.#requests);
    counters.series('fairway_upgrades_open', []).set(this.#tunnels);
  }
}
