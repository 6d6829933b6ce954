import { availableParallelism } from 'node:os';

import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import { OperatorError } from '../lib/operator-error.ts';
import type { ListenerId } from '../model/ids.ts';
import type { FromControl, Phase, ToControl, UnhealthyEndpoints } from '../model/messages.ts';
import type { Snapshot } from '../model/snapshot.ts';
import { emptySnapshot } from '../model/snapshot.ts';
import type { SnapshotUpdate } from '../model/update.ts';
import { applyUpdate } from '../model/update.ts';
import type { Settings } from '../settings/settings.ts';
import { KeptChild, programs } from './children.ts';
import type { DrainAction, DrainEvent, DrainState } from './drain.ts';
import { drainStart, nextDrain } from './drain.ts';
import { Listeners } from './listeners.ts';
import type { BoundSocket } from './sockets.ts';
import { bindSocket } from './sockets.ts';
import type { WatchLimits } from './watchdog.ts';
import { WorkerGroup } from './workers.ts';

export interface SupervisorOptions {
  readonly settings: Settings;
  readonly log: Logger;
  readonly clock: Clock;
  /** Programs of the children; tests put small ones in their place. */
  readonly programs?: { readonly worker: string; readonly control: string };
}

/** The control process lists a whole cluster in one turn of its loop; it may be silent longer than a worker. */
const controlLimits: WatchLimits = { warnMs: 3_000, killMs: 10_000, startMs: 60_000 };
const stateEveryMs = 1_000;
/** For the control process to release its Lease, and to end. */
const controlEndMs = 2_000;

/**
 * Owns the sockets, the children and the last snapshot, and knows neither Kubernetes nor HTTP. So small that it does not
 * fail: whatever else dies is started again around it.
 */
