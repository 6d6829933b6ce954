import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import type { TestContext } from 'node:test';

import {
  EndpointRecorder,
  describeReactions,
  firstRequests,
  lastRequests,
  longest,
} from './support/endpoint-changes.ts';
import { installFairway, killContainer, servedEverywhere } from './support/fairway.ts';
import { apply, deleteNamespace, rolledOut } from './support/kubectl.ts';
import { describeLosses, underLoad } from './support/load.ts';
import type { LoadReport, Sample } from './support/load.ts';
import { backend, ingress, restrictedNamespace } from './support/manifests.ts';
import { backendPods } from './support/pods.ts';
import type { BackendPod } from './support/pods.ts';
import { signalBackend } from './support/processes.ts';
import { scenario } from './support/scenario.ts';
import { rewriteSlice, selectorlessService, sliceOf } from './support/slices.ts';
import { passSeconds, until } from './support/wait.ts';

// How fast traffic follows one endpoint that comes, goes, dies, hangs and comes back.
const namespace = 'endpoints';
const host = 'shop.test';
const sliceHost = 'slices.test';
const CHANGES = 20;
const REACTION_MS = 1_000;
/** Fairway's checks are those of the readiness probe: every second, two seconds to answer, out at the second failure. */
const NOTICED_MS = 6_000;
/** Less than the 60 s of the default: what hangs is tried on another endpoint after this time. */
const READ_TIMEOUT_SECONDS = 2;
/** How long a hung pod hangs. */
const HANGS_SECONDS = 10;

let address = '';

before(async () => {
  address = await installFairway();
  const annotations = { 'nginx.ingress.kubernetes.io/ssl-redirect': 'false' };
  const impatient = { ...annotations, 'nginx.ingress.kubernetes.io/proxy-read-timeout': `${READ_TIMEOUT_SECONDS}` };
  await apply(
    restrictedNamespace(namespace),
    ...backend({ namespace, name: 'shop', replicas: 3 }),
    ingress({ namespace, name: 'shop', host, service: 'shop', annotations: impatient }),
    ingress({ namespace, name: 'slices', host: sliceHost, service: 'slices', annotations }),
    selectorlessService(namespace, 'slices'),
  );
  await rolledOut(namespace, 'shop');
  await servedEverywhere(host);
});

after(async () => {
  await deleteNamespace(namespace);
});

scenario(`${CHANGES} endpoints added to a slice and taken out again, one after the other`, 120, async (context) => {
  const entries = (await backendPods(namespace, 'shop')).map((pod) => ({ pod }));
  const others = entries.slice(1);
  assert.equal(others.length, 2);
  await apply(sliceOf(namespace, 'slices', entries));
  await servedEverywhere(sliceHost);
  const recorder = new EndpointRecorder(namespace, 'slices');
  const report = await underLoad({ address, host: sliceHost, ratePerSecond: 200, httpsShare: 0 }, async () => {
    await passSeconds(1);
    for (let round = 0; round < CHANGES; round += 1) {
      await rewriteSlice(namespace, 'slices', others);
      await until('the pod out of the slice', () => (recorder.ready.length === 2 ? true : undefined));
      await passSeconds(0.3);
      await rewriteSlice(namespace, 'slices', entries);
      await until('the pod in the slice', () => (recorder.ready.length === 3 ? true : undefined));
      await passSeconds(0.3);
    }
    await passSeconds(1);
  });
  recorder.stop();
  const first = firstRequests(recorder.changes, report.samples);
  const last = lastRequests(recorder.changes, report.samples);
  context.diagnostic(report.summary);
  context.diagnostic(`endpoint in the slice to its first request: ${describeReactions(first)}`);
  context.diagnostic(`endpoint out of the slice to its last request: ${describeReactions(last)}`);
  assert.equal(report.lost.length, 0, `lost requests${describeLosses(report.lost)}`);
  assert.equal(first.length, CHANGES);
  assert.ok(longest(first) <= REACTION_MS && longest(last) <= REACTION_MS);
});

