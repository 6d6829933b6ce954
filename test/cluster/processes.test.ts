import assert from 'node:assert/strict';
import { after, before } from 'node:test';

import { ask } from './support/client.ts';
import { fairwayNamespace, replicas, settled } from './support/fairway.ts';
import type { Replica } from './support/fairway.ts';
import { textAt } from './support/json.ts';
import { apply, deleteNamespace, kubectl } from './support/kubectl.ts';
import { describeLosses, underLoad } from './support/load.ts';
import type { Sample } from './support/load.ts';
import { ingress } from './support/manifests.ts';
import { fairwayProcess, fairwayProcesses, memoryOf, startedMs } from './support/processes.ts';
import type { ProcessKind } from './support/processes.ts';
import { scenario } from './support/scenario.ts';
import { shopHost, startShop } from './support/shop.ts';
import { passSeconds, until } from './support/wait.ts';

// What Fairway's own processes cost, and what happens to traffic when one of them dies or hangs.
const namespace = 'processes';
const host = shopHost;
const HTTP_PORT = 8080;
/** From the death of a control process to a new Ingress being served by its successor. */
const CONTROL_BACK_MS = 15_000;
/** A control process that says nothing is killed after 10 s, and its successor has to start. */
const HUNG_CONTROL_BACK_MS = 30_000;
const WORKER_BACK_MS = 10_000;
/** About 2.5 s on two cores that have nothing else to do. */
const START_MS = 20_000;

let address = '';

before(async () => {
  address = await startShop(namespace, 2);
});

after(async () => {
  await deleteNamespace(namespace);
});

scenario('a replica starts within seconds and its processes stay small', 90, async (context) => {
  const [first] = await settled(2);
  assert.ok(first !== undefined);
  await kubectl('--namespace', fairwayNamespace, 'delete', 'pod', first.name, '--wait=false');
  const replica = await until('a new replica', async () => {
    const found = (await settled(2)).find(({ name }) => name !== first.name);
    return found !== undefined && (await replicas()).every(({ name }) => name !== first.name) ? found : undefined;
  });
  const started = await startedMs(await fairwayProcess(replica, 'supervisor'));
  const serving = await servingSince(replica);
  context.diagnostic(`start of the container to the log line "serving": ${serving - started} ms`);
  context.diagnostic(`start of the container to Ready, as the kubelet writes it: ${await readySeconds(replica)} s`);
  assert.ok(serving - started < START_MS);

  const processes = await fairwayProcesses(replica);
  assert.deepEqual(
    processes.map(({ kind }) => kind).toSorted(),
    ['control', 'supervisor', 'worker', 'worker'],
    'one supervisor, one control process, one worker for each core',
  );
  for (const one of processes) {
    const { residentMiB, proportionalMiB } = await memoryOf(one);
    context.diagnostic(`${one.kind}: ${residentMiB} MiB resident, ${proportionalMiB} MiB with shared pages divided`);
    assert.ok(residentMiB < 300, `${one.kind} has ${residentMiB} MiB`);
  }
});

/** A pod is ready before all that it has written can be read. */
async function servingSince(replica: Replica): Promise<number> {
  return await until('the log line "serving"', async () => {
    const lines = (await kubectl('--namespace', fairwayNamespace, 'logs', replica.name)).trim().split('\n');
    const entries = lines.filter((line) => line.includes('"event":"phase"')).map((line): unknown => JSON.parse(line));
    const serving = entries.find((entry) => textAt(entry, 'phase') === 'serving');
    return serving === undefined ? undefined : Date.parse(textAt(serving, 'time'));
  });
}

/** The API gives whole seconds. */
async function readySeconds(replica: Replica): Promise<number> {
  const output = (path: string): Promise<string> =>
    kubectl('--namespace', fairwayNamespace, 'get', 'pod', replica.name, `--output=jsonpath=${path}`);
  const started = await output('{.status.containerStatuses[0].state.running.startedAt}');
  const ready = await output('{.status.conditions[?(@.type=="Ready")].lastTransitionTime}');
  return (Date.parse(ready) - Date.parse(started)) / 1_000;
}

