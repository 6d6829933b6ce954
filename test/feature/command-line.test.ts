import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { test } from 'node:test';

import { runProgram, startProgram } from '../support/program.ts';

test('--help prints every group on standard output and ends with 0', async () => {
  const { exitCode, stderr, stdout } = await runProgram(['--help']);
  assert.equal(exitCode, 0);
  assert.match(stdout, /^fairway: .*\n\nUsage: node src\/main\.ts/);
  for (const group of ['Sources', 'Listeners', 'Processes', 'TLS', 'Health checks', 'Shutdown']) {
    assert.match(stdout, new RegExp(`^${group}$`, 'm'));
  }
  assert.equal(stderr, '');
});

test('--version prints one line', async () => {
  const { exitCode, stdout } = await runProgram(['--version']);
  assert.equal(exitCode, 0);
  assert.match(stdout, /^fairway \d+\.\d+\.\d+ \(Node\.js v[\d.]+\)\n$/);
});

test('wrong flags: one line for each on standard error, and exit code 2', async () => {
  const { exitCode, stderr, stdout } = await runProgram(['--htttp-port', '80', '--workers=many']);
  assert.equal(exitCode, 2);
  assert.equal(stdout, '');
  assert.equal(
    stderr,
    'fairway: --htttp-port is not a flag: did you mean --http-port. Run with --help for the list of all flags.\n' +
      'fairway: --workers is not as written: "many" is not a whole number. It takes a whole number from 0 to 256.\n',
  );
});

test('the command line of ingress-nginx starts, and what has no effect is in the log', async (t) => {
  const args = ['--election-ttl=30s', '--enable-ssl-passthrough', '-v=3', '--controller-class=k8s.io/ingress-nginx'];
  const program = await startProgram(t, { args });
  const settings = program.log.with({ event: 'setting' }).map(({ level, where }) => [level, where]);
  assert.deepEqual(settings, [
    ['info', '--election-ttl'],
    ['warn', '--enable-ssl-passthrough'],
    ['info', '--v'],
  ]);
  assert.equal(await program.stop(), 0);
});

test('a folder that is not there: one message and exit code 1', async () => {
  const ports = ['--http-port=0', '--https-port=0', '--healthz-port=0', '--listen-address=127.0.0.1'];
  const { exitCode, stderr } = await runProgram(['--manifests', '/nowhere/at/all', '--workers=1', ...ports]);
  assert.equal(exitCode, 1);
  const messages = stderr.split('\n').filter((line) => line.startsWith('fairway: '));
  assert.equal(messages.length, 1);
  assert.match(messages[0] ?? '', /\/nowhere\/at\/all/);
});

for (const flag of ['http-port', 'https-port', 'healthz-port']) {
  test(`--${flag} in use: one message that names the holder, and exit code 1`, async (t) => {
    const holder = createServer().listen(0, '127.0.0.1');
    t.after(() => holder.close());
    await once(holder, 'listening');
    const { port } = holder.address() as AddressInfo;
    const program = await startProgram(t, { args: [`--${flag}=${port}`], waitFor: 'none' });
    assert.equal(await program.ended, 1);
    const messages = program.log.all.flatMap((line) => (typeof line['text'] === 'string' ? [line['text']] : []));
    assert.equal(messages.length, 1);
    assert.match(
      messages[0] ?? '',
      new RegExp(`^fairway: .*port ${port}: it is in use by process ${process.pid} .*--${flag}`),
    );
  });
}
