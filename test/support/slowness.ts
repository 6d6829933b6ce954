import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** What starting Node and doing nothing takes on a machine that has time for it; measured on two cores. */
const idleMs = 50;

/**
 * How many times slower this machine is now than an idle one, 1 or more. Times that the product promises are multiplied
 * by it in tests, so that a busy machine fails none and an idle one is held to the promise.
 */
export async function slowness(): Promise<number> {
  const began = performance.now();
  for (let at = 0; at < 3; at += 1) await once(spawn(process.execPath, ['-e', '0'], { stdio: 'ignore' }), 'exit');
  return Math.max(1, (performance.now() - began) / 3 / idleMs);
}
