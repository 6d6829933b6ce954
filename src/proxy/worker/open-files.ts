import { readdirSync, readFileSync, statSync } from 'node:fs';

import type { Clock } from '../../lib/clock.ts';
import type { Logger } from '../../lib/logger.ts';
import type { Counters } from '../../telemetry/counters.ts';
import type { Admission } from '../engines/engine.ts';

/** Descriptors of this process: files, and connections of both sides. */
export interface FileCounts {
  readonly open: number;
  /** The kernel's limit; infinite when there is none. */
  readonly limit: number;
}

export interface OpenFilesParts {
  readonly clock: Clock;
  readonly counters: Counters;
  readonly log: Logger;
  /** Undefined where the system does not say. */
  readonly read: () => FileCounts | undefined;
}

const everyMs = 1_000;
const warnEveryMs = 60_000;
/** From this share of the limit on it is said. */
const warnShare = 0.9;
/** Descriptors that are neither a client nor an upstream: the program's own files, and what nobody thought of. */
const reserve = 128;

const fix =
  'Raise the limit of open files of the container (LimitNOFILE of its runtime, ulimit -n), or run more data workers or replicas';

/**
 * Watches the limit of open files of a data worker, which nobody else does: without a descriptor the kernel resets new
 * clients, and Node says nothing (faults F-70). Clients get half of it, so that each can have an upstream (threats R-53).
 */
export class OpenFiles implements Admission {
  readonly #parts: OpenFilesParts;
  #counts: FileCounts = { open: 0, limit: Number.POSITIVE_INFINITY };
  #filesSaidAt = Number.NEGATIVE_INFINITY;
  #refusedSaidAt = Number.NEGATIVE_INFINITY;
  /** Refused since it was last said. */
  #refused = 0;

  constructor(parts: OpenFilesParts) {
    this.#parts = parts;
    parts.counters.series('fairway_connections_refused_total', []).add(0);
    this.look();
  }

  /** Looks once a second. @returns stops it */
  start(): () => void {
    const timer = setInterval(() => this.look(), everyMs);
    return () => clearInterval(timer);
  }

  get connectionLimit(): number {
    return Math.max(1, Math.floor((this.#counts.limit - reserve) / 2));
  }

  onRefused(): void {
    this.#refused += 1;
    this.#parts.counters.series('fairway_connections_refused_total', []).add(1);
  }

  look(): void {
    const counts = this.#parts.read();
    if (counts === undefined) return;
    this.#counts = counts;
    const { counters } = this.#parts;
    counters.series('fairway_open_files', []).set(counts.open);
    if (Number.isFinite(counts.limit)) counters.series('fairway_open_files_limit', []).set(counts.limit);
    this.#sayFiles(counts);
    this.#sayRefused(counts);
  }

  #sayFiles({ open, limit }: FileCounts): void {
    const now = this.#parts.clock.now();
    if (open < limit * warnShare || now - this.#filesSaidAt < warnEveryMs) return;
    this.#filesSaidAt = now;
    this.#parts.log.warn(
      { event: 'open-files', open, limit },
      `${open} of ${limit} files and connections are open: at the limit new clients are reset and upstreams are not reached. ${fix}`,
    );
  }

  #sayRefused({ limit }: FileCounts): void {
    const now = this.#parts.clock.now();
    if (this.#refused === 0 || now - this.#refusedSaidAt < warnEveryMs) return;
    const refused = this.#refused;
    this.#refused = 0;
    this.#refusedSaidAt = now;
    const { connectionLimit } = this;
    this.#parts.log.warn(
      { event: 'connections-refused', refused, connectionLimit, limit },
      `${refused} client connections were closed at once: this data worker serves at most ${connectionLimit}, because it may open ${limit} files, and an upstream connection is one as well. ${fix}`,
    );
  }
}

/**
 * Reads `/proc`: the limit anew each time, because it can be changed from outside.
 * @returns remembers the last limit: when no descriptor is left, the file that says it cannot be opened
 */
export function fileCountsReader(): () => FileCounts | undefined {
  let limit = Number.POSITIVE_INFINITY;
  const countOpen = openCounter();
  return () => {
    try {
      limit = openFilesLimit(readFileSync('/proc/self/limits', 'latin1'));
      return { open: countOpen(), limit };
    } catch (error) {
      if (!isExhausted(error)) return undefined;
      return { open: limit, limit };
    }
  };
}

/** @param limits  text of `/proc/self/limits`. @returns the soft limit, infinite when there is none */
export function openFilesLimit(limits: string): number {
  const soft = /^Max open files +(\d+) /m.exec(limits)?.[1];
  return soft === undefined ? Number.POSITIVE_INFINITY : Number(soft);
}

/**
 * Linux says the number as size of the folder since 6.2, which takes 5 microseconds. Before, the folder must be read: 25 ms
 * for 19,000 files, in which nothing else is done, so that it is read the less often the longer it takes.
 */
function openCounter(): () => number {
  let last = 0;
  let nextAt = 0;
  return () => {
    const { size } = statSync('/proc/self/fd');
    if (size > 0) return size;
    const startedAt = performance.now();
    if (startedAt < nextAt) return last;
    last = readdirSync('/proc/self/fd').length;
    const now = performance.now();
    nextAt = now + (now - startedAt) * 200;
    return last;
  };
}

function isExhausted(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'EMFILE' || error.code === 'ENFILE');
}
