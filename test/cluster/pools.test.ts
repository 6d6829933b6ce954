import assert from 'node:assert/strict';
import { after, before } from 'node:test';

import { callApi, getObject } from './support/api.ts';
import { ask } from './support/client.ts';
import type { ClientAnswer } from './support/client.ts';
import { EndpointRecorder } from './support/endpoint-changes.ts';
import { askEveryReplica, servedEverywhere, settled } from './support/fairway.ts';
import { at, listAt, textAt } from './support/json.ts';
import { apply, deleteNamespace, kubectl, rolledOut } from './support/kubectl.ts';
import { describeLosses, underLoad } from './support/load.ts';
import type { LoadReport, Sample } from './support/load.ts';
import { backend, ingress } from './support/manifests.ts';
import { backendPods, onePod, seenBy, setReadiness } from './support/pods.ts';
import type { BackendPod } from './support/pods.ts';
import { fairwayProcesses, signalBackend } from './support/processes.ts';
import { scenario } from './support/scenario.ts';
import { shopHost, startShop } from './support/shop.ts';
import { rewriteSlice, selectorlessService, sliceOf } from './support/slices.ts';
import { passSeconds, until } from './support/wait.ts';

// Who gets requests, and what becomes of those that nobody can take: what a pool does beyond following its endpoints.
const namespace = 'pools';
/** From a change in the API server to all traffic that follows it. Generous: two cores carry the whole cluster. */
const REACTION_MS = 1_000;
const HTTP_PORT = 8080;

let address = '';

before(async () => {
  address = await startShop(namespace, 3);
  await apply(
    ...backend({ namespace, name: 'next' }),
    ...backend({ namespace, name: 'bare', replicas: 2, probe: 'none' }),
    ...backend({ namespace, name: 'sleeper', replicas: 0 }),
  );
  await rolledOut(namespace, 'next');
  await rolledOut(namespace, 'bare');
});

after(async () => {
  await deleteNamespace(namespace);
});

async function scale(deployment: string, replicas: number): Promise<void> {
  await kubectl('--namespace', namespace, 'scale', `deployment/${deployment}`, `--replicas=${replicas}`);
}

function assertNothingLost({ lost }: Pick<LoadReport, 'lost'>): void {
  assert.equal(lost.length, 0, `lost requests${describeLosses(lost)}`);
}

/** Whether a pod of this Deployment answered. */
const answeredBy = (name: string, { pod }: Pick<Sample, 'pod'>): boolean => pod.startsWith(`${name}-`);

scenario(
  '20 requests for a Deployment at 0 replicas wait until it is scaled to 1, and are answered',
  60,
  async (context) => {
    const annotations = { 'fairway.dev/hold-for-endpoints': '30s' };
    await apply(
      ingress({ namespace, name: 'held', host: 'held.test', service: 'sleeper', annotations }),
      ingress({ namespace, name: 'unheld', host: 'unheld.test', service: 'sleeper' }),
    );
    // What is applied first is compiled no later.
    await until('503 of every replica', async () => {
      const answers = await askEveryReplica({ host: 'unheld.test' });
      return answers.every(({ status }) => status === 503) ? true : undefined;
    });
    const askedMs = Date.now();
    assert.equal((await ask({ address, host: 'unheld.test' })).status, 503);
    const refusedMs = Date.now() - askedMs;

    const recorder = new EndpointRecorder(namespace, 'sleeper');
    const waiting = Array.from({ length: 20 }, async () => {
      const answer = await ask({ address, host: 'held.test', deadlineMs: 30_000 });
      return { ...answer, doneMs: Date.now() };
    });
    await passSeconds(2);
    const scaledMs = Date.now();
    await scale('sleeper', 1);
    const answers = await Promise.all(waiting);
    recorder.stop();

    const times = answers.map(({ doneMs }) => doneMs).toSorted((one, other) => one - other);
    const readyMs = recorder.changes.find(({ condition }) => condition === 'ready')?.heardMs ?? Infinity;
    const last = times.at(-1) ?? Infinity;
    context.diagnostic(`scaled to ready in EndpointSlice: ${(readyMs - scaledMs) / 1_000} s`);
    context.diagnostic(
      `scaled to the last of 20 answers: ${(last - scaledMs) / 1_000} s, after ready ${last - readyMs} ms`,
    );
    context.diagnostic(`without hold-for-endpoints: 503 after ${refusedMs} ms`);
    assert.deepEqual(
      answers
        .filter(({ status, pod }) => status !== 200 || !answeredBy('sleeper', { pod }))
        .map(({ status }) => status),
      [],
    );
    assert.ok((times[0] ?? 0) > scaledMs, 'all of them waited');
    assert.ok(last - readyMs < REACTION_MS);
    assert.ok(refusedMs < REACTION_MS, 'the others did not wait');
  },
);