export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #workers: WorkerGroup;
  readonly #control: KeptChild<ToControl, FromControl>;
  readonly #finished = Promise.withResolvers<number>();
  #snapshot: Snapshot = emptySnapshot;
  #unhealthy: UnhealthyEndpoints = new Map();
  readonly #listeners: Listeners;
  #admin: BoundSocket | undefined;
  #drain: DrainState = drainStart;
  #drainTimer: NodeJS.Timeout | undefined;
  #stateTimer: NodeJS.Timeout | undefined;
  #stateIsDue = false;
  /** The drain has begun for the control process. */
  #controlIsTold = false;
  readonly #controlDrained = Promise.withResolvers<void>();

  constructor(options: SupervisorOptions) {
    this.#options = options;
    const { clock, log, settings } = options;
    const files = options.programs ?? programs;
    const count = workerCount(settings);
    this.#listeners = new Listeners(count);
    this.#workers = new WorkerGroup({
      count,
      file: files.worker,
      settings: { ...settings },
      log,
      clock,
      report: (message) => this.#control.send(message),
      changed: () => this.#workersChanged(),
      listening: (id) => this.#onListening(id),
    });
    this.#control = new KeptChild<ToControl, FromControl>({
      name: 'control',
      kind: 'control',
      file: files.control,
      limits: controlLimits,
      log,
      clock,
      onBirth: () => this.#onControlBirth(),
      onMessage: (message) => this.#onControlMessage(message),
      onDeath: () => undefined,
    });
  }

  /**
   * Runs until the program has ended in order.
   * @returns the exit code
   * @throws OperatorError when a listener cannot be bound or the control process cannot go on; the children are gone then
   */
  async run(): Promise<number> {
    try {
      const { settings } = this.#options;
      this.#admin = bindSocket({
        address: settings.healthzHost === '' ? settings.listenAddress : settings.healthzHost,
        port: settings.healthzPort,
        what: 'The admin listener',
        flag: 'healthz-port',
      });
      this.#logListening('admin', this.#admin);
      this.#control.start();
      this.#workers.start();
      this.#stateTimer = setInterval(() => this.#sendState(), stateEveryMs);
      return await this.#finished.promise;
    } finally {
      await this.#stopAll(0);
    }
  }

  /** @param name  SIGTERM drains, SIGINT ends within seconds; see `drain.ts` */
  signal(name: 'SIGTERM' | 'SIGINT'): void {
    this.#advance({ kind: 'signal', name });
  }

  #onControlBirth(): void {
    const { settings } = this.#options;
    const birth = { settings: { ...settings }, snapshot: this.#snapshot, unhealthy: this.#unhealthy };
    this.#control.send({ kind: 'birth', ...birth });
    // Before the listener: a probe that waits in its queue is answered at once, and must not hear of a start.
    this.#sendState();
    if (this.#admin !== undefined) {
      this.#control.send({ kind: 'admin-listener', port: this.#admin.port }, this.#admin.handle);
    }
    if (this.#controlIsTold) this.#control.send({ kind: 'drain' });
  }

  #onControlMessage(message: FromControl): void {
    switch (message.kind) {
      case 'heartbeat':
        return;
      case 'update':
        return this.#onUpdate(message.update);
      case 'health':
        this.#unhealthy = message.unhealthy;
        return this.#workers.setHealth(message.unhealthy);
      case 'collect':
        return this.#workers.collect(message.request);
      case 'fatal':
        return this.#onFatal(new OperatorError(message));
      case 'drained':
        return this.#controlDrained.resolve();
    }
  }

  /** Before anything is served, ending is the clearest message. Later the data workers go on with what they have. */
  #onFatal(error: OperatorError): void {
    if (this.#phase === 'starting') return this.#finished.reject(error);
    this.#options.log.error({ event: 'control-gave-up', code: error.code }, error.message);
    this.#control.replace('gave-up');
  }

  #onUpdate(update: SnapshotUpdate): void {
    if (update.from !== this.#snapshot.version) return this.#control.replace('out-of-step');
    this.#snapshot = applyUpdate(this.#snapshot, update);
    // Workers first: a socket is passed to who serves this snapshot.
    this.#workers.publish(this.#snapshot, update);
    this.#bindListeners();
  }

  /** Sockets are bound after the first complete sync: a connection never meets an empty table. */
  #bindListeners(): void {
    if (this.#phase === 'draining') return;
    for (const error of this.#listeners.set(this.#snapshot.listeners)) {
      // At the start nothing is served yet, so ending is the clearest message; later the other listeners go on.
      if (this.#phase === 'starting') this.#finished.reject(error);
      else this.#options.log.error({ event: 'listener-failed', code: error.code }, error.message);
    }
    this.#workers.offer(this.#listeners.sockets);
    this.#stateChanged();
  }

  #onListening(id: ListenerId): void {
    const socket = this.#listeners.accepts(id);
    if (socket !== undefined) this.#logListening(id, socket);
    if (this.#listeners.allAccept(this.#snapshot.listeners.keys())) this.#advance({ kind: 'started' });
  }

  #logListening(listener: string, { address, port }: BoundSocket): void {
    this.#options.log.info({ event: 'listening', listener, address, port }, `${listener} on ${address} port ${port}`);
  }

  get #phase(): Phase {
    switch (this.#drain.phase) {
      case 'running':
        return 'serving';
      case 'ended':
        return 'draining';
      case 'starting':
      case 'lameduck':
      case 'draining':
        return this.#drain.phase;
    }
  }

  #advance(event: DrainEvent): void {
    const { clock, log, settings } = this.#options;
    const now = clock.now();
    const timings = { lameduckMs: settings.shutdownLameduckMs, drainMs: settings.shutdownDrainMs };
    const { actions, state } = nextDrain(this.#drain, event, now, timings);
    const changed = state.phase !== this.#drain.phase;
    this.#drain = state;
    clearTimeout(this.#drainTimer);
    // After every event and not only after a new phase: a timer may fire a moment early, and must then fire again.
    if (state.until !== undefined) {
      this.#drainTimer = setTimeout(() => this.#advance({ kind: 'time' }), Math.max(1, Math.ceil(state.until - now)));
    }
    if (changed) {
      log.info({ event: 'phase', phase: state.phase === 'ended' ? 'ended' : this.#phase }, describePhase[state.phase]);
      this.#sendState();
    }
    for (const action of actions) this.#act(action);
  }

  #act(action: DrainAction): void {
    switch (action.kind) {
      case 'lameduck':
        this.#drainControl();
        return this.#workers.lameduck(action.durationMs);
      case 'drain':
        this.#drainControl();
        this.#workers.drain(action.durationMs);
        // The kernel refuses connections only when the last copy is closed, and this is one.
        return this.#listeners.close();
      case 'end':
        return void this.#end(action.exitCode, action.forced ? 0 : controlEndMs);
    }
  }

  #drainControl(): void {
    if (!this.#controlIsTold) this.#control.send({ kind: 'drain' });
    this.#controlIsTold = true;
  }

  async #end(exitCode: number, withinMs: number): Promise<void> {
    if (withinMs > 0) await Promise.race([this.#controlDrained.promise, after(withinMs)]);
    await this.#stopAll(withinMs);
    this.#finished.resolve(exitCode);
  }

  async #stopAll(withinMs: number): Promise<void> {
    clearInterval(this.#stateTimer);
    clearTimeout(this.#drainTimer);
    await Promise.all([this.#workers.stop(withinMs), this.#control.stop(withinMs)]);
    this.#listeners.close();
    this.#admin?.close();
  }

  #workersChanged(): void {
    if (this.#workers.allDrained) this.#advance({ kind: 'idle' });
    this.#stateChanged();
  }

  /** Changes of one turn of the loop make one message. */
  #stateChanged(): void {
    if (this.#stateIsDue) return;
    this.#stateIsDue = true;
    setImmediate(() => {
      this.#stateIsDue = false;
      this.#sendState();
    });
  }

  #sendState(): void {
    this.#control.send({
      kind: 'state',
      phase: this.#phase,
      workers: this.#workers.states,
      listeners: this.#listeners.bound,
      deaths: this.#workers.deaths,
      supervisorRssBytes: ownRssBytes(),
      controlRestarts: this.#control.restarts,
      crashLooping: this.#workers.crashLooping,
    });
  }
}

/** 0 asks for one worker for each core that the cgroup allows. */
function workerCount(settings: Settings): number {
  return settings.workers === 0 ? availableParallelism() : settings.workers;
}

const describePhase: Readonly<Record<DrainState['phase'], string>> = {
  starting: 'starting',
  running: 'serving',
  lameduck: 'asked to end: everything is still served while the load balancer takes this pod out',
  draining: 'no new connections any more; finishing what is in flight',
  ended: 'ending',
};

/** `process.memoryUsage` throws when no file descriptor is left (faults F-70). */
function ownRssBytes(): number {
  try {
    return process.memoryUsage.rss();
  } catch {
    return 0;
  }
}

function after(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms).unref();
  });
}
