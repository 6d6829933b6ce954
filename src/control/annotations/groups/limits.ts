import type { UpstreamLimits } from '../../../model/pool-policy.ts';
import type { AnnotationGroup, MeaningProblem } from '../definition.ts';
import { defineGroup } from '../definition.ts';
import { duration, wholeNumber } from '../value-kind.ts';

interface Values {
  readonly connectionsPerEndpoint: number;
  readonly connections: number;
  readonly pending: number;
  readonly pendingMs: number;
  readonly holdMs: number;
}

const mostConnections = 1_000_000;
/** A request that waits costs some kilobytes, and up to 64 KiB of its body. */
const mostPending = 10_000;
const defaultPending = 1000;
const defaultPendingMs = 10_000;
const longestWaitMs = 600_000;

/** How much may be under way at the endpoints of a Service, and which requests wait. */
export const limits: AnnotationGroup = defineGroup<Values>({
  title: 'Limits and waiting',
  annotations: {
    connectionsPerEndpoint: {
      key: 'max-connections-per-endpoint',
      value: wholeNumber(1, mostConnections),
      scope: 'upstream',
      risk: 'low',
      doc: 'Requests and WebSocket tunnels at one endpoint at a time. A full endpoint is passed by; a session waits for its own. For each replica; the data workers divide it, one at least for each.',
      example: '50',
      own: true,
    },
    connections: {
      key: 'max-connections',
      value: wholeNumber(1, mostConnections),
      scope: 'upstream',
      risk: 'low',
      doc: 'Requests and WebSocket tunnels at all endpoints of the Service together. For each replica, divided as above.',
      example: '500',
      own: true,
    },
    pending: {
      key: 'max-pending-requests',
      value: wholeNumber(0, mostPending),
      scope: 'upstream',
      risk: 'medium',
      doc: `Requests that may wait, for a place under the limits above or for the first endpoint; one more gets 503 with Retry-After. ${defaultPending} if absent; 0: none waits. For each replica, divided as above.`,
      example: '200',
      own: true,
    },
    pendingMs: {
      key: 'pending-timeout',
      value: duration(100, longestWaitMs),
      scope: 'upstream',
      risk: 'low',
      doc: 'Longest wait for a place, then 503 with Retry-After; 10s if absent.',
      example: '2s',
      own: true,
    },
    holdMs: {
      key: 'hold-for-endpoints',
      value: duration(100, longestWaitMs),
      scope: 'path',
      risk: 'medium',
      doc: 'Requests for a Service without endpoints wait so long for the first one, for example while it scales up from zero; then 503 with Retry-After. Without it they get 503 at once.',
      example: '30s',
      own: true,
    },
  },
  meaning: (values) => {
    const wished = limitsOf(values);
    const problems = problemsOf(values);
    return {
      ...(wished === undefined ? {} : { upstream: { limits: wished } }),
      ...(values.holdMs === undefined ? {} : { route: { holdMs: values.holdMs } }),
      ...(problems.length === 0 ? {} : { problems }),
    };
  },
});

function limitsOf({
  connections,
  connectionsPerEndpoint,
  holdMs,
  pending,
  pendingMs,
}: Partial<Values>): UpstreamLimits | undefined {
  const limited = connections !== undefined || connectionsPerEndpoint !== undefined;
  if (!limited && (pending === undefined || holdMs === undefined)) return undefined;
  return {
    ...(connectionsPerEndpoint !== undefined && { connectionsPerEndpoint }),
    ...(connections !== undefined && { connections }),
    pending: pending ?? defaultPending,
    pendingMs: pendingMs ?? defaultPendingMs,
  };
}

/** Words about waiting where nothing waits. */
function problemsOf({
  connections,
  connectionsPerEndpoint,
  holdMs,
  pending,
  pendingMs,
}: Partial<Values>): MeaningProblem[] {
  if (connections !== undefined || connectionsPerEndpoint !== undefined) return [];
  const problems: MeaningProblem[] = [];
  if (pendingMs !== undefined) {
    const fix = 'Add max-connections-per-endpoint or max-connections, or remove it.';
    problems.push({ key: 'pending-timeout', why: 'nothing limits the connections', fix, outcome: 'ignored' });
  }
  if (pending !== undefined && holdMs === undefined) {
    const fix = 'Add max-connections-per-endpoint, max-connections or hold-for-endpoints, or remove it.';
    const why = 'nothing limits the connections, and nothing holds requests';
    problems.push({ key: 'max-pending-requests', why, fix, outcome: 'ignored' });
  }
  return problems;
}
