import { CoarseTimers } from '../../lib/coarse-timers.ts';
import { nodeHandles } from '../../lib/node-handles.ts';
import { StreamSocket } from '../../lib/stream-socket.ts';
import type { ListenerId } from '../../model/ids.ts';
import type { UnhealthyEndpoints } from '../../model/messages.ts';
import type { SnapshotUpdate } from '../../model/update.ts';
import { Exchange } from '../exchange/exchange.ts';
import type { RequestHead } from '../exchange/exchange.ts';
import type { DirectConnection } from '../listeners/accepted-connection.ts';
import { ClientConnection } from '../protocols/http1/client-connection.ts';
import type { ClientParts } from '../protocols/http1/client-connection.ts';
import type { ClientExchange } from '../protocols/http1/client-exchange.ts';
import { UpstreamPools } from '../protocols/http1/upstream-pools.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { runExchange } from '../runtime/serve-exchange.ts';
import { reportConnections } from './connection-report.ts';
import { EngineListeners } from './engine-listeners.ts';
import type { Admission, Engine, EngineParts, SocketHandle } from './engine.ts';
import { dialler } from './native/dial.ts';
import type { TransportParts } from './native/native-transport.ts';
import { NativeTransport } from './native/native-transport.ts';
import { OpenConnections } from './native/open-connections.ts';
import { refuse } from './native/refuse.ts';

/** Our own engine: HTTP/1.1 on sockets, without node:http. Strict where that one is not (threats section 2), and fast. */
export class NativeEngine implements Engine {
  readonly name = 'native';
  readonly #runtime: Runtime;
  readonly #connections: OpenConnections;
  readonly #pools: UpstreamPools;
  readonly #listeners: EngineListeners;
  readonly #transport: TransportParts;
  readonly #client: ClientParts;
  readonly #admission: Admission | undefined;
  #tunnels = 0;
  #requests = 0;

  constructor(parts: EngineParts) {
    const { runtime } = parts;
    const { clock, random } = runtime.parts;
    const timers = new CoarseTimers(clock.now);
    this.#runtime = runtime;
    this.#admission = parts.admission;
    this.#connections = new OpenConnections(clock, random);
    const handles = parts.sockets === 'streams' ? undefined : nodeHandles;
    this.#pools = new UpstreamPools(timers, dialler(handles), runtime.snapshot.options);
    runtime.onLeave((endpoint) => this.#pools.leave(endpoint));
    runtime.onEject((endpoint) => this.#pools.closeIdle(endpoint));
    this.#transport = {
      pools: this.#pools,
      timers,
      clock,
      onTunnel: (difference) => void (this.#tunnels += difference),
    };
    this.#client = {
      timers,
      now: clock.now,
      options: () => runtime.snapshot.options,
      serve: (exchange) => this.#serve(exchange),
      refuse: (connection, status, received) => refuse(connection, status, received, runtime),
      closesNow: this.#connections.closesNow,
      onClosed: (connection) => this.#connections.remove(connection),
    };
    this.#listeners = new EngineListeners(
      parts,
      (accepted) => this.#accept({ ...accepted, socket: new StreamSocket(accepted.socket) }),
      handles && { handles, timers, onConnection: (accepted) => this.#accept(accepted) },
    );
  }

  apply(update: SnapshotUpdate): void {
    this.#runtime.apply(update);
    this.#listeners.update();
    if (update.options !== undefined) this.#pools.update(this.#runtime.snapshot.options);
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
    this.#pools.destroy();
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

  #accept(accepted: DirectConnection): void {
    this.#connections.add(new ClientConnection(accepted, this.#client));
    if (this.#admission !== undefined) this.#connections.makeRoom(this.#admission.connectionLimit);
  }

  #serve(client: ClientExchange): void {
    this.#requests += 1;
    const exchange = new Exchange(headOf(client), this.#runtime.parts.clock.now());
    exchange.bytesReceived = client.request.headBytes;
    runExchange(exchange, new NativeTransport(client, this.#transport), this.#runtime, onOver);
  }
}

/** The connection goes on by itself. */
function onOver(): void {
  // Nothing is left to do.
}

function headOf({ connection, request }: ClientExchange): RequestHead {
  return {
    method: request.method,
    target: request.target,
    httpVersion: request.httpVersion,
    headers: request.headers,
    host: request.host,
    peerAddress: connection.peerAddress,
    peerPort: connection.peerPort,
    localPort: connection.localPort,
    secure: connection.secure,
    serverName: connection.serverName,
    upgrade: request.upgrade,
  };
}
