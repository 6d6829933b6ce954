import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import type { TestContext } from 'node:test';
import { test } from 'node:test';

import { ask } from '../support/client.ts';
import { ingress, pod, service, yaml } from '../support/manifests.ts';
import { startBackend } from '../support/named-backend.ts';
import { startProgram } from '../support/program.ts';
import { slowness } from '../support/slowness.ts';
import { until } from '../support/until.ts';

/** A process that stands for a node: its servers answer until it is frozen, and then not even connections open. */
interface Node {
  readonly ports: readonly number[];
  die(): Promise<void>;
}

/** The shortest queue of connections that nobody has accepted. */
const program = `
const { createServer } = require('node:http');
const servers = [1, 2].map(() => createServer((request, response) => response.end()).listen({ port: 0, host: '127.0.0.1', backlog: 1 }));
Promise.all(servers.map((server) => new Promise((listening) => server.once('listening', listening)))).then(() =>
  process.send(servers.map((server) => server.address().port)));
`;

async function startNode(t: TestContext): Promise<Node> {
  const child: ChildProcess = spawn(process.execPath, ['-e', program], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  t.after(() => child.kill('SIGKILL'));
  const [ports] = (await once(child, 'message')) as [number[]];
  const die = async (): Promise<void> => {
    child.kill('SIGSTOP');
    for (const port of ports) {
      // The kernel still answers for the frozen process until the queue is full.
      for (let opened = true; opened;) opened = await opens(t, port);
    }
  };
  return { ports, die };
}

/** Whether a connection opens within half a second; it stays open. */
async function opens(t: TestContext, port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  t.after(() => socket.destroy());
  return await Promise.race([
    once(socket, 'connect').then(() => true),
    new Promise<boolean>((resolve) => setTimeout(resolve, 500, false)),
  ]);
}

for (const kind of ['the readiness probe', 'a TCP check']) {
  test(`the pods of a dead node leave every worker within the thresholds of ${kind}`, async (t) => {
    const node = await startNode(t);
    const alive = await startBackend(t, 'alive');
    const ports = [...node.ports, alive.port];
    const annotations = {
      'fairway.dev/health-check-timeout': '500ms',
      ...(kind === 'a TCP check' && { 'fairway.dev/health-check': 'tcp' }),
      // Only the checks may notice it, and each request shows where it went.
      'fairway.dev/ejection': 'off',
      'proxy-next-upstream': 'off',
    };
    const fairway = await startProgram(t, {
      manifests: {
        'web.yaml': yaml(
          ...service(
            'web',
            ports.map((port) => ({ port, pod: `pod-${port}` })),
          ),
          ...ports.map((port) => pod(`pod-${port}`, port)),
          ingress({ annotations }),
        ),
      },
    });
    await until(async () => {
      const { text } = await fairway.admin('/metrics');
      return /fairway_endpoints\{[^}]*state="ready"\} 3/.test(text) ? true : undefined;
    });
    const slow = await slowness();
    const began = performance.now();
    await node.die();
    // Two failures, a second apart, each of half a second; the check before was just over.
    const promisedMs = 2_700 * slow;
    let lastMs = 0;
    while (performance.now() - began < promisedMs + 2_000) {
      const sentMs = performance.now() - began;
      const asked = Array.from({ length: 6 }, () =>
        ask({ port: fairway.httpPort, timeoutMs: 400 * slow }).catch(() => undefined),
      );
      if ((await Promise.all(asked)).includes(undefined)) lastMs = sentMs;
    }
    t.diagnostic(`out after ${Math.round(lastMs)} ms, machine ${slow.toFixed(1)} times slower`);
    assert.ok(lastMs < promisedMs, `the last request to a dead pod was sent after ${lastMs} ms`);
    const out = fairway.log.with({ event: 'endpoint-health', state: 'unhealthy' });
    assert.deepEqual(
      out.map((line) => String(line['endpoint'])).toSorted(),
      node.ports.map((port) => `127.0.0.1:${port}`).toSorted(),
    );
  });
}
