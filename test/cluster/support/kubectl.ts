import { run } from './command.ts';
import type { CommandResult } from './command.ts';

/** A Kubernetes object as it is applied. */
export type Manifest = Readonly<Record<string, unknown>>;

/** Runs kubectl as the cluster's administrator. @returns its standard output */
export async function kubectl(...words: readonly string[]): Promise<string> {
  return (await run('kubectl', words)).stdout;
}

/** Runs kubectl with an answer also when it fails. */
export async function tryKubectl(...words: readonly string[]): Promise<CommandResult> {
  return await run('kubectl', words, { mayFail: true });
}

/** Applies objects as a user does, by `kubectl apply`. */
export async function apply(...objects: readonly Manifest[]): Promise<void> {
  const list = { apiVersion: 'v1', kind: 'List', items: objects };
  await run('kubectl', ['apply', '--filename', '-'], { input: JSON.stringify(list), deadlineMs: 180_000 });
}

/** Waits until all pods of a Deployment are updated and ready. */
export async function rolledOut(namespace: string, deployment: string, deadlineSeconds = 90): Promise<void> {
  await run(
    'kubectl',
    ['--namespace', namespace, 'rollout', 'status', `deployment/${deployment}`, `--timeout=${deadlineSeconds}s`],
    { deadlineMs: (deadlineSeconds + 5) * 1_000 },
  );
}

/** Deletes a namespace and waits until it is gone, so that the next test has the machine to itself. */
export async function deleteNamespace(namespace: string): Promise<void> {
  await run('kubectl', ['delete', 'namespace', namespace, '--ignore-not-found', '--timeout=90s'], {
    deadlineMs: 100_000,
    mayFail: true,
  });
}
