import { access } from 'node:fs/promises';
import { join } from 'node:path';

import { callApi, getObject } from './api.ts';
import { ask } from './client.ts';
import type { ClientAnswer, RequestOptions } from './client.ts';
import { run } from './command.ts';
import { environment } from './environment.ts';
import { at, listAt, textAt } from './json.ts';
import { apply } from './kubectl.ts';
import { restrictedNamespace } from './manifests.ts';
import { until } from './wait.ts';

export const releaseName = 'fairway';
export const fairwayNamespace: string = environment.fairwayNamespace;

/** Ports of Fairway's containers. */
const HTTP_PORT = 8080;

const chart = join(environment.project, 'charts/fairway');

/** What the tests set in the chart and a user would not: the local image, and short times so that an update fits into a test. */
const baseValues = {
  replicaCount: 2,
  image: { registry: 'localhost', image: 'fairway', tag: 'test', digest: '', pullPolicy: 'Never' },
  minReadySeconds: 2,
  terminationGracePeriodSeconds: 60,
  extraArgs: { 'shutdown-lameduck': '4s', 'shutdown-drain': '20s' },
  service: { type: 'LoadBalancer' },
};

export type ControllerValues = Readonly<Record<string, unknown>>;

export interface Replica {
  readonly name: string;
  readonly uid: string;
  readonly address: string;
  readonly ready: boolean;
  readonly terminating: boolean;
  /** Name of the container in containerd. */
  readonly container: string;
  readonly serviceAccount: string;
}

/**
 * Installs Fairway by its chart, or brings it to these values, and waits until it is ready.
 * @param controller  values below `controller` besides those that all tests set
 * @returns the address of the load balancer in front of it
 */
export async function installFairway(controller: ControllerValues = {}): Promise<string> {
  await access(join(chart, 'Chart.yaml'));
  await apply(restrictedNamespace(fairwayNamespace));
  const values = { controller: { ...baseValues, ...controller } };
  const words = ['upgrade', '--install', releaseName, chart, '--namespace', fairwayNamespace, '--values', '-'];
  await run('helm', [...words, '--wait', '--timeout', '120s'], { input: JSON.stringify(values), deadlineMs: 130_000 });
  return await loadBalancerAddress();
}

/** Takes Fairway out as a user does, by `helm uninstall`. */
export async function uninstallFairway(): Promise<void> {
  const words = ['uninstall', releaseName, '--namespace', fairwayNamespace, '--wait', '--timeout', '90s'];
  await run('helm', words, { deadlineMs: 100_000 });
}

async function loadBalancerAddress(): Promise<string> {
  return await until('an address of the load balancer', async () => {
    const services = listAt(await getObject(`/api/v1/namespaces/${fairwayNamespace}/services`), 'items');
    const service = services.find((item) => textAt(item, 'spec', 'type') === 'LoadBalancer');
    const address = textAt(service, 'status', 'loadBalancer', 'ingress', 0, 'ip');
    return address === '' ? undefined : address;
  });
}

/** Fairway's pods, those that terminate included. */
export async function replicas(): Promise<readonly Replica[]> {
  const items = listAt(await getObject(`/api/v1/namespaces/${fairwayNamespace}/pods`), 'items');
  return items.map(replicaOf);
}

function replicaOf(pod: unknown): Replica {
  const conditions = listAt(pod, 'status', 'conditions');
  return {
    name: textAt(pod, 'metadata', 'name'),
    uid: textAt(pod, 'metadata', 'uid'),
    address: textAt(pod, 'status', 'podIP'),
    ready: conditions.some(
      (condition) => textAt(condition, 'type') === 'Ready' && textAt(condition, 'status') === 'True',
    ),
    terminating: at(pod, 'metadata', 'deletionTimestamp') !== undefined,
    container: textAt(pod, 'status', 'containerStatuses', 0, 'containerID').replace('containerd://', ''),
    serviceAccount: textAt(pod, 'spec', 'serviceAccountName'),
  };
}

/** Waits until exactly so many replicas exist, all of them ready and none of them leaving. */
export async function settled(count: number, deadlineMs = 60_000): Promise<readonly Replica[]> {
  return await until(
    `${count} ready replicas and no others`,
    async () => {
      const found = await replicas();
      const steady = found.length === count && found.every(({ ready, terminating }) => ready && !terminating);
      return steady ? found : undefined;
    },
    deadlineMs,
  );
}

/** The same request to every replica, past the load balancer. */
export async function askEveryReplica(
  options: Omit<RequestOptions, 'address' | 'port'>,
): Promise<readonly ClientAnswer[]> {
  const serving = (await replicas()).filter(({ ready }) => ready);
  return await Promise.all(serving.map(async ({ address }) => await ask({ ...options, address, port: HTTP_PORT })));
}

/**
 * Waits until every replica gives the demo application's answer for this host and path.
 * @returns how long it took
 */
export async function servedEverywhere(host: string, path = '/', deadlineMs = 30_000): Promise<number> {
  const started = Date.now();
  await until(
    `${host}${path} served by every replica`,
    async () => {
      const answers = await askEveryReplica({ host, path });
      return answers.length > 0 && answers.every(({ pod }) => pod !== '') ? true : undefined;
    },
    deadlineMs,
  );
  return Date.now() - started;
}

/** Name of the replica that leads; empty while none does. */
export async function leader(): Promise<string> {
  const path = `/apis/coordination.k8s.io/v1/namespaces/${fairwayNamespace}/leases`;
  const holders = listAt(await getObject(path), 'items').map((lease) => textAt(lease, 'spec', 'holderIdentity'));
  const names = (await replicas()).map(({ name }) => name);
  return names.find((name) => holders.some((holder) => holder.startsWith(name))) ?? '';
}

/** Ends a container at once, as the kernel does when memory runs out; Kubernetes is not asked. */
export async function killContainer(container: string): Promise<void> {
  const socket = join(environment.run, 'containerd.sock');
  await run('ctr', ['--address', socket, '--namespace', 'k8s.io', 'tasks', 'kill', '--signal', 'SIGKILL', container]);
}

/** Memory of each replica in MiB, as the kubelet measures it (working set), largest first. */
export async function replicaMemory(): Promise<readonly number[]> {
  const { body } = await callApi('GET', '/api/v1/nodes/node1/proxy/stats/summary?only_cpu_and_memory=true');
  return listAt(body, 'pods')
    .filter((pod) => textAt(pod, 'podRef', 'namespace') === fairwayNamespace)
    .map((pod) => Number(at(pod, 'memory', 'workingSetBytes') ?? 0))
    .map((bytes) => Math.round(bytes / 1_048_576))
    .toSorted((one, other) => other - one);
}
