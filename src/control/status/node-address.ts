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

export interface NodeAddressOptions {
  readonly client: ApiClient;
  readonly nodeName: string;
  readonly wanted: 'external' | 'internal';
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly log: Logger;
}

/** Addresses of a node hardly ever change. */
const againMs = 10 * 60_000;

/** Asks for the addresses of the own node until `signal` aborts, and tells when they are others than before. */
export async function followNodeAddress(
  options: NodeAddressOptions,
  changed: (addresses: readonly string[]) => void,
  signal: AbortSignal,
): Promise<void> {
  const { client, nodeName, clock, random, timers, log, wanted } = options;
  const backOff = new BackOff(clock, random);
  const right = { group: '', resource: 'nodes', verbs: ['get'], role: 'the ClusterRole' };
  const problem = new WriteProblem(`the address of node ${nodeName} in the status`, right, log);
  let last = '';
  while (!signal.aborted) {
    try {
      const path = `/api/v1/nodes/${encodeURIComponent(nodeName)}`;
      const addresses = nodeAddresses(await client.send({ method: 'GET', path, signal }), wanted);
      problem.worked();
      backOff.worked();
      if (addresses.join() !== last) changed(addresses);
      last = addresses.join();
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
