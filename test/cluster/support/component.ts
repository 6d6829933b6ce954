import { join } from 'node:path';

import { run } from './command.ts';
import { environment } from './environment.ts';

/** A part of the cluster that tests may stop and start. */
export type Component = 'etcd' | 'apiserver' | 'controller-manager' | 'scheduler' | 'kubelet' | 'proxy';

const folder = join(environment.project, 'test/cluster');

/** Stops a component by SIGTERM and waits until its process has ended. */
export async function stopComponent(name: Component): Promise<void> {
  await run(join(folder, 'component.sh'), ['stop', name]);
}

/** Starts a component; it may not be ready yet. */
export async function startComponent(name: Component): Promise<void> {
  // The component outlives the script, so its output must not be a pipe that this process holds.
  await run('bash', ['-c', '"$0" start "$1" >/dev/null 2>&1', join(folder, 'component.sh'), name]);
}

/** Makes a new key that tokens are signed with from the next start of the API server on. */
export async function addTokenKey(number: number): Promise<void> {
  await run(join(folder, 'pki.sh'), ['token-key', String(number)]);
}

/** Makes all tokens invalid that are signed with another key, from the next start of the API server on. */
export async function trustOnlyTokenKey(number: number): Promise<void> {
  await run(join(folder, 'pki.sh'), ['trust-only-token-key', String(number)]);
}
