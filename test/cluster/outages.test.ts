import assert from 'node:assert/strict';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before } from 'node:test';

import { callApi } from './support/api.ts';
import { run } from './support/command.ts';
import { addTokenKey, startComponent, stopComponent, trustOnlyTokenKey } from './support/component.ts';
import { EndpointRecorder } from './support/endpoint-changes.ts';
import { environment } from './support/environment.ts';
import { killContainer, replicas, servedEverywhere, settled } from './support/fairway.ts';
import { textAt } from './support/json.ts';
import { apply, deleteNamespace, rolledOut } from './support/kubectl.ts';
import { describeLosses, underLoad } from './support/load.ts';
import { ingress } from './support/manifests.ts';
import { cutOff, reconnect } from './support/network.ts';
import { backendPods, setReadiness } from './support/pods.ts';
import { scenario } from './support/scenario.ts';
import { shopHost, startShop } from './support/shop.ts';
import { passSeconds, until } from './support/wait.ts';

const namespace = 'outages';
const host = shopHost;
/** Address of the Service `kubernetes`, by which pods reach the API server. */
const API_SERVICE = '10.96.0.1';
/** From the API server being back to a new Ingress being served: 1 to 4 s, more when the machine has other work. */
const CAUGHT_UP_MS = 15_000;
/** Health checks are those of the readiness probe: every second, out at the second failure. */
const HEALTH_NOTICED_MS = 5_000;

let address = '';

before(async () => {
  address = await startShop(namespace, 3);
});

after(async () => {
  await deleteNamespace(namespace);
});

scenario(
  'without a kubelet a pod that is not well is taken out by health checks, and a dead one too',
  120,
  async (context) => {
    const [unwell, dead] = await backendPods(namespace, 'shop');
    assert.ok(unwell !== undefined && dead !== undefined);
    const recorder = new EndpointRecorder(namespace, 'shop');
    let unwellMs = 0;
    let deadMs = 0;
    const report = await underLoad({ address, host }, async () => {
      await stopComponent('kubelet');
      await passSeconds(1);
      unwellMs = Date.now();
      await setReadiness(unwell, 'not-ready');
      await passSeconds(HEALTH_NOTICED_MS / 1_000 + 2);
      deadMs = Date.now();
      await killContainer(dead.container);
      await passSeconds(HEALTH_NOTICED_MS / 1_000);
      assert.equal(recorder.ready.length, 3, 'Kubernetes still says that all three are ready');
      await setReadiness(unwell, 'ready');
      await startComponent('kubelet');
      await rolledOut(namespace, 'shop');
      await passSeconds(3);
    });
    recorder.stop();
    context.diagnostic(report.summary);
    const ofUnwell = report.samples.filter(
      ({ pod, sentMs }) => pod === unwell.name && sentMs > unwellMs && sentMs < deadMs,
    );
    context.diagnostic(
      `last request to the unwell pod after ${Math.max(0, ...ofUnwell.map(({ sentMs }) => sentMs - unwellMs))} ms`,
    );
    assert.ok(ofUnwell.every(({ sentMs }) => sentMs <= unwellMs + HEALTH_NOTICED_MS));
    const retryable = report.lost.filter(({ method }) => method === 'GET');
    assert.equal(retryable.length, 0, `lost requests${describeLosses(retryable)}`);
    const back = report.samples.some(({ pod, sentMs }) => pod === unwell.name && sentMs > deadMs);
    assert.ok(back, 'the pod that is well again gets requests again');
  },
);

scenario(
  'the pods of a dead node leave within their thresholds, while Kubernetes still calls them ready',
  120,
  async (context) => {
    const dead = (await backendPods(namespace, 'shop')).slice(0, 2);
    const names = dead.map(({ name }) => name);
    const recorder = new EndpointRecorder(namespace, 'shop');
    let deadMs = 0;
    let aliveMs = 0;
    const report = await underLoad({ address, host }, async () => {
      // A node that dies takes its kubelet along, and nobody says anything of its pods for most of a minute.
      await stopComponent('kubelet');
      await passSeconds(1);
      deadMs = Date.now();
      await cutOff(dead);
      await passSeconds(HEALTH_NOTICED_MS / 1_000 + 10);
      assert.equal(recorder.ready.length, 3, 'Kubernetes still says that all three are ready');
      aliveMs = Date.now();
      await reconnect(dead);
      await startComponent('kubelet');
      await rolledOut(namespace, 'shop');
      await passSeconds(5);
    });
    recorder.stop();
    context.diagnostic(report.summary);
    const noticedMs = deadMs + HEALTH_NOTICED_MS;
    const met = report.lost.filter(({ sentMs }) => sentMs > deadMs).map(({ sentMs }) => sentMs - deadMs);
    context.diagnostic(`${met.length} requests were lost to them, the last one sent after ${Math.max(0, ...met)} ms`);
    // A request that a pod has taken is lost with it; those sent later must not meet it.
    const late = report.lost.filter(({ sentMs }) => sentMs > noticedMs);
    assert.equal(late.length, 0, `lost long after the node died${describeLosses(late)}`);
    for (const name of names) {
      const back = report.samples.some(({ pod, sentMs }) => pod === name && sentMs > aliveMs);
      assert.ok(back, `${name} gets requests again`);
    }
  },
);

