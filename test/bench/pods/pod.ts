import type { ChildProcess } from 'node:child_process';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

import { atExit } from '../at-exit.ts';
import type { PeerEndpoint } from '../peers/peer.ts';
import { freePort } from '../peers/peer.ts';

/** What a pod is told; it does so for requests and for health checks alike. */
export type Order =
  | { readonly kind: 'delay'; readonly milliseconds: number }
  | { readonly kind: 'reset'; readonly on: boolean }
  | { readonly kind: 'refuse' }
  | { readonly kind: 'listen' };

/** A backend in a process of its own, which can be killed, stopped and started again on the same ports. */
export class Pod implements PeerEndpoint {
  readonly name: string;
  readonly port: number;
  readonly healthPort: number;
  readonly weight?: number;
  readonly #delayMs: number;
  #child: ChildProcess | undefined = undefined;

  private constructor(endpoint: PeerEndpoint & { readonly healthPort: number }, delayMs: number) {
    this.name = endpoint.name;
    this.port = endpoint.port;
    this.healthPort = endpoint.healthPort;
    if (endpoint.weight !== undefined) this.weight = endpoint.weight;
    this.#delayMs = delayMs;
  }

  /** @returns when it listens */
  static async start(name: string, delayMs: number, weight?: number): Promise<Pod> {
    const ports = { port: await freePort(), healthPort: await freePort() };
    const pod = new Pod({ name, ...ports, ...(weight === undefined ? {} : { weight }) }, delayMs);
    await pod.restart();
    return pod;
  }

  /** Starts the process; there must be none. */
  async restart(): Promise<void> {
    const parameters = [this.name, `${this.port}`, `${this.healthPort}`, `${this.#delayMs}`];
    const child = fork(join(import.meta.dirname, 'pod-program.ts'), parameters);
    child.once(
      'exit',
      atExit(() => child.kill('SIGKILL')),
    );
    this.#child = child;
    await once(child, 'message');
  }

  tell(order: Order): void {
    this.#child?.send(order);
  }

  pause(): void {
    this.#child?.kill('SIGSTOP');
  }

  resume(): void {
    this.#child?.kill('SIGCONT');
  }

  /** kill -9. @returns when the process is gone */
  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined) return;
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  }
}
