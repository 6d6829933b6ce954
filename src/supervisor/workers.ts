import { randomBytes } from 'node:crypto';

import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import type { ListenerId } from '../model/ids.ts';
import type {
  FromWorker,
  PlainSettings,
  ToControl,
  ToWorker,
  UnhealthyEndpoints,
  WorkerState,
} from '../model/messages.ts';
import type { Snapshot } from '../model/snapshot.ts';
import { emptySnapshot } from '../model/snapshot.ts';
import type { SnapshotUpdate } from '../model/update.ts';
import { diffSnapshots } from '../model/update.ts';
import type { DeathReason } from './children.ts';
import { KeptChild } from './children.ts';
import type { ListenerSocket } from './socket-sharing.ts';
import { SocketSharing } from './socket-sharing.ts';
import type { WatchLimits } from './watchdog.ts';

/** Faults F-03. */
const workerLimits: WatchLimits = { warnMs: 1_000, killMs: 5_000, startMs: 30_000 };

export interface WorkerGroupOptions {
  readonly count: number;
  readonly file: string;
  readonly settings: PlainSettings;
  readonly log: Logger;
  readonly clock: Clock;
  /** Reports that go on to the control process. */
  readonly report: (message: ToControl) => void;
  /** Something in `states`, `deaths`, `crashLooping` or `allDrained` is new. */
  readonly changed: () => void;
  /** A worker accepts on this listener. */
  readonly listening: (id: ListenerId) => void;
}

/** One data worker, through all the processes that carry its number. */
interface Worker {
  readonly index: number;
  readonly child: KeptChild<ToWorker, FromWorker>;
  /** What the process holds when it has read all that was sent to it. */
  sent: Snapshot;
  /** What it said it serves. */
  applied: Snapshot;
  /** Snapshots that were sent and not yet answered, by version. */
  unanswered: Map<number, Snapshot>;
  rssBytes: number;
  loopDelayMs: number;
  state: 'alive' | 'replacing' | 'drained';
}

/** All data workers: keeps each of them alive and on the same snapshot, health and sockets. */
export class WorkerGroup {
  readonly #options: WorkerGroupOptions;
  readonly #workers: readonly Worker[];
  /** Shared by all, so that a TLS session resumes on any worker. */
  readonly #ticketKeys = new Uint8Array(randomBytes(48));
  readonly #deaths: Record<string, number> = {};
  #snapshot: Snapshot = emptySnapshot;
  #unhealthy: UnhealthyEndpoints = new Map();
  readonly #sharing: SocketSharing;
  /** Monotonic milliseconds at which the lameduck time ends; undefined before it begins. */
  #lameduckUntil: number | undefined;