scenario('a control process that is killed takes nothing with it', 90, async (context) => {
  const [replica] = await settled(2);
  assert.ok(replica !== undefined);
  const report = await underLoad({ address, host }, async () => {
    await passSeconds(1);
    const killedMs = await strike(replica, 'control', 'SIGKILL');
    await newHostServed(replica, 'after-control-kill', CONTROL_BACK_MS);
    context.diagnostic(`its successor serves a new Ingress ${Date.now() - killedMs} ms after the kill`);
    await passSeconds(1);
  });
  context.diagnostic(report.summary);
  assert.equal(report.lost.length, 0, `lost requests${describeLosses(report.lost)}`);
  await notStartedAgain(replica);
});

scenario('a control process that hangs is replaced and takes nothing with it', 90, async (context) => {
  const [replica] = await settled(2);
  assert.ok(replica !== undefined);
  const report = await underLoad({ address, host }, async () => {
    await passSeconds(1);
    const stoppedMs = await strike(replica, 'control', 'SIGSTOP');
    await newHostServed(replica, 'after-control-hang', HUNG_CONTROL_BACK_MS);
    context.diagnostic(`its successor serves a new Ingress ${Date.now() - stoppedMs} ms after it stopped`);
    await passSeconds(1);
  });
  context.diagnostic(report.summary);
  assert.equal(report.lost.length, 0, `lost requests${describeLosses(report.lost)}`);
  await settled(2);
  await notStartedAgain(replica);
});

scenario('a data worker that is killed loses at most what it held', 90, async (context) => {
  const [replica] = await settled(2);
  assert.ok(replica !== undefined);
  let killedMs = 0;
  const report = await underLoad({ address, host }, async () => {
    await passSeconds(1);
    killedMs = await strike(replica, 'worker', 'SIGKILL');
    await until('two workers again', async () => ((await workers(replica)) === 2 ? true : undefined), WORKER_BACK_MS);
    context.diagnostic(`two workers again ${Date.now() - killedMs} ms after the kill`);
    await passSeconds(3);
  });
  context.diagnostic(report.summary);
  // What it had taken and not answered is lost with it: nobody but the client may send that again.
  const avoidable = report.lost.filter((sample) => !heldAt(sample, killedMs));
  assert.equal(avoidable.length, 0, `lost requests${describeLosses(avoidable)}`);
  await notStartedAgain(replica);
});

/** Was in flight at that moment and ended with its connection. */
function heldAt({ sentMs, doneMs, lost }: Sample, moment: number): boolean {
  // The kill is a moment before its time is taken.
  return sentMs <= moment + 20 && doneMs >= moment - 20 && (lost === 'reset' || lost === 'truncated');
}

async function workers(replica: Replica): Promise<number> {
  return (await fairwayProcesses(replica)).filter(({ kind }) => kind === 'worker').length;
}

/** @returns when */
async function strike(replica: Replica, kind: ProcessKind, signal: NodeJS.Signals): Promise<number> {
  const { pid } = await fairwayProcess(replica, kind);
  process.kill(pid, signal);
  return Date.now();
}

/** Applies a new Ingress and waits until this very replica serves it. */
async function newHostServed(replica: Replica, name: string, deadlineMs: number): Promise<void> {
  await apply(ingress({ namespace, name, host: `${name}.test`, service: 'shop' }));
  await until(
    `${name}.test served by ${replica.name}`,
    async () => {
      const { pod } = await ask({ address: replica.address, port: HTTP_PORT, host: `${name}.test` });
      return pod === '' ? undefined : true;
    },
    deadlineMs,
  );
}

async function notStartedAgain(replica: Replica): Promise<void> {
  const now = (await replicas()).find(({ name }) => name === replica.name);
  assert.equal(now?.container, replica.container, 'the container is the same');
  assert.equal(now?.ready, true);
}
