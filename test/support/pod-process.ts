import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';

/** A backend that is a process of its own, so that it can die as pods do. Answers its name to everything. */
export interface PodProcess {
  readonly name: string;
  readonly port: number;
  /** SIGKILL, and waits until it is gone. */
  kill(): Promise<void>;
  /** Again on the same port. */
  restart(): Promise<void>;
}

const program = `
const [name, port] = process.argv.slice(1);
const server = require('node:http').createServer((request, response) => {
  response.writeHead(200, { 'X-Backend': name });
  response.end(name);
});
server.keepAliveTimeout = 60000;
server.listen(Number(port), '127.0.0.1', () => console.log(server.address().port));
process.on('disconnect', () => process.exit(0));
`;

export async function startPodProcess(t: TestContext, name: string): Promise<PodProcess> {
  let child: ChildProcess | undefined;
  let port = 0;
  const start = async (): Promise<void> => {
    const started = spawn(process.execPath, ['-e', program, name, `${port}`], {
      stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    });
    child = started;
    assert.ok(started.stdout);
    const [line] = (await once(createInterface({ input: started.stdout }), 'line')) as [string];
    port = Number(line);
  };
  const kill = async (): Promise<void> => {
    const dying = child;
    child = undefined;
    if (dying === undefined || dying.exitCode !== null || dying.signalCode !== null) return;
    dying.kill('SIGKILL');
    await once(dying, 'exit');
  };
  await start();
  t.after(kill);
  return { name, port, kill, restart: start };
}
