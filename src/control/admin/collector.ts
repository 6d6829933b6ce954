import type { MetricSample } from '../../model/metric-sample.ts';
import { isTotal, mergeSamples, samplesOf } from './merge.ts';

/** Answer of one data worker: `ToControl` of kind `collected`. */
export interface CollectedSamples {
  readonly request: number;
  readonly index: number;
  /** Tells a replaced worker from its successor. */
  readonly pid: number;
  readonly samples: readonly MetricSample[];
}

export interface CollectorOptions {
  /** Asks every data worker. */
  readonly ask: (request: number) => void;
  /** Process ids of the data workers that live now. */
  readonly alive: () => readonly number[];
  /** A worker that has not answered by then is shown as it was the last time. */
  readonly deadlineMs: number;
}

interface Collection {
  readonly request: number;
  readonly missing: Set<number>;
  readonly done: () => void;
}

/**
 * Asks the data workers what they counted, and keeps what dead ones had counted, so that totals never go down. What a
 * worker counted between the last collection and its death is lost.
 */
export class Collector {
  readonly #options: CollectorOptions;
  /** Last samples of each worker that may still live, by process id. */
  readonly #latest: Map<number, readonly MetricSample[]> = new Map();
  /** Counters and histograms of the dead, as one set. */
  #retired: readonly MetricSample[] = [];
  #collection: Collection | undefined;
  #asking: Promise<void> | undefined;
  #request = 0;

  constructor(options: CollectorOptions) {
    this.#options = options;
  }

  /**
   * One set for each living worker, and one for the dead.
   * @param keep  which series of the dead to remember: those of an Ingress that is gone are forgotten for good
   */
  async collect(keep: (sample: MetricSample) => boolean): Promise<readonly (readonly MetricSample[])[]> {
    const living = await this.living();
    this.#retired = this.#retired.filter(keep);
    return [this.#retired, ...living];
  }

  /** One set for each living worker. Those who ask while others wait for one get the same answers. */
  async living(): Promise<readonly (readonly MetricSample[])[]> {
    this.#asking ??= this.#askAll().finally(() => (this.#asking = undefined));
    await this.#asking;
    this.#retire();
    return [...this.#latest.values()];
  }

  received(collected: CollectedSamples): void {
    // An answer that comes after its deadline is newer than what is known all the same.
    if (collected.request > this.#request) return;
    this.#latest.set(collected.pid, collected.samples);
    if (collected.request !== this.#collection?.request) return;
    this.#collection.missing.delete(collected.pid);
    if (this.#collection.missing.size === 0) this.#collection.done();
  }

  async #askAll(): Promise<void> {
    const alive = this.#options.alive();
    if (alive.length === 0) return;
    this.#request += 1;
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const done = (): void => resolve(undefined);
    const timer = setTimeout(done, this.#options.deadlineMs);
    this.#collection = { request: this.#request, missing: new Set(alive), done };
    this.#options.ask(this.#request);
    await promise;
    clearTimeout(timer);
    this.#collection = undefined;
  }

  #retire(): void {
    const alive = new Set(this.#options.alive());
    for (const [pid, samples] of this.#latest) {
      if (alive.has(pid)) continue;
      this.#latest.delete(pid);
      const totals = samples.filter((sample) => isTotal(sample.metric));
      this.#retired = samplesOf(mergeSamples([this.#retired, totals]));
    }
  }
}
