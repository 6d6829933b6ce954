import type { ObjectSink } from '../objects/object-store.ts';

/** Where objects come from: a port, so that a folder of YAML files and an API server look the same. */
export interface ObjectSource {
  readonly name: 'cluster' | 'directory';
  /**
   * Delivers objects until `signal` aborts. Recovers by itself from whatever passes (410 Gone, broken watch, half
   * written file). Calls `replace` once for every kind before `sink.synced()`.
   * @throws OperatorError `source-unavailable` only for what never will work (no such folder)
   */
  run(sink: ObjectSink, signal: AbortSignal): Promise<void>;
  /** Why the first complete set is not there yet, for `/readyz` and the log; empty once it is. */
  waitingFor(): readonly string[];
}