  constructor(options: WorkerGroupOptions) {
    this.#options = options;
    this.#workers = Array.from({ length: options.count }, (_, index) => this.#create(index));
    this.#sharing = new SocketSharing({
      workers: options.count,
      send: (index, message, handle) => this.#workers[index]?.child.send(message, handle),
      onStandIn: ({ id, owner }, index) =>
        options.log.info(
          { event: 'stand-in', listener: id, index, insteadOf: owner },
          `worker-${index} accepts ${id} for worker-${owner}`,
        ),
    });
  }

  start(): void {
    for (const worker of this.#workers) worker.child.start();
  }

  get states(): readonly WorkerState[] {
    return this.#workers.map(({ index, child, applied, rssBytes, loopDelayMs }) => ({
      index,
      pid: child.pid,
      appliedVersion: applied.version,
      restarts: child.restarts,
      rssBytes,
      loopDelayMs,
    }));
  }

  /** Processes that died, by reason, since the start. */
  get deaths(): Readonly<Record<string, number>> {
    return { ...this.#deaths };
  }

  get crashLooping(): boolean {
    return this.#workers.some((worker) => worker.child.crashLooping);
  }

  /** Nobody has anything left to finish. */
  get allDrained(): boolean {
    return this.#workers.every((worker) => worker.state === 'drained');
  }

  /** @param update  the difference of what was published before to `next` */
  publish(next: Snapshot, update: SnapshotUpdate): void {
    const previous = this.#snapshot;
    this.#snapshot = next;
    for (const worker of this.#workers) {
      if (worker.state !== 'alive') continue;
      this.#sendUpdate(worker, worker.sent === previous ? update : diffSnapshots(worker.sent, next));
    }
  }

  setHealth(unhealthy: UnhealthyEndpoints): void {
    this.#unhealthy = unhealthy;
    this.#broadcast({ kind: 'health', unhealthy });
  }

  /** Passes sockets to every worker that serves a snapshot, now or as soon as it does. */
  offer(sockets: readonly ListenerSocket[]): void {
    this.#sharing.set(sockets);
  }

  collect(request: number): void {
    this.#broadcast({ kind: 'collect', request });
  }

  lameduck(durationMs: number): void {
    this.#lameduckUntil = this.#options.clock.now() + durationMs;
    this.#broadcast({ kind: 'lameduck', durationMs });
  }

  /** Asks every worker to finish and end. From now on a worker that dies is not replaced. */
  drain(durationMs: number): void {
    this.#sharing.stop();
    for (const worker of this.#workers) {
      worker.child.release();
      if (worker.state === 'replacing') worker.state = 'drained';
    }
    this.#broadcast({ kind: 'drain', deadlineMs: durationMs });
    this.#options.changed();
  }

  /** @param withinMs  for those that still run; 0 kills them now */
  async stop(withinMs: number): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.child.stop(withinMs)));
  }

  #create(index: number): Worker {
    const { clock, file, log } = this.#options;
    const worker: Worker = {
      index,
      child: new KeptChild<ToWorker, FromWorker>({
        name: `worker-${index}`,
        kind: 'worker',
        file,
        limits: workerLimits,
        log,
        clock,
        onBirth: () => this.#onBirth(worker),
        onMessage: (message) => this.#onMessage(worker, message),
        onDeath: (reason) => this.#onDeath(worker, reason),
        onSilence: () => this.#sharing.silent(index),
        onSilenceOver: () => this.#sharing.speaks(index),
      }),
      sent: emptySnapshot,
      applied: emptySnapshot,
      unanswered: new Map(),
      rssBytes: 0,
      loopDelayMs: 0,
      state: 'replacing',
    };
    return worker;
  }

  #onBirth(worker: Worker): void {
    const { clock, settings } = this.#options;
    worker.state = 'alive';
    worker.sent = worker.applied = emptySnapshot;
    worker.unanswered = new Map();
    worker.child.send({
      kind: 'birth',
      index: worker.index,
      count: this.#workers.length,
      settings,
      ticketKeys: this.#ticketKeys,
    });
    if (this.#snapshot.version > 0) this.#sendUpdate(worker, diffSnapshots(emptySnapshot, this.#snapshot));
    if (this.#unhealthy.size > 0) worker.child.send({ kind: 'health', unhealthy: this.#unhealthy });
    if (this.#lameduckUntil !== undefined) {
      worker.child.send({ kind: 'lameduck', durationMs: Math.max(0, this.#lameduckUntil - clock.now()) });
    }
    this.#options.changed();
  }

  #onMessage(worker: Worker, message: FromWorker): void {
    const { changed, listening, report } = this.#options;
    switch (message.kind) {
      case 'heartbeat':
        worker.rssBytes = message.rssBytes;
        worker.loopDelayMs = message.loopDelayMs;
        return;
      case 'applied':
        this.#onApplied(worker, message.version);
        report({ kind: 'applied', index: worker.index, version: message.version });
        return changed();
      case 'listening':
        this.#onListening(worker, message.socket);
        return listening(message.id);
      case 'leaving':
        return this.#sharing.leaves(worker.index);
      case 'rejected':
        this.#onRejected(worker, message);
        return report({ ...message, index: worker.index });
      case 'ejected':
        for (const other of this.#workers) if (other !== worker) other.child.send(message);
        return report({ ...message, index: worker.index });
      case 'collected':
        return report({ ...message, index: worker.index, pid: worker.child.pid });
      case 'drained':
        worker.state = 'drained';
        this.#options.log.info(
          { event: 'worker-drained', index: worker.index, openConnections: message.openConnections },
          `worker-${worker.index} is drained, ${message.openConnections} connections were still open`,
        );
        return changed();
    }
  }

  #onApplied(worker: Worker, version: number): void {
    worker.applied = worker.unanswered.get(version) ?? worker.applied;
    for (const older of [...worker.unanswered.keys()].filter((one) => one <= version)) worker.unanswered.delete(older);
    this.#sharing.serves(worker.index);
  }

  #onListening(worker: Worker, socket: number): void {
    const served = this.#sharing.isServing(worker.index);
    this.#sharing.accepts(worker.index, socket);
    if (served || !this.#sharing.isServing(worker.index)) return;
    const { name, pid } = worker.child;
    this.#options.log.info({ event: 'child-serving', child: name, childPid: pid }, `${name} serves`);
  }

  /** The worker serves what it served before; the next update starts from there (faults F-07). */
  #onRejected(worker: Worker, message: FromWorker & { readonly kind: 'rejected' }): void {
    worker.unanswered.delete(message.version);
    worker.sent = worker.applied;
    this.#options.log.error(
      { event: 'update-rejected', index: worker.index, version: message.version, why: message.why },
      `worker-${worker.index} keeps what it serves: ${message.what}: ${message.why}. ${message.fix}`,
    );
  }

  #onDeath(worker: Worker, reason: DeathReason): void {
    const { changed } = this.#options;
    // After `drained` or `drain` an end is what was asked for.
    const asked = worker.state === 'drained';
    worker.state = worker.child.willReturn ? 'replacing' : 'drained';
    worker.applied = worker.sent = emptySnapshot;
    this.#sharing.gone(worker.index);
    if (!asked && (worker.child.willReturn || reason !== 'exited'))
      this.#deaths[reason] = (this.#deaths[reason] ?? 0) + 1;
    changed();
  }

  #sendUpdate(worker: Worker, update: SnapshotUpdate): void {
    worker.sent = this.#snapshot;
    worker.unanswered.set(update.to, this.#snapshot);
    worker.child.send({ kind: 'update', update });
  }

  #broadcast(message: ToWorker): void {
    for (const worker of this.#workers) worker.child.send(message);
  }
}
