import assert from 'node:assert/strict';
import { after, before } from 'node:test';

import { fairwayNamespace, installFairway, killContainer, leader, replicas, settled } from './support/fairway.ts';
import type { Replica } from './support/fairway.ts';
import { apply, deleteNamespace, kubectl } from './support/kubectl.ts';
import { describeLosses, underLoad } from './support/load.ts';
import { ingress } from './support/manifests.ts';
import { scenario } from './support/scenario.ts';
import { shopHost, startShop } from './support/shop.ts';
import { passSeconds, until } from './support/wait.ts';

const namespace = 'replicas';
const host = shopHost;
/** A killed replica is found out by the kubelet and taken out by kube-proxy; until then new connections meet it. */
const NOTICE_KILLED_MS = 5_000;

let address = '';

before(async () => {
  address = await startShop(namespace, 2);
});

after(async () => {
  await deleteNamespace(namespace);
});

scenario('Fairway updated by helm upgrade under load loses nothing', 180, async (context) => {
  const old = (await settled(2)).map(({ name }) => name);
  const report = await underLoad({ address, host }, async () => {
    await passSeconds(2);
    await installFairway({ podAnnotations: { 'fairway.dev/round': '2' } });
    await until(
      'the old replicas gone',
      async () => {
        const left = (await replicas()).filter(({ name }) => old.includes(name));
        return left.length === 0 ? true : undefined;
      },
      60_000,
    );
    await passSeconds(2);
  });
  context.diagnostic(report.summary);
  assert.equal(report.lost.length, 0, `lost requests${describeLosses(report.lost)}`);
  await settled(2);
});

scenario('a leader that is deleted hands over and nothing is lost', 120, async (context) => {
  const first = await currentLeader();
  const report = await underLoad({ address, host }, async () => {
    await passSeconds(1);
    const started = Date.now();
    await kubectl('--namespace', fairwayNamespace, 'delete', 'pod', first.name, '--wait=false');
    const next = await nextLeader(first, 20_000);
    context.diagnostic(`${next} leads ${Date.now() - started} ms after the leader was asked to end`);
    await addressWritten('handed-over');
    context.diagnostic(`it wrote the address of a new Ingress ${Date.now() - started} ms after that`);
    await settled(2);
    await passSeconds(1);
  });
  context.diagnostic(report.summary);
  assert.equal(report.lost.length, 0, `lost requests${describeLosses(report.lost)}`);
});

scenario(
  'a leader that is killed is replaced, and nothing is lost once Kubernetes has noticed',
  150,
  async (context) => {
    const first = await currentLeader();
    let killedMs = 0;
    const report = await underLoad({ address, host }, async () => {
      await passSeconds(2);
      killedMs = Date.now();
      await killContainer(first.container);
      await passSeconds(NOTICE_KILLED_MS / 1_000 + 3);
      await settled(2);
      await passSeconds(1);
    });
    context.diagnostic(report.summary);
    const late = report.lost.filter(({ sentMs }) => sentMs > killedMs + NOTICE_KILLED_MS || sentMs < killedMs - 1_000);
    assert.equal(late.length, 0, `lost long after the kill${describeLosses(late)}`);
    const answersOfServer = report.lost.filter(({ lost }) => lost?.startsWith('status-') === true);
    assert.equal(answersOfServer.length, 0, `the other replica answered wrongly${describeLosses(answersOfServer)}`);
    await addressWritten('after-kill');
    context.diagnostic(`an address is written again ${Date.now() - killedMs} ms after the kill at the latest`);
  },
);

async function currentLeader(): Promise<Replica> {
  return await until('a leader', async () => {
    const name = await leader();
    return (await settled(2)).find((replica) => replica.name === name);
  });
}

async function nextLeader(before: Replica, deadlineMs: number): Promise<string> {
  return await until(
    'another leader',
    async () => {
      const name = await leader();
      return name === '' || name === before.name ? undefined : name;
    },
    deadlineMs,
  );
}

/** Applies a new Ingress and waits for its address, which only the leader writes. */
async function addressWritten(name: string): Promise<void> {
  await apply(ingress({ namespace, name, host: `${name}.test`, service: 'shop' }));
  const words = [
    '--namespace',
    namespace,
    'get',
    'ingress',
    name,
    '--output',
    'jsonpath={.status.loadBalancer.ingress[0].ip}',
  ];
  await until(
    'the address of a new Ingress',
    async () => ((await kubectl(...words)) === address ? true : undefined),
    40_000,
  );
}
