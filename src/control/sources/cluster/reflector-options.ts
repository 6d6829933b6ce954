import type { Clock } from '../../../lib/clock.ts';
import type { Logger } from '../../../lib/logger.ts';
import type { Random } from '../../../lib/random.ts';
import type { ApiClient } from './api-client.ts';
import type { ApiError } from './api-error.ts';
import type { BackOffTimings } from './back-off.ts';
import { backOffTimings } from './back-off.ts';
import type { Held, HeldListener } from './held-objects.ts';
import type { JsonObject } from './json.ts';
import type { ReflectorMetrics } from './reflector-metrics.ts';
import type { Scope } from './resources.ts';
import type { ServerPulse } from './server-pulse.ts';
import type { Timers } from './timers.ts';
import type { TokenBucket } from './token-bucket.ts';

/** Times and sizes of a Reflector. Milliseconds and bytes; fields of time in seconds say so. */
export interface ReflectorTimings {
  readonly backOff: BackOffTimings;
  /** Longest delay between tries until the first complete list: until then this replica serves nothing. */
  readonly startCapMs: number;
  /** Between two looks at a server that is away. */
  readonly scoutMs: number;
  /** Objects in one page of a list. */
  readonly pageSize: number;
  /** `timeoutSeconds` of a watch, from and below. */
  readonly watchSeconds: readonly [number, number];
  /** How long after its `timeoutSeconds` a watch may still live. */
  readonly watchGraceMs: number;
  /** Silence after which a watch that has sent bookmarks is dead: API servers send one about every minute. */
  readonly silenceMs: number;
  /** Silence during a streamed list after which the server is taken for one that cannot stream lists. */
  readonly streamedListSilenceMs: number;
  readonly lineLimitBytes: number;
  /** A watch that lived shorter than this is not opened again at once. */
  readonly shortWatchMs: number;
  /** Wait before a list that would delete most objects is asked for again. */
  readonly confirmDeletionMs: number;
  /** Between two self-checks, ±20 %. */
  readonly selfCheckMs: number;
  /** Between the two looks of one self-check. */
  readonly selfCheckConfirmMs: number;
}

export const reflectorTimings: ReflectorTimings = {
  backOff: backOffTimings,
  startCapMs: 4_000,
  scoutMs: 3_000,
  pageSize: 500,
  watchSeconds: [290, 580],
  watchGraceMs: 30_000,
  silenceMs: 150_000,
  streamedListSilenceMs: 10_000,
  lineLimitBytes: 32 * 1024 * 1024,
  shortWatchMs: 1_000,
  confirmDeletionMs: 10_000,
  selfCheckMs: 30 * 60_000,
  selfCheckConfirmMs: 5_000,
};

/** What the server turned out to support; shared by all Reflectors of one server. */
export interface ServerFeatures {
  /** Streams the first list inside the watch (WatchList, on by default since Kubernetes 1.32). */
  streamedLists: boolean;
}

/** What a Reflector delivers to. Every call only takes note and returns. */
export interface ReflectorListener<T> extends HeldListener<T> {
  /** What the rest of the program keeps of an object. @param previous  what it kept of the same object before */
  decode(object: JsonObject, previous: Held<T> | undefined): T;
  /** The first complete set is held. */
  synced(): void;
  /** A try failed; the next word is another failure or `working`. */
  failing(error: ApiError): void;
  /** A list or a watch stands. */
  working(): void;
}

export interface ReflectorOptions<T> {
  readonly client: ApiClient;
  readonly scope: Scope;
  readonly listener: ReflectorListener<T>;
  readonly features: ServerFeatures;
  /** Tells all Reflectors of one server when it is back. */
  readonly pulse: ServerPulse;
  /** Limits how often lists and watches of this process start. */
  readonly bucket: TokenBucket;
  readonly clock: Clock;
  readonly random: Random;
  readonly timers: Timers;
  readonly log: Logger;
  readonly metrics: ReflectorMetrics;
  readonly timings: ReflectorTimings;
  /** Drops events whose version is a smaller number than that of the object we hold. */
  readonly compareVersions?: boolean;
}