scenario(
  'max-connections-per-endpoint: a burst waits up to the bound, the rest gets 503 with Retry-After',
  60,
  async (context) => {
    const [limit, pending, burst] = [2, 8, 40];
    const annotations = {
      'fairway.dev/max-connections-per-endpoint': String(limit),
      'fairway.dev/max-pending-requests': String(pending),
    };
    await rolledOut(namespace, 'sleeper');
    await apply(ingress({ namespace, name: 'limited', host: 'limited.test', service: 'sleeper', annotations }));
    await servedEverywhere('limited.test');
    const replicas = await settled(2);
    const [replica] = replicas;
    assert.ok(replica !== undefined);
    const processes = await fairwayProcesses(replica);
    // Each data worker may hold one request, even when the limit is smaller than their number.
    const most = Math.max(limit, processes.filter(({ kind }) => kind === 'worker').length);
    const pod = await onePod(namespace, 'sleeper');
    for (const [name, target, count] of [
      ['one replica', { address: replica.address, port: HTTP_PORT }, 1],
      ['both replicas', { address }, 2],
    ] as const) {
      const requests = Array.from({ length: burst }, () =>
        ask({ ...target, host: 'limited.test', path: '/slow?ms=300', deadlineMs: 30_000 }),
      );
      const answers = await Promise.all(requests);
      const { mostAtOnce } = await seenBy(pod, '/');
      const served = answers.filter(({ pod: answering }) => answering === pod.name).length;
      context.diagnostic(`${burst} at once to ${name}: ${served} served, ${mostAtOnce} at a time at the pod`);
      assert.ok(mostAtOnce <= most * count, `${mostAtOnce} at once at the pod`);
      assert.ok(served > most * count, 'some waited for a place');
      assert.ok(served <= (most + pending) * count, `${served} served`);
      assert.equal(served + answers.filter(isTurnedAway).length, burst);
    }
    assert.equal((await ask({ address, host: 'limited.test' })).pod, pod.name, 'it serves again');
  },
);

function isTurnedAway({ status, headers }: ClientAnswer): boolean {
  return status === 503 && Number(headers['retry-after']) > 0;
}