scenario(
  'a minute without API server and etcd is not noticed, checks go on, and then the new state is there within seconds',
  150,
  async (context) => {
    const restartsBefore = (await settled(2)).map(({ container }) => container);
    const [unwell] = await backendPods(namespace, 'shop');
    assert.ok(unwell !== undefined);
    let unwellMs = 0;
    let wellMs = 0;
    const report = await underLoad({ address, host }, async () => {
      await stopComponent('apiserver');
      await stopComponent('etcd');
      await passSeconds(10);
      unwellMs = Date.now();
      await setReadiness(unwell, 'not-ready');
      await passSeconds(HEALTH_NOTICED_MS / 1_000 + 10);
      wellMs = Date.now();
      await setReadiness(unwell, 'ready');
      await passSeconds(60 - 10 - HEALTH_NOTICED_MS / 1_000 - 10);
      await startComponent('etcd');
      await startComponent('apiserver');
      await apiServerReady();
      await apply(ingress({ namespace, name: 'new', host: 'new.test', service: 'shop' }));
      const took = await servedEverywhere('new.test', '/', CAUGHT_UP_MS);
      context.diagnostic(`a new Ingress served by every replica ${took} ms after it could be applied`);
      await passSeconds(5);
    });
    await restartControllers();
    context.diagnostic(report.summary);
    assert.equal(report.lost.length, 0, `lost requests${describeLosses(report.lost)}`);
    const ofUnwell = report.samples.filter(({ pod }) => pod === unwell.name).map(({ sentMs }) => sentMs);
    const late = ofUnwell.filter((sentMs) => sentMs > unwellMs + HEALTH_NOTICED_MS && sentMs < wellMs);
    assert.equal(late.length, 0, 'checks go on while nobody can tell Fairway anything');
    assert.ok(
      ofUnwell.some((sentMs) => sentMs > wellMs),
      'the pod that is well again gets requests again, still without an API server or soon after',
    );
    assert.deepEqual(
      (await settled(2)).map(({ container }) => container),
      restartsBefore,
      'no replica was started again',
    );
  },
);

scenario('a rotated token is taken from its file', 180, async (context) => {
  const report = await underLoad({ address, host }, async () => {
    // New tokens are signed with key 2, old ones are still good: the first half of every key rotation.
    await addTokenKey(2);
    await restartApiServer();
    // A kubelet that has just started asks for new tokens and writes them into the pods.
    await stopComponent('kubelet');
    await startComponent('kubelet');
    await until(
      'new tokens in the pods',
      async () => ((await tokenKeysInPods()).size === 1 ? true : undefined),
      60_000,
    );
    await trustOnlyTokenKey(2);
    await restartApiServer();
    await apply(ingress({ namespace, name: 'rotated', host: 'rotated.test', service: 'shop' }));
    const took = await servedEverywhere('rotated.test', '/', CAUGHT_UP_MS);
    context.diagnostic(`a new Ingress served by every replica ${took} ms after the old token had become invalid`);
  });
  await restartControllers();
  context.diagnostic(report.summary);
  assert.equal(report.lost.length, 0, `lost requests${describeLosses(report.lost)}`);
  await settled(2);
});

async function restartApiServer(): Promise<void> {
  await stopComponent('apiserver');
  await startComponent('apiserver');
  await apiServerReady();
}

/** After an outage they would come back by themselves, up to half a minute later; the next test does not wait for that. */
async function restartControllers(): Promise<void> {
  for (const name of ['controller-manager', 'scheduler'] as const) {
    await stopComponent(name);
    await startComponent(name);
  }
}

/** Waits until the API server answers the tests, and pods as well. */
async function apiServerReady(): Promise<void> {
  await until(
    'the API server',
    async () => ((await callApi('GET', '/readyz')).status === 200 ? true : undefined),
    60_000,
  );
  // An API server that ends takes itself out of the Service `kubernetes`. kube-proxy would hear of its return up to half
  // a minute later, and until then no pod reaches it, whatever Fairway does.
  await stopComponent('proxy');
  await startComponent('proxy');
  await until('the Service of the API server', async () => {
    const { stdout } = await run('iptables-save', ['--table', 'nat']);
    return stdout.includes(`-d ${API_SERVICE}/32`) ? true : undefined;
  });
}

/**
 * Which keys the tokens in Fairway's pods are signed with, read from the files that the kubelet wrote.
 * Contains `old` as long as one token was there before the kubelet was started again.
 */
async function tokenKeysInPods(): Promise<ReadonlySet<string>> {
  const keys = (await replicas()).map(async ({ uid }) => {
    const volumes = join(environment.run, 'kubelet/pods', uid, 'volumes/kubernetes.io~projected');
    const folders = await readdir(volumes);
    const tokens = await Promise.all(
      folders.map(async (folder) => await readFile(join(volumes, folder, 'token'), 'utf8').catch(() => '')),
    );
    return tokens.filter((token) => token !== '').map(keyOf);
  });
  return new Set((await Promise.all(keys)).flat());
}

/** Name of the key that a token is signed with, from its first part. */
function keyOf(token: string): string {
  const [head = ''] = token.split('.');
  return textAt(JSON.parse(Buffer.from(head, 'base64url').toString()), 'kid');
}
