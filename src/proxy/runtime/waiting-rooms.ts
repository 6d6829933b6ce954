import type { CoarseTimers } from '../../lib/coarse-timers.ts';
import type { Upstream } from '../../model/upstream.ts';
import type { Counters, Series } from '../../telemetry/counters.ts';
import type { MetricName } from '../../telemetry/metrics.ts';
import type { UpstreamState } from '../upstreams/upstream-state.ts';
import type { WaitingParts } from '../upstreams/waiting-room.ts';
import { WaitingRoom } from '../upstreams/waiting-room.ts';
import type { WorkerPlace } from '../upstreams/worker-share.ts';
import { shareOf } from '../upstreams/worker-share.ts';

export interface WaitingRoomsParts {
  /** Monotonic milliseconds. */
  readonly now: () => number;
  readonly timers: CoarseTimers;
  readonly counters: Counters;
  readonly worker: WorkerPlace;
  readonly upstreams: () => Iterable<UpstreamState>;
}

export type ShedFailure = 'queue-full' | 'queue-timeout' | 'hold-full' | 'hold-timeout';

/** Requests of the whole replica that may wait for one upstream, unless `max-pending-requests` says otherwise. */
const mostWaiting = 1000;
/** Those that still wait get their answer this long before a drain cuts their connections, or earlier in a short one. */
const beforeCutMs = 1000;

/** Where requests of one worker wait: a room for each upstream that needs one. */
export class WaitingRooms {
  readonly #parts: WaitingRoomsParts;
  readonly #shared: WaitingParts;
  #closed = false;

  constructor(parts: WaitingRoomsParts) {
    const { counters, now, timers, worker } = parts;
    this.#parts = parts;
    this.#shared = {
      now,
      deadline: (onDue) => timers.deadline(onDue),
      mostWaiting: shareOf(mostWaiting, worker),
      closed: () => this.#closed,
      onCount: (upstream, reason, count) => seriesOf(counters, 'fairway_requests_waiting', upstream, reason).set(count),
      onWaited: (upstream, reason, ms) =>
        seriesOf(counters, 'fairway_request_wait_seconds', upstream, reason).add(ms / 1000),
    };
  }

  /** A request is answered with 503 because it could not wait, or waited in vain. */
  countShed({ upstream }: UpstreamState, failure: ShedFailure): void {
    seriesOf(this.#parts.counters, 'fairway_requests_shed_total', upstream, failure).add(1);
  }

  of(upstream: UpstreamState): WaitingRoom {
    upstream.waiting ??= new WaitingRoom(upstream, this.#shared);
    return upstream.waiting;
  }

  /** A drain has begun: whoever still waits shortly before its end is answered, and nobody waits after that. */
  drain(deadlineMs: number): void {
    const timer = this.#parts.timers.deadline(() => this.#close());
    timer.set(Math.max(0, deadlineMs - Math.min(beforeCutMs, deadlineMs / 5)));
  }

  #close(): void {
    this.#closed = true;
    for (const { waiting } of this.#parts.upstreams()) waiting?.refuseAll('timeout');
  }
}

/** @param last  value of the last label */
function seriesOf(counters: Counters, metric: MetricName, upstream: Upstream, last: string): Series {
  const { namespace, service, port } = upstream;
  return counters.series(metric, [namespace, service, port, last]);
}
