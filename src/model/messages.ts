import type { EndpointId, ListenerId, UpstreamId } from './ids.ts';
import type { MetricSample } from './metric-sample.ts';
import type { EjectionReason } from './pool-policy.ts';
import type { Snapshot } from './snapshot.ts';
import type { SnapshotUpdate } from './update.ts';

/** Endpoints that must not be picked, per upstream: always the whole set. */
export type UnhealthyEndpoints = ReadonlyMap<UpstreamId, readonly EndpointId[]>;

/** One worker leaves an endpoint out for a while; all others do so as well. */
export interface Ejection {
  readonly upstream: UpstreamId;
  readonly endpoint: EndpointId;
  readonly reason: EjectionReason;
  /** How long, from the moment the message is made. */
  readonly durationMs: number;
  /** How many times in a row, this one included. */
  readonly times: number;
}

/** Plain record of settings as parsed; `settings/settings.ts` gives it its type on both sides. */
export type PlainSettings = Readonly<Record<string, string | number | boolean | readonly string[] | readonly number[]>>;

/** Supervisor to data worker: the only way anything reaches a worker. */
export type ToWorker =
  | {
      readonly kind: 'birth';
      readonly index: number;
      /** Of all workers. */
      readonly count: number;
      readonly settings: PlainSettings;
      /** 48 bytes, the same for every worker, so that a TLS session resumes on any of them. */
      readonly ticketKeys: Uint8Array;
    }
  /** Comes with the socket handle. A listener may have several sockets; `socket` is never used for another one. */
  | { readonly kind: 'listener'; readonly id: ListenerId; readonly socket: number; readonly port: number }
  /** Accept what waits on this socket, then close it here: another worker accepts on it, or nobody shall. */
  | { readonly kind: 'close-listener'; readonly socket: number }
  | { readonly kind: 'update'; readonly update: SnapshotUpdate }
  | { readonly kind: 'health'; readonly unhealthy: UnhealthyEndpoints }
  /** Another worker ejected an endpoint. */
  | { readonly kind: 'ejected'; readonly ejection: Ejection }
  | { readonly kind: 'collect'; readonly request: number }
  /** From now on a growing share of answers says `Connection: close`; everything is still served. */
  | { readonly kind: 'lameduck'; readonly durationMs: number }
  /** Stop accepting, close idle connections, finish what is in flight, then say `drained` and exit. */
  | { readonly kind: 'drain'; readonly deadlineMs: number };

/** Data worker to supervisor; reports go on to the control process. */
export type FromWorker =
  | {
      readonly kind: 'heartbeat';
      readonly loopUtilization: number;
      readonly loopDelayMs: number;
      readonly rssBytes: number;
    }
  | { readonly kind: 'applied'; readonly version: number }
  /** The socket accepts here: `listen` has returned. The first of all workers makes the listener reachable. */
  | { readonly kind: 'listening'; readonly id: ListenerId; readonly socket: number }
  /** The worker stops accepting and ends, without having been asked. */
  | { readonly kind: 'leaving' }
  | {
      readonly kind: 'rejected';
      readonly version: number;
      readonly what: string;
      readonly why: string;
      readonly fix: string;
    }
  | { readonly kind: 'ejected'; readonly ejection: Ejection }
  | { readonly kind: 'collected'; readonly request: number; readonly samples: readonly MetricSample[] }
  | { readonly kind: 'drained'; readonly openConnections: number };

/** What the supervisor knows of one data worker. */
export interface WorkerState {
  readonly index: number;
  /** Operating system's process id; 0 while it is being replaced. */
  readonly pid: number;
  readonly appliedVersion: number;
  readonly restarts: number;
  readonly rssBytes: number;
  readonly loopDelayMs: number;
}

/** Where the whole program stands. `serving` begins when every listener accepts; `lameduck` begins with SIGTERM. */
export type Phase = 'starting' | 'serving' | 'lameduck' | 'draining';

/** Listening socket that is bound, with the port that the kernel gave. */
export interface BoundListener {
  readonly id: ListenerId;
  readonly address: string;
  readonly port: number;
}

/** Supervisor to control process. */
export type ToControl =
  | {
      readonly kind: 'birth';
      readonly settings: PlainSettings;
      /** What the workers serve now; `emptySnapshot` at first. */
      readonly snapshot: Snapshot;
      readonly unhealthy: UnhealthyEndpoints;
    }
  /** Comes with the handle of the admin listener. */
  | { readonly kind: 'admin-listener'; readonly port: number }
  | {
      readonly kind: 'state';
      readonly phase: Phase;
      readonly workers: readonly WorkerState[];
      readonly listeners: readonly BoundListener[];
      /** Worker processes that died or were replaced since the start, by reason. */
      readonly deaths: Readonly<Record<string, number>>;
      readonly supervisorRssBytes: number;
      readonly controlRestarts: number;
      /** Set while data workers die faster than the back-off allows. */
      readonly crashLooping: boolean;
    }
  | { readonly kind: 'applied'; readonly index: number; readonly version: number }
  | {
      readonly kind: 'rejected';
      readonly index: number;
      readonly version: number;
      readonly what: string;
      readonly why: string;
      readonly fix: string;
    }
  | { readonly kind: 'ejected'; readonly index: number; readonly ejection: Ejection }
  /** `pid` tells a replaced worker from its successor. */
  | {
      readonly kind: 'collected';
      readonly request: number;
      readonly index: number;
      readonly pid: number;
      readonly samples: readonly MetricSample[];
    }
  | { readonly kind: 'drain' };

/** Control process to supervisor. */
export type FromControl =
  | { readonly kind: 'heartbeat' }
  | { readonly kind: 'update'; readonly update: SnapshotUpdate }
  | { readonly kind: 'health'; readonly unhealthy: UnhealthyEndpoints }
  | { readonly kind: 'collect'; readonly request: number }
  /** The control process cannot go on and a restart would not help: the supervisor ends with this exit code. */
  | { readonly kind: 'fatal'; readonly code: string; readonly what: string; readonly why: string; readonly fix: string }
  /** Leader-only work has stopped and the Lease is released. */
  | { readonly kind: 'drained' };