scenario(
  'a canary as Argo Rollouts and Flagger lead it: 0, 20, 50, 100 percent, deleted, and nothing is lost',
  90,
  async (context) => {
    const canary = `/apis/networking.k8s.io/v1/namespaces/${namespace}/ingresses/shop-canary`;
    const annotationsOf = (weight: number): Record<string, string> => ({
      'nginx.ingress.kubernetes.io/canary': 'true',
      'nginx.ingress.kubernetes.io/canary-weight': String(weight),
    });
    const steps: { readonly weight: number; readonly sinceMs: number; readonly untilMs: number }[] = [];
    const hold = async (weight: number): Promise<void> => {
      const sinceMs = Date.now() + REACTION_MS;
      await passSeconds(REACTION_MS / 1_000 + 2);
      steps.push({ weight, sinceMs, untilMs: Date.now() });
    };
    const report = await underLoad({ address, host: shopHost }, async () => {
      const createdMs = Date.now();
      const annotations = annotationsOf(0);
      await apply(ingress({ namespace, name: 'shop-canary', host: shopHost, service: 'next', annotations }));
      const status = await until('the address in its status', async () => {
        const ip = textAt(await getObject(canary), 'status', 'loadBalancer', 'ingress', 0, 'ip');
        return ip === '' ? undefined : ip;
      });
      assert.equal(status, address);
      context.diagnostic(`status.loadBalancer of the canary after ${Date.now() - createdMs} ms`);
      await hold(0);
      for (const weight of [20, 50, 100]) {
        const answer = await callApi('PATCH', canary, { metadata: { annotations: annotationsOf(weight) } });
        assert.equal(answer.status, 200);
        await hold(weight);
      }
      assert.equal((await callApi('DELETE', canary)).status, 200);
      await hold(0);
    });
    context.diagnostic(report.summary);
    assertNothingLost(report);
    for (const { weight, sinceMs, untilMs } of steps) {
      const during = report.samples.filter(({ sentMs, doneMs }) => sentMs >= sinceMs && doneMs <= untilMs);
      const share = during.filter((sample) => answeredBy('next', sample)).length / during.length;
      // Five standard deviations of as many independent choices; none at 0 and 100.
      const tolerance = 5 * Math.sqrt(((weight / 100) * (1 - weight / 100)) / during.length);
      context.diagnostic(`canary-weight ${weight}: ${(share * 100).toFixed(1)} % of ${during.length} requests`);
      assert.ok(Math.abs(share - weight / 100) <= tolerance, `${share} at weight ${weight}`);
    }
  },
);

scenario(
  'a Service of the own namespace gets a copy of each request, and nobody notices when its pods are gone',
  90,
  async (context) => {
    const host = 'mirrored.test';
    const path = '/copied?of=mirrored';
    const target = `http://next.${namespace}.svc.cluster.local:80$request_uri`;
    const annotations = { 'nginx.ingress.kubernetes.io/mirror-target': target };
    await apply(ingress({ namespace, name: 'mirrored', host, service: 'shop', annotations }));
    await servedEverywhere(host);
    const shadow = await onePod(namespace, 'next');
    const load = { address, host, path };

    const copied = await underLoad(load, async () => await passSeconds(3));
    const copies = await until('all copies', async () => {
      const { ofPath } = await seenBy(shadow, path);
      return ofPath >= copied.samples.length ? ofPath : undefined;
    });
    context.diagnostic(`${copied.summary}; ${copies} copies`);
    assertNothingLost(copied);
    assert.equal(copies, copied.samples.length);
    assert.ok(copied.samples.every((sample) => answeredBy('shop', sample)));

    const gone = await underLoad(load, async () => {
      await scale('next', 0);
      await kubectl('--namespace', namespace, 'wait', 'pods', '--for=delete', '--selector=app=next', '--timeout=30s');
      await passSeconds(2);
    });
    context.diagnostic(`while the pods of the mirror go: ${gone.summary}`);
    assertNothingLost(gone);
    // Who waits for an address that is gone waits 3 s, until the kernel gives up asking for it.
    assert.ok(gone.samples.every(({ sentMs, doneMs }) => doneMs - sentMs < 3_000));
  },
);

