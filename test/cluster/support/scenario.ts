import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';

import { run } from './command.ts';
import { environment } from './environment.ts';

/**
 * A test that prints pods, events and logs at the moment of its failure, before anything is cleaned up.
 * @param deadlineSeconds  the test fails when it takes longer
 */
export function scenario(name: string, deadlineSeconds: number, work: (context: TestContext) => Promise<void>): void {
  test(name, { timeout: (deadlineSeconds + 60) * 1_000 }, async (context) => {
    const started = Date.now();
    const deadline = Promise.withResolvers<never>();
    const timer = setTimeout(
      () => deadline.reject(new Error(`${name}: not done within ${deadlineSeconds} s`)),
      deadlineSeconds * 1_000,
    );
    try {
      await Promise.race([work(context), deadline.promise]);
      context.diagnostic(`${name}: ${Math.round((Date.now() - started) / 1_000)} s`);
    } catch (error) {
      await dump(name);
      throw error;
    } finally {
      clearTimeout(timer);
    }
  });
}

async function dump(name: string): Promise<void> {
  const script = join(environment.project, 'test/cluster/dump.sh');
  const { stdout } = await run(script, [], { mayFail: true, deadlineMs: 50_000 });
  console.log(`\n##### state of the cluster when "${name}" failed\n${stdout}`);
}
