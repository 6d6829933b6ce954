import type { Logger } from '../../lib/logger.ts';
import type { ListenerId } from '../../model/ids.ts';
import type { UnhealthyEndpoints } from '../../model/messages.ts';
import type { SnapshotUpdate } from '../../model/update.ts';
import type { SocketHandle as ListenerHandle } from '../listeners/listener-set.ts';
import type { Runtime } from '../runtime/runtime.ts';

/** Listening socket as `process.send` delivers it: bound by the supervisor, not yet accepting here. */
export type SocketHandle = ListenerHandle;

/** What `worker.ts` needs of an engine. One instance per data worker; `--engine` chooses it. */
export interface Engine {
  readonly name: EngineName;
  /** @throws OperatorError when the update cannot be applied; the engine then serves what it served before */
  apply(update: SnapshotUpdate): void;
  health(unhealthy: UnhealthyEndpoints): void;
  /**
   * Serves on a listening socket that the supervisor passed. A listener may have several.
   * @param port  the port the kernel gave
   * @returns closes our copy of it, after what waits there has been accepted
   */
  listen(id: ListenerId, port: number, handle: SocketHandle): () => void;
  /** From now on a growing share of answers says `Connection: close`. */
  lameduck(durationMs: number): void;
  /** Resolves with the number of connections that were still open at the deadline. */
  drain(deadlineMs: number): Promise<number>;
  /** Sets the counters that describe this moment: before every scrape. */
  report(): void;
}

export type EngineName = 'native' | 'http-proxy';

/** What an engine is made of. */
export interface EngineParts {
  readonly runtime: Runtime;
  /** 48 bytes that all workers share. */
  readonly ticketKeys: Uint8Array;
  readonly log: Logger;
  /** `streams`: Node's sockets even where the engine could do without (decision 0030). */
  readonly sockets?: 'handles' | 'streams';
  /** Absent: every connection is accepted. */
  readonly admission?: Admission;
}

/** How many client connections a data worker takes. */
export interface Admission {
  /** Open at the same time; may change. */
  readonly connectionLimit: number;
  /** One more came than that, and was closed at once. */
  onRefused(): void;
}

export type EngineFactory = (parts: EngineParts) => Engine;
