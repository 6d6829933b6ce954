/** What the load generator is told, as JSON in its first argument. */
export interface Plan {
  readonly port: number;
  readonly host: string;
  /** Requests are due at this rate from the start on, whatever becomes of those before. */
  readonly perSecond: number;
  readonly seconds: number;
  /** Most connections at a time; what is due while all are busy waits, and its latency counts the waiting. */
  readonly connections: number;
  /** Requests take these in turns. */
  readonly paths: readonly string[];
  /** Addresses to connect from, in turns; absent: the one that the kernel chooses. */
  readonly addresses?: readonly string[];
  /** After this time without a complete answer a request has failed. */
  readonly timeoutMs: number;
}

/** One request. */
export interface Shot {
  /** When it was due, in milliseconds since the start. */
  readonly dueMs: number;
  /** From when it was due until its answer was complete, or it failed. */
  readonly latencyMs: number;
  /** From when it was due until it was written: what the generator and busy connections added. */
  readonly lateMs: number;
  /** Absent: a complete answer with status 200. Else `HTTP 502`, `refused`, `reset`, `truncated` or `timeout`. */
  readonly failure?: string;
  /** X-Backend of the answer. */
  readonly backend?: string;
}

export interface Report {
  /** Milliseconds since 1970 at the start. */
  readonly startedAt: number;
  readonly shots: readonly Shot[];
  /** CPU time of the generator, in milliseconds. */
  readonly cpuMs: number;
}