scenario('an endpoint that is killed under load leaves the pool and comes back', 60, async (context) => {
  const [pod] = await backendPods(namespace, 'shop');
  assert.ok(pod !== undefined);
  let killedMs = 0;
  const report = await underLoad({ address, host }, async () => {
    await passSeconds(1);
    killedMs = Date.now();
    await killContainer(pod.container);
    await until('the pod with a new container', async () => {
      const found = (await backendPods(namespace, 'shop')).find(({ name }) => name === pod.name);
      return found !== undefined && found.container !== '' && found.container !== pod.container ? true : undefined;
    });
    await rolledOut(namespace, 'shop');
    await passSeconds(3);
  });
  printAbsence(context, report, pod, killedMs);
  const avoidable = report.lost.filter(({ method }) => method === 'GET');
  assert.equal(avoidable.length, 0, `lost requests${describeLosses(avoidable)}`);
  assert.ok(
    ofPod(report, pod).some(({ sentMs }) => sentMs > killedMs + 1_000),
    'it gets requests again',
  );
});

scenario('an endpoint that hangs under load leaves the pool and comes back', 90, async (context) => {
  const [pod] = await backendPods(namespace, 'shop');
  assert.ok(pod !== undefined);
  const recorder = new EndpointRecorder(namespace, 'shop');
  let hungMs = 0;
  let wokenMs = 0;
  const report = await underLoad({ address, host }, async () => {
    await passSeconds(1);
    hungMs = Date.now();
    await signalBackend(pod, 'SIGSTOP');
    await passSeconds(HANGS_SECONDS);
    wokenMs = Date.now();
    await signalBackend(pod, 'SIGCONT');
    await until('a ready pod again', () => (recorder.ready.includes(pod.name) ? true : undefined));
    await passSeconds(3);
  });
  recorder.stop();
  const unready = recorder.changes.find((change) => change.pod === pod.name && change.condition === 'gone');
  const again = recorder.changes.findLast((change) => change.pod === pod.name && change.condition === 'ready');
  printAbsence(context, report, pod, hungMs);
  context.diagnostic(`not ready in its slice after ${((unready?.heardMs ?? Infinity) - hungMs) / 1_000} s`);
  context.diagnostic(`woken up to ready in its slice: ${((again?.heardMs ?? Infinity) - wokenMs) / 1_000} s`);
  const lostGets = report.lost.filter(({ method }) => method === 'GET');
  assert.equal(lostGets.length, 0, `lost requests${describeLosses(lostGets)}`);
  // A POST that it has taken may have been carried out, so nobody else gets it; those sent later must not meet it.
  const late = report.lost.filter(({ sentMs }) => sentMs > hungMs + NOTICED_MS);
  assert.equal(late.length, 0, `lost long after it hung${describeLosses(late)}`);
  assert.ok(
    ofPod(report, pod).some(({ sentMs }) => sentMs > wokenMs),
    'it gets requests again',
  );
});

function ofPod(report: LoadReport, pod: BackendPod): readonly Sample[] {
  return report.samples.filter((sample) => sample.pod === pod.name);
}

/** How many requests the failure cost, and how long the pod got none. */
function printAbsence(context: TestContext, report: LoadReport, pod: BackendPod, failedMs: number): void {
  const answered = ofPod(report, pod).map(({ doneMs }) => doneMs);
  const before = Math.max(...answered.filter((time) => time <= failedMs));
  const afterwards = Math.min(...answered.filter((time) => time > failedMs + 500));
  const slow = report.samples.filter(({ sentMs, doneMs }) => doneMs - sentMs >= READ_TIMEOUT_SECONDS * 1_000);
  const tried = slow.map(({ sentMs }) => sentMs - failedMs);
  context.diagnostic(report.summary);
  context.diagnostic(`no answer of the pod for ${((afterwards - before) / 1_000).toFixed(1)} s`);
  if (tried.length > 0) {
    context.diagnostic(`${tried.length} requests waited for it, the last one sent after ${Math.max(...tried)} ms`);
  }
}
