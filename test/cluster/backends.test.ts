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
import type { EndpointCondition } from './support/endpoint-changes.ts';
import { installFairway, servedEverywhere } from './support/fairway.ts';
import { apply, deleteNamespace, kubectl, rolledOut } from './support/kubectl.ts';
import { describeLosses, underLoad } from './support/load.ts';
import type { LoadReport, Sample } from './support/load.ts';
import { backend, backendDeployment, ingress, restrictedNamespace } from './support/manifests.ts';
import { onePod, setReadiness } from './support/pods.ts';
import { scenario } from './support/scenario.ts';
import { passSeconds, until } from './support/wait.ts';

const namespace = 'backends';
const host = 'shop.test';
/** From the change of an EndpointSlice to traffic that follows it. Generous: two cores carry the whole cluster. */
const REACTION_MS = 1_000;
/** How long the demo application serves on when it is asked to end, less what is needed to ask it. */
const SERVES_ON_MS = 2_500;
/** How long the load goes on after the last change, to see the last request of pods that left. */
const TAIL_SECONDS = 2;

let address = '';

before(async () => {
  address = await installFairway();
  const annotations = { 'nginx.ingress.kubernetes.io/ssl-redirect': 'false' };
  await apply(
    restrictedNamespace(namespace),
    ...backend({ namespace, name: 'shop' }),
    ingress({ namespace, name: 'shop', host, service: 'shop', annotations }),
  );
  await rolledOut(namespace, 'shop');
  await servedEverywhere(host);
});

after(async () => {
  await deleteNamespace(namespace);
});

/** Runs the work under load, follows the endpoints meanwhile, and prints how fast traffic followed them. */
async function observe(
  context: TestContext,
  work: (recorder: EndpointRecorder) => Promise<void>,
): Promise<Observation> {
  const recorder = new EndpointRecorder(namespace, 'shop');
  try {
    const report = await underLoad({ address, host }, async () => {
      await passSeconds(1);
      await work(recorder);
      await passSeconds(TAIL_SECONDS);
    });
    const { changes } = recorder;
    const first = firstRequests(changes, report.samples);
    const last = lastRequests(changes, report.samples);
    context.diagnostic(report.summary);
    context.diagnostic(`ready in EndpointSlice to first request: ${describeReactions(first)}`);
    context.diagnostic(`no longer ready to last request: ${describeReactions(last)}`);
    return { report, recorder, first, last };
  } finally {
    recorder.stop();
  }
}

interface Observation {
  readonly report: LoadReport;
  readonly recorder: EndpointRecorder;
  readonly first: ReturnType<typeof firstRequests>;
  readonly last: ReturnType<typeof lastRequests>;
}

function assertNothingLost(lost: readonly Sample[]): void {
  assert.equal(lost.length, 0, `lost requests${describeLosses(lost)}`);
}

async function scale(replicas: number): Promise<void> {
  await kubectl('--namespace', namespace, 'scale', 'deployment/shop', `--replicas=${replicas}`);
}

scenario('scaled from 1 to 10 every new pod gets requests and none is lost', 90, async (context) => {
  const { report, recorder, first } = await observe(context, async () => {
    await scale(10);
    await rolledOut(namespace, 'shop');
  });
  assertNothingLost(report.lost);
  assert.equal(recorder.ready.length, 10);
  assert.equal(first.length, 9, 'every new pod got requests');
  assert.ok(longest(first) <= REACTION_MS);
});

