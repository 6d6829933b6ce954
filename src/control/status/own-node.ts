import type { Clock } from '../../lib/clock.ts';
import type { Logger } from '../../lib/logger.ts';
import type { Random } from '../../lib/random.ts';
import type { ApiClient } from '../sources/cluster/api-client.ts';
import { asApiError } from '../sources/cluster/api-error.ts';
import { BackOff } from '../sources/cluster/back-off.ts';
import { arrayAt, objectAt, textAt } from '../sources/cluster/json.ts';
import type { Timers } from '../sources/cluster/timers.ts';
import { pause } from '../sources/cluster/timers.ts';
import { WriteProblem } from './write-problem.ts';

export interface OwnNodeOptions {
  readonly client: ApiClient;
  readonly nodeName: string;
  /** What is wanted of the node, for messages. */
  readonly wanted: string;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly log: Logger;
}

/** Addresses and labels of a node hardly ever change. */
const againMs = 10 * 60_000;

/** Asks for the own node until `signal` aborts. @param take  gets each answer, a v1 Node of which nothing is checked */
export async function followOwnNode(
  options: OwnNodeOptions,
  take: (node: unknown) => void,
  signal: AbortSignal,
): Promise<void> {
  const { client, nodeName, clock, random, timers, log, wanted } = options;
  const backOff = new BackOff(clock, random);
  const right = { group: '', resource: 'nodes', verbs: ['get'], role: 'the ClusterRole' };
  const problem = new WriteProblem(`${wanted} of node ${nodeName}`, right, log, 'read');
  while (!signal.aborted) {
    try {
      const path = `/api/v1/nodes/${encodeURIComponent(nodeName)}`;
      take(await client.send({ method: 'GET', path, signal }));
      problem.worked();
      backOff.worked();
      await pause(timers, againMs, signal);
    } catch (error) {
      if (signal.aborted) return;
      const failed = asApiError(error);
      problem.failed(failed);
      await pause(timers, backOff.next(failed.retryAfterMs), signal);
    }
  }
}

/**
 * The first address of the wanted type; a node without an external one gives its internal one.
 * Source: ingress-nginx internal/k8s/main.go, `GetNodeIPOrName`.
 */
export function nodeAddresses(node: unknown, wanted: 'external' | 'internal'): readonly string[] {
  const addresses = arrayAt(objectAt(node, 'status'), 'addresses');
  const of = (type: string): string[] =>
    addresses
      .filter((one) => textAt(one, 'type') === type)
      .map((one) => textAt(one, 'address'))
      .filter((address) => address !== '');
  const internal = of('InternalIP').slice(0, 1);
  const external = of('ExternalIP').slice(0, 1);
  return wanted === 'external' && external.length > 0 ? external : internal;
}

/** Source: Kubernetes, well-known label `topology.kubernetes.io/zone`. @returns empty when the node does not say */
export function nodeZone(node: unknown): string {
  return textAt(objectAt(objectAt(node, 'metadata'), 'labels'), 'topology.kubernetes.io/zone');
}
