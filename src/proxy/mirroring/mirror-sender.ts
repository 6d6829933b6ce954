import http from 'node:http';
import https from 'node:https';

import type { Clock } from '../../lib/clock.ts';
import { CoarseTimers } from '../../lib/coarse-timers.ts';
import type { UpstreamId } from '../../model/ids.ts';
import type { Counters } from '../../telemetry/counters.ts';
import type { BodyCopy } from '../exchange/body-copy.ts';
import type { CopiedRequest, MirrorSender } from '../filters/mirror-sender.ts';
import type { EndpointState } from '../upstreams/endpoint-state.ts';
import { Copy } from './copy.ts';
import type { CopyOutcome } from './copy.ts';
import type { Destination } from './destination.ts';
import { destinationOf } from './destination.ts';

export interface MirrorParts {
  readonly clock: Clock;
  readonly counters: Counters;
  /** The endpoint of an upstream that a balancer chooses for this key; undefined when there is none. */
  readonly pick: (upstream: UpstreamId, key: string) => EndpointState | undefined;
  /** Absent: as production has them. */
  readonly limits?: MirrorLimits;
}

/** Bounds of one data worker. */
export interface MirrorLimits {
  /** Copies under way. */
  readonly copies: number;
  /** Bytes of bodies that wait for slow targets, all together. */
  readonly bytes: number;
  /** Bytes of one body that wait. */
  readonly bytesOfOne: number;
  /** From the begin of a copy to the end of its answer. */
  readonly deadlineMs: number;
}

const usualLimits: MirrorLimits = {
  copies: 512,
  bytes: 32 * 1024 * 1024,
  bytesOfOne: 1024 * 1024,
  deadlineMs: 60_000,
};

/** Sends copies, over connections of its own: what happens to them never reaches an exchange. */
export function createMirrorSender({ clock, counters, pick, limits = usualLimits }: MirrorParts): MirrorSender {
  const timers = new CoarseTimers(clock.now);
  const agents = { http: new http.Agent(agentOptions(limits)), https: new https.Agent(agentOptions(limits)) };
  let copies = 0;
  let waiting = 0;
  const count = ({ namespace, ingress }: CopiedRequest['labels'], outcome: CopyOutcome): void =>
    counters.series('fairway_mirrored_requests_total', [namespace, ingress, outcome]).add(1);

  const start = (copied: CopiedRequest, destination: Destination): BodyCopy | undefined => {
    const { endpoint } = destination;
    copies += 1;
    if (endpoint !== undefined) endpoint.inFlight += 1;
    const copy = new Copy({
      destination,
      agents,
      timers,
      limits,
      hold: (bytes) => {
        waiting += bytes;
        return waiting <= limits.bytes;
      },
      onEnd: (outcome) => {
        copies -= 1;
        if (endpoint !== undefined) endpoint.inFlight -= 1;
        count(copied.labels, outcome);
      },
    });
    copy.start(copied);
    return copied.body === 'none' ? undefined : copy;
  };

  return (copied) => {
    const destination = copies < limits.copies ? destinationOf(copied, pick) : undefined;
    if (destination !== undefined) return start(copied, destination);
    count(copied.labels, copies < limits.copies ? 'failed' : 'dropped');
    return undefined;
  };
}

function agentOptions({ copies }: MirrorLimits): http.AgentOptions {
  return { keepAlive: true, maxTotalSockets: copies, maxFreeSockets: 32, timeout: 30_000, scheduling: 'lifo' };
}