scenario(
  'checks that an Ingress asks for: a sick pod gets nothing, and when all are sick they serve with an Event',
  90,
  async (context) => {
    const host = 'bare.test';
    const check = (name: string): string => `fairway.dev/health-check${name}`;
    const annotations = {
      [check('')]: 'http',
      [check('-path')]: '/healthz',
      [check('-interval')]: '1s',
      [check('-unhealthy-threshold')]: '2',
    };
    await apply(ingress({ namespace, name: 'bare', host, service: 'bare', annotations }));
    await servedEverywhere(host);
    const pods = await backendPods(namespace, 'bare');
    const [sick] = pods;
    assert.ok(sick !== undefined && pods.length === 2);
    const recorder = new EndpointRecorder(namespace, 'bare');
    const times = { sick: 0, allSick: 0, allWell: 0 };
    const report = await underLoad({ address, host }, async () => {
      await passSeconds(1);
      times.sick = Date.now();
      await setReadiness(sick, 'not-ready');
      await passSeconds(5);
      times.allSick = Date.now();
      await Promise.all(pods.map((pod) => setReadiness(pod, 'not-ready')));
      context.diagnostic(`Event AllChecksFail after ${await eventAfter('bare', 'AllChecksFail')} ms`);
      await passSeconds(1);
      times.allWell = Date.now();
      await Promise.all(pods.map((pod) => setReadiness(pod, 'ready')));
      context.diagnostic(`Event ChecksPassAgain after ${await eventAfter('bare', 'ChecksPassAgain')} ms`);
      await passSeconds(2);
    });
    recorder.stop();
    const late = report.samples.filter(({ pod, sentMs }) => pod === sick.name && sentMs < times.allSick);
    const last = Math.max(...late.map(({ sentMs }) => sentMs)) - times.sick;
    context.diagnostic(report.summary);
    context.diagnostic(`last request to a pod whose check fails twice, once a second: after ${last} ms`);
    assertNothingLost(report);
    // Two checks a second apart, the first one up to a second later.
    assert.ok(last <= 2_000 + REACTION_MS, `${last} ms`);
    assert.deepEqual(
      recorder.changes.filter(({ initial }) => !initial),
      [],
      'Kubernetes noticed nothing',
    );
    assert.ok(
      report.samples.some(({ pod, sentMs }) => pod === sick.name && sentMs > times.allSick && sentMs < times.allWell),
      'when all are sick, all of them serve',
    );
  },
);

/** Waits for an Event about an Ingress. @returns how long, in milliseconds */
async function eventAfter(name: string, reason: string): Promise<number> {
  const started = Date.now();
  const selector = `--field-selector=involvedObject.kind=Ingress,involvedObject.name=${name},reason=${reason}`;
  await until(`${reason} about ${name}`, async () => {
    const events = await kubectl('--namespace', namespace, 'get', 'events', selector, '--output=name');
    return events === '' ? undefined : true;
  });
  return Date.now() - started;
}

scenario(
  'hints for zones: requests go to the endpoints for the zone of the node, as EndpointSlices say',
  60,
  async (context) => {
    const host = 'zoned.test';
    await apply(selectorlessService(namespace, 'zoned'), ingress({ namespace, name: 'zoned', host, service: 'zoned' }));
    const pods = await backendPods(namespace, 'shop');
    const near = (index: number) => pods.map((pod, at) => ({ pod, forZone: at === index ? 'zone-a' : 'zone-b' }));
    await apply(sliceOf(namespace, 'zoned', near(0)));
    await servedEverywhere(host);
    const periods: { readonly expected: readonly string[]; readonly sinceMs: number; readonly untilMs: number }[] = [];
    const report = await underLoad({ address, host }, async () => {
      for (const index of [0, 1, 2]) {
        const sinceMs = (await rewriteSlice(namespace, 'zoned', near(index))) + REACTION_MS;
        await passSeconds(2);
        periods.push({ expected: [pods[index]?.name ?? ''], sinceMs, untilMs: Date.now() });
      }
      // kube-proxy's rule: hints count only when every ready endpoint has them.
      const [first, ...others] = near(2);
      assert.ok(first !== undefined);
      const sinceMs = (await rewriteSlice(namespace, 'zoned', [{ pod: first.pod }, ...others])) + REACTION_MS;
      await passSeconds(2);
      periods.push({ expected: pods.map(({ name }) => name), sinceMs, untilMs: Date.now() });
    });
    context.diagnostic(report.summary);
    assertNothingLost(report);
    for (const { expected, sinceMs, untilMs } of periods) {
      const during = report.samples.filter(({ sentMs, doneMs }) => sentMs >= sinceMs && doneMs <= untilMs);
      assert.ok(during.length > 20);
      assert.deepEqual([...new Set(during.map(({ pod }) => pod))].toSorted(), expected.toSorted());
    }
  },
);

