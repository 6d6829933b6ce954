import { run } from './command.ts';
import type { BackendPod } from './pods.ts';
import { processesOf } from './processes.ts';

/** Takes pods off the network without a word to anybody, as a node does that dies: packets to them are lost. */
export async function cutOff(pods: readonly BackendPod[]): Promise<void> {
  await setLinks(pods, 'down');
}

export async function reconnect(pods: readonly BackendPod[]): Promise<void> {
  await setLinks(pods, 'up');
}

async function setLinks(pods: readonly BackendPod[], state: 'up' | 'down'): Promise<void> {
  for (const pod of pods) {
    const [first] = await processesOf(pod.container);
    if (first === undefined) {
      throw new Error(`${pod.name} has no process`);
    }
    await run('ip', ['link', 'set', await linkOf(first.pid), state]);
  }
}

/**
 * The node's end of the network of a process: `eth0@if7` inside is one end of a pair, and number 7 outside the other.
 * The pod's own end stays as it is, and with it the pod's routes.
 */
export async function linkOf(pid: number): Promise<string> {
  const inside = await run('nsenter', ['--target', `${pid}`, '--net', 'ip', '-oneline', 'link', 'show', 'eth0']);
  const [, number = ''] = /^\d+: eth0@if(\d+):/.exec(inside.stdout) ?? [];
  const outside = await run('ip', ['-oneline', 'link']);
  const [, name = ''] = new RegExp(`^${number}: ([^:@]+)[:@]`, 'm').exec(outside.stdout) ?? [];
  if (number === '' || name === '') {
    throw new Error(`process ${pid} has no link to the node: ${inside.stdout}`);
  }
  return name;
}
