import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import http from 'node:http';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { suite, test } from 'node:test';

import type { EngineName } from '../../src/proxy/engines/engine.ts';
import { engines } from '../../src/proxy/engines/table.ts';
import { untilEnd } from '../support/backends.ts';
import { ask } from '../support/client.ts';
import { ingress, service, yaml } from '../support/manifests.ts';
import { startBackend } from '../support/named-backend.ts';
import type { Program } from '../support/program.ts';
import { startProgram } from '../support/program.ts';
import { until } from '../support/until.ts';

/** The limit of open files: clients beyond half of it are refused and that is said, those that are served notice nothing. */

const limit = 200;
/** `(200 - 128) / 2`. */
const most = 36;

async function startLimited(t: TestContext, engine: EngineName): Promise<Program> {
  const backend = await startBackend(t, 'a');
  return await startProgram(t, {
    manifests: { 'web.yaml': yaml(...service('web', [{ port: backend.port }]), ingress()) },
    args: ['--workers=1', `--engine=${engine}`],
    openFiles: limit,
  });
}

/** Value of a metric without labels of its own. */
async function metric(program: Program, name: string): Promise<number> {
  const { text } = await program.admin('/metrics');
  return Number(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, 'm').exec(text)?.[1]);
}

function openMany(t: TestContext, port: number, count: number): Socket[] {
  const sockets = Array.from({ length: count }, () => connect(port, '127.0.0.1'));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
  });
  return sockets;
}

for (const engine of Object.keys(engines) as EngineName[]) {
  suite(`open files, engine ${engine}`, () => {
    for (const [secure, path] of [
      [false, 'HTTP'],
      [true, 'TLS'],
    ] as const) {
      test(`clients over ${path} beyond what the limit allows are closed at once, counted and said`, async (t) => {
        const program = await startLimited(t, engine);
        const port = secure ? program.httpsPort : program.httpPort;
        const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
        t.after(() => agent.destroy());
        const kept = (): Promise<number> => keptRequest(program.httpPort, agent);
        assert.equal(await kept(), 200);
        const sockets = openMany(t, port, 400);
        let ended = 0;
        for (const socket of sockets) void untilEnd(socket).then(() => (ended += 1));
        await until(() => (ended >= 400 - most ? true : undefined));
        assert.equal(await kept(), 200, 'a client that was there before is served on');
        assert.equal(await metric(program, 'fairway_open_files_limit'), limit);
        assert.ok((await metric(program, 'fairway_open_files')) < limit * 0.9);
        assert.equal(await metric(program, 'fairway_connections_refused_total'), 400 - most + 1);
        const line = await program.log.next({ event: 'connections-refused' });
        assert.equal(line['connectionLimit'], most);
        assert.match(String(line['message']), /closed at once: this data worker serves at most 36, .* Raise the limit/);
        for (const socket of sockets) socket.destroy();
        await until(async () => ((await ask({ port: program.httpPort })).status === 200 ? true : undefined));
        assert.equal(program.log.with({ event: 'connections-refused' }).length, 1, 'at most once a minute');
        assert.equal(program.log.with({ event: 'child-died' }).length, 0);
      });
    }
  });
}

// The reference engine leaves idle connections alone: node:http owns them.
test('connections that only wait make room for clients that ask', async (t) => {
  const program = await startLimited(t, 'native');
  const ask = async (): Promise<number> => {
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    t.after(() => agent.destroy());
    return await keptRequest(program.httpPort, agent);
  };
  const inTurn = async (count: number): Promise<Set<number>> => {
    const statuses = new Set<number>();
    for (let one = 0; one < count; one += 1) statuses.add(await ask());
    return statuses;
  };
  assert.deepEqual(await inTurn(most - 6), new Set([200]));
  // From now on they count as idle.
  await new Promise((resolve) => setTimeout(resolve, 1_200));
  assert.deepEqual(await inTurn(20), new Set([200]));
  assert.equal(await metric(program, 'fairway_connections_refused_total'), 0);
  assert.equal(await metric(program, 'nginx_ingress_controller_nginx_process_connections_total'), most - 6 + 20);
});

test('a limit that is nearly reached is said, also when it changes while the program runs', async (t) => {
  const program = await startLimited(t, 'native');
  const open = await metric(program, 'fairway_open_files');
  assert.ok(open > 10 && open < 100, `${open} files`);
  const pid = String(program.childPid('worker-0'));
  const { status } = spawnSync('prlimit', ['--pid', pid, `--nofile=${open + 2}:${limit}`]);
  assert.equal(status, 0);
  const line = await program.log.next({ event: 'open-files' });
  assert.match(String(line['message']), /^\d+ of \d+ files and connections are open: .* Raise the limit/);
});

async function keptRequest(port: number, agent: http.Agent): Promise<number> {
  return await new Promise((resolve, reject) => {
    const request = http.get({ port, host: '127.0.0.1', headers: { host: 'example.test' }, agent }, (response) => {
      response.resume();
      response.on('end', () => resolve(response.statusCode ?? 0));
    });
    request.on('error', reject);
  });
}