scenario(
  'trafficDistribution PreferClose: the hints that Kubernetes itself writes are followed',
  60,
  async (context) => {
    const host = 'close.test';
    const ports = [{ name: 'http', port: 80, targetPort: 'http' }];
    await apply(
      {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { namespace, name: 'close' },
        spec: { selector: { app: 'shop' }, ports, trafficDistribution: 'PreferClose' },
      },
      ingress({ namespace, name: 'close', host, service: 'close' }),
    );
    const label = encodeURIComponent('kubernetes.io/service-name=close');
    const path = `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices?labelSelector=${label}`;
    const zones = await until('three endpoints', async () => {
      const endpoints = listAt(await getObject(path), 'items').flatMap((slice) => listAt(slice, 'endpoints'));
      return endpoints.length === 3 ? endpoints.map((one) => at(one, 'hints', 'forZones')) : undefined;
    });
    assert.deepEqual(
      zones,
      Array.from({ length: 3 }, () => [{ name: 'zone-a' }]),
    );
    await servedEverywhere(host);
    const report = await underLoad({ address, host }, async () => await passSeconds(1));
    context.diagnostic(report.summary);
    assertNothingLost(report);
    assert.equal(new Set(report.samples.map(({ pod }) => pod)).size, 3, 'all three are for the zone of the node');
  },
);

scenario('one of three pods killed every 5 s for 30 s: no GET fails', 120, async (context) => {
  const recorder = new EndpointRecorder(namespace, 'shop');
  const kills: { readonly name: string; readonly atMs: number }[] = [];
  const killsOf = (pod: BackendPod): number => kills.filter(({ name }) => name === pod.name).length;
  const report = await underLoad({ address, host: shopHost, ratePerSecond: 300 }, async () => {
    const endMs = Date.now() + 30_000;
    await passSeconds(1);
    while (Date.now() < endMs) {
      // The kubelet waits 10 s before it starts a container for the second time: one pod must be left, and known.
      const victim = await until('two pods that are ready for a while', async () => {
        const calm = (await backendPods(namespace, 'shop'))
          .filter(({ name }) => readySince(recorder, name) < Date.now() - REACTION_MS)
          .toSorted((one, other) => killsOf(one) - killsOf(other));
        return calm.length >= 2 ? calm[0] : undefined;
      });
      await signalBackend(victim, 'SIGKILL');
      kills.push({ name: victim.name, atMs: Date.now() });
      await passSeconds(5);
    }
  });
  recorder.stop();
  const gets = report.samples.filter(({ method }) => method === 'GET');
  context.diagnostic(report.summary);
  context.diagnostic(`${kills.length} kills, ${gets.length} GET requests`);
  assert.ok(kills.length >= 5 && new Set(kills.map(({ name }) => name)).size === 3, `${kills.length} kills`);
  assertNothingLost({ lost: gets.filter((sample) => sample.lost !== undefined) });
  // A POST that the pod had taken may have been carried out, so nobody else gets it; later ones must not meet it.
  const late = report.lost.filter(({ sentMs }) =>
    kills.every(({ atMs }) => sentMs < atMs - REACTION_MS || sentMs > atMs + REACTION_MS),
  );
  assertNothingLost({ lost: late });
});

/** @returns Infinity while the pod is not ready */
function readySince({ changes }: EndpointRecorder, name: string): number {
  const last = changes.findLast(({ pod }) => pod === name);
  return last?.condition === 'ready' ? last.heardMs : Infinity;
}