scenario('scaled from 10 to 0 the last pods serve until they are gone, then the answer is 503', 90, async (context) => {
  const { report, recorder, last } = await observe(context, async (recorder) => {
    await scale(0);
    await until('no endpoint', () => (recorder.changes.length > 0 && recorder.ready.length === 0 ? true : undefined));
    await kubectl('--namespace', namespace, 'wait', 'pods', '--for=delete', '--selector=app=shop', '--timeout=60s');
  });
  const firstLeft = timesOf(recorder, 'terminating')[0] ?? 0;
  const lastGone = timesOf(recorder, 'gone').at(-1) ?? 0;
  const early = report.lost.filter(({ sentMs }) => sentMs < firstLeft + SERVES_ON_MS);
  assert.equal(early.length, 0, `lost while pods served on${describeLosses(early)}`);
  // Between the end of the applications and the kubelet's word for it there is nobody left to send a request to:
  // a refused connection is a 502, an address that is gone a 504, and no endpoint a 503.
  const between = report.lost.filter(({ sentMs }) => sentMs <= lastGone + REACTION_MS);
  const kinds = new Set(between.map(({ lost }) => lost));
  const unavoidable = ['status-502', 'status-503', 'status-504'];
  assert.ok(
    [...kinds].every((kind) => kind !== undefined && unavoidable.includes(kind)),
    describeLosses(between),
  );
  const afterwards = report.samples.filter(({ sentMs }) => sentMs > lastGone + REACTION_MS);
  assert.ok(afterwards.length > 0);
  assert.deepEqual([...new Set(afterwards.map(({ lost }) => lost))], ['status-503']);
  context.diagnostic(`last answer of a pod after it left: ${longest(last)} ms, while no other was ready`);
});

function timesOf(recorder: EndpointRecorder, condition: EndpointCondition): readonly number[] {
  return recorder.changes.filter((change) => change.condition === condition).map(({ heardMs }) => heardMs);
}

scenario('scaled from 0 to 3 requests are served as soon as a pod is ready', 90, async (context) => {
  const { report, recorder, first } = await observe(context, async () => {
    await scale(3);
    await rolledOut(namespace, 'shop');
  });
  const firstReady = Math.min(
    ...recorder.changes.filter(({ condition }) => condition === 'ready').map(({ heardMs }) => heardMs),
  );
  const late = report.lost.filter(({ sentMs }) => sentMs > firstReady + REACTION_MS);
  assertNothingLost(late);
  assert.equal(first.length, 3);
  assert.ok(longest(first) <= REACTION_MS);
});

scenario('a rolling update loses nothing', 120, async (context) => {
  const { report, last } = await observe(context, async () => {
    await apply(backendDeployment({ namespace, name: 'shop', replicas: 3, version: '2' }));
    await rolledOut(namespace, 'shop');
  });
  assertNothingLost(report.lost);
  assert.ok(longest(last) <= REACTION_MS);
});

scenario(
  'a rolling update of an application that stops listening at once loses nothing that a retry can save',
  150,
  async (context) => {
    await apply(backendDeployment({ namespace, name: 'shop', replicas: 3, version: '3', drainMs: 0 }));
    await rolledOut(namespace, 'shop');
    const { report } = await observe(context, async () => {
      await apply(backendDeployment({ namespace, name: 'shop', replicas: 3, version: '4', drainMs: 0 }));
      await rolledOut(namespace, 'shop');
    });
    assertNothingLost(report.lost.filter(retryable));
  },
);

/** A POST that an application has taken and not answered must not be sent again: it may have been carried out. */
function retryable({ method }: Sample): boolean {
  return method === 'GET';
}

scenario('a pod whose readiness flips gets no requests meanwhile', 90, async (context) => {
  const pod = await onePod(namespace, 'shop');
  const { report, recorder, last } = await observe(context, async (recorder) => {
    await until('three ready pods', () => (recorder.ready.length === 3 ? true : undefined));
    for (const round of [1, 2]) {
      await setReadiness(pod, 'not-ready');
      await until(`not ready, round ${round}`, () => (recorder.ready.includes(pod.name) ? undefined : true));
      await passSeconds(2);
      await setReadiness(pod, 'ready');
      await until(`ready, round ${round}`, () => (recorder.ready.includes(pod.name) ? true : undefined));
      await passSeconds(1);
    }
  });
  assertNothingLost(report.lost);
  const flips = recorder.changes.filter((change) => change.pod === pod.name && change.condition === 'gone');
  assert.equal(flips.length, 2);
  assert.ok(longest(last.filter((reaction) => reaction.pod === pod.name)) <= REACTION_MS);
});

scenario('a pod deleted with --force loses nothing that a retry can save', 90, async (context) => {
  const pod = await onePod(namespace, 'shop');
  const { report } = await observe(context, async () => {
    await kubectl('--namespace', namespace, 'delete', 'pod', pod.name, '--force', '--grace-period=0');
    await rolledOut(namespace, 'shop');
  });
  assertNothingLost(report.lost.filter(retryable));
});
