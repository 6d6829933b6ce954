import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';

import { ask } from './support/client.ts';
import { installFairway, replicaMemory, replicas, servedEverywhere } from './support/fairway.ts';
import { apply, deleteNamespace, kubectl, rolledOut } from './support/kubectl.ts';
import { backend, ingress, restrictedNamespace } from './support/manifests.ts';
import { scenario } from './support/scenario.ts';
import { until } from './support/wait.ts';

const namespace = 'many';
const COUNT = 1_000;
/** The kubelet measures memory every 10 s. */
const MEMORY_MEASURED_MS = 12_000;
const PARALLEL_REQUESTS = 20;
/** From the end of kubectl to every host being served by every replica. */
const SERVED_MS = 10_000;

let address = '';

before(async () => {
  address = await installFairway();
  await apply(restrictedNamespace(namespace), ...backend({ namespace, name: 'shop', replicas: 2 }));
  await rolledOut(namespace, 'shop');
});

after(async () => {
  await deleteNamespace(namespace);
});

scenario('1,000 Ingresses applied by kubectl are served', 240, async (context) => {
  await pause(MEMORY_MEASURED_MS);
  const memoryBefore = await replicaMemory();
  const started = Date.now();
  await apply(...numbers().map((number) => ingressOf(number)));
  const appliedMs = Date.now();
  const last = await servedEverywhere(hostOf(COUNT - 1), '/', SERVED_MS);
  assert.deepEqual(await hostsNotServed(), []);
  context.diagnostic(`kubectl took ${appliedMs - started} ms; the last host served ${last} ms after its end`);
  context.diagnostic(`all ${COUNT} hosts asked on every replica ${Date.now() - appliedMs} ms after the end of kubectl`);

  await apply(ingressOf(COUNT));
  context.diagnostic(`one more served by every replica after ${await servedEverywhere(hostOf(COUNT))} ms`);
  await until(
    'the address of all',
    async () => {
      const addresses = await kubectl(
        '--namespace',
        namespace,
        'get',
        'ingress',
        '--output=jsonpath={.items[*].status.loadBalancer.ingress[0].ip}',
      );
      return addresses.split(' ').filter((text) => text === address).length === COUNT + 1 ? true : undefined;
    },
    60_000,
  );
  context.diagnostic(`all have an address ${Date.now() - appliedMs} ms after the end of kubectl`);
  await pause(MEMORY_MEASURED_MS);
  const memoryAfter = await replicaMemory();
  context.diagnostic(
    `memory of the replicas before: ${memoryBefore.join(', ')} MiB; after: ${memoryAfter.join(', ')} MiB`,
  );
  assert.ok((await replicas()).every(({ ready }) => ready));
});

function numbers(): readonly number[] {
  return Array.from({ length: COUNT }, (_, number) => number);
}

function hostOf(number: number): string {
  return `host-${number}.test`;
}

function ingressOf(number: number): ReturnType<typeof ingress> {
  return ingress({ namespace, name: `many-${number}`, host: hostOf(number), service: 'shop' });
}

/** Asks every replica for every host, some at a time. */
async function hostsNotServed(): Promise<readonly string[]> {
  const missing: string[] = [];
  const questions = (await replicas()).flatMap((replica) =>
    numbers().map((number) => ({ replica, host: hostOf(number) })),
  );
  const worker = async (): Promise<void> => {
    for (let question = questions.pop(); question !== undefined; question = questions.pop()) {
      const { replica, host } = question;
      const answer = await ask({ address: replica.address, port: 8080, host });
      if (answer.pod === '') {
        missing.push(`${host} on ${replica.name}: ${answer.status}`);
      }
    }
  };
  await Promise.all(Array.from({ length: PARALLEL_REQUESTS }, worker));
  return missing;
}
