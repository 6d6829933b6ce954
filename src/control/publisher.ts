import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import type { FromControl, WorkerState } from '../model/messages.ts';
import type { Snapshot } from '../model/snapshot.ts';
import { diffSnapshots, isEmptyUpdate } from '../model/update.ts';
import type { Counters } from '../telemetry/counters.ts';

export interface PublisherTools {
  readonly send: (message: FromControl) => void;
  readonly counters: Counters;
  readonly clock: Clock;
  readonly log: Pick<Logger, 'info'>;
}

/** Sends differences to the supervisor and follows which data workers serve what. */
export class Publisher {
  readonly #send: (message: FromControl) => void;
  readonly #counters: Counters;
  readonly #clock: Clock;
  readonly #log: Pick<Logger, 'info'>;
  #published: Snapshot;
  /** Monotonic time of the first change in each version that some worker has not taken yet. */
  readonly #waiting: Map<number, number> = new Map();
  /** Version that some worker refused; 0 for none. */
  #refused = 0;

  /** @param published  what the workers serve when the control process starts */
  constructor(published: Snapshot, tools: PublisherTools) {
    this.#published = published;
    this.#send = tools.send;
    this.#counters = tools.counters;
    this.#clock = tools.clock;
    this.#log = tools.log;
    // Counters that a dashboard knows from the start, not from the first event on.
    for (const name of ['nginx_ingress_controller_success', 'nginx_ingress_controller_errors'] as const) {
      this.#counters.series(name, []).add(0);
    }
  }

  /** What the workers serve, or will in a moment. */
  get published(): Snapshot {
    return this.#published;
  }

  /**
   * Sends what differs.
   * @param changedAt  monotonic time of the first change that led to it
   * @returns false when nothing differs
   */
  publish(snapshot: Snapshot, changedAt: number): boolean {
    const update = diffSnapshots(this.#published, snapshot);
    if (isEmptyUpdate(update)) {
      // A process that starts beside workers that serve all this already has nothing to wait for.
      if (this.#waiting.size === 0 && this.#refused !== this.#published.version) this.#successful();
      return false;
    }
    this.#published = snapshot;
    this.#waiting.set(snapshot.version, changedAt);
    this.#send({ kind: 'update', update });
    return true;
  }

  /** Takes the workers' state; a version that all of them serve is done, and its time is counted. */
  follow(workers: readonly WorkerState[]): void {
    if (workers.length === 0) return;
    const least = Math.min(...workers.map((worker) => worker.appliedVersion));
    for (const [version, changedAt] of this.#waiting) {
      if (version > least) continue;
      this.#waiting.delete(version);
      this.#count(version, changedAt);
    }
  }

  /** A worker refused a version: it serves the one before. */
  rejected(version: number): void {
    this.#waiting.delete(version);
    this.#refused = version;
    this.#counters.series('nginx_ingress_controller_errors', []).add(1);
    this.#counters.series('nginx_ingress_controller_config_last_reload_successful', []).set(0);
  }

  #count(version: number, changedAt: number): void {
    const counters = this.#counters;
    const afterMs = Math.round(this.#clock.now() - changedAt);
    this.#log.info({ event: 'served', version, afterMs }, `version ${version} is served by every data worker`);
    counters.series('fairway_config_apply_seconds', []).add(afterMs / 1000);
    counters.series('nginx_ingress_controller_success', []).add(1);
    this.#successful();
  }

  #successful(): void {
    const counters = this.#counters;
    const wallSeconds = Math.floor(this.#clock.wall() / 1000);
    counters.series('nginx_ingress_controller_config_last_reload_successful', []).set(1);
    counters.series('nginx_ingress_controller_config_last_reload_successful_timestamp_seconds', []).set(wallSeconds);
  }
}
