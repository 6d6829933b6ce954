import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { test } from 'node:test';

import { openLogDestination } from '../../../src/lib/log-destination.ts';
import { OperatorError } from '../../../src/lib/operator-error.ts';

const source = JSON.stringify(join(import.meta.dirname, '../../../src/lib/log-destination.ts'));

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'fairway-log-'));
  t.after(() => rmSync(path, { recursive: true }));
  return path;
}

/** Runs a program that logs, with `log` opened on a path; it reports on standard error. */
function run(t: TestContext, path: string, body: string, stdout: 'pipe' | number = 'pipe'): ChildProcess {
  const program = `
    import { openLogDestination } from ${source};
    const log = openLogDestination(${JSON.stringify(path)});
    const report = () => process.stderr.write(JSON.stringify({ dropped: log.dropped, rss: process.memoryUsage.rss() }));
    ${body}`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: ['ignore', stdout, 'pipe'] });
  t.after(() => child.kill('SIGKILL'));
  return child;
}

async function reportOf(child: ChildProcess): Promise<{ dropped: number; rss: number; code: number }> {
  let text = '';
  child.stderr?.on('data', (chunk: Buffer) => (text += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number];
  return { ...(JSON.parse(text) as { dropped: number; rss: number }), code };
}

test('lines reach a file in order, and are appended', async (t) => {
  const path = join(folder(t), 'access.log');
  writeFileSync(path, 'before\n');
  const log = openLogDestination(path);
  for (let at = 0; at < 1000; at += 1) log.write(`${at}\n`);
  await log.flush(5_000);
  const lines = readFileSync(path, 'utf8').split('\n');
  assert.equal(lines[0], 'before');
  assert.deepEqual(
    lines.slice(1, -1),
    Array.from({ length: 1000 }, (_, at) => `${at}`),
  );
  assert.equal(log.dropped, 0);
});

test('beyond its memory the oldest lines go, and are counted', async (t) => {
  const path = join(folder(t), 'small.log');
  const log = openLogDestination(path, 40);
  for (let at = 10; at < 30; at += 1) log.write(`line ${at}\n`);
  assert.equal(log.dropped, 15);
  await log.flush(5_000);
  assert.equal(readFileSync(path, 'utf8'), 'line 25\nline 26\nline 27\nline 28\nline 29\n');
});

test('a full disk costs lines and nothing else', async () => {
  const log = openLogDestination('/dev/full');
  log.write('one\n');
  log.write('two\n');
  await log.flush(5_000);
  assert.equal(log.dropped, 2);
});

test('a file that cannot be opened is said to the operator', () => {
  assert.throws(
    () => openLogDestination('/no/such/folder/access.log'),
    (error) => error instanceof OperatorError && error.code === 'log-not-writable' && error.fix !== '',
  );
});

test('lines are written before the process ends', async (t) => {
  const child = run(t, '/dev/stdout', `log.write('last\\n'); report(); process.exit(0);`);
  let text = '';
  child.stdout?.on('data', (chunk: Buffer) => (text += chunk.toString()));
  await reportOf(child);
  assert.equal(text, 'last\n');
});

test('a pipe that nobody reads costs 8 MiB, counted lines, and no time', async (t) => {
  const body = `
    const line = 'x'.repeat(199) + '\\n';
    for (let turn = 0; turn < 200; turn += 1) {
      for (let at = 0; at < 1000; at += 1) log.write(line);
      await new Promise((resolve) => setImmediate(resolve));
    }
    report();
    process.exit(0);`;
  const child = run(t, '/dev/stdout', body);
  child.stdout?.pause();
  // 40 MB were logged; the pipe takes 64 KiB.
  const { dropped, rss, code } = await reportOf(child);
  assert.equal(code, 0);
  assert.ok(dropped > 150_000, `${dropped} dropped`);
  assert.ok(rss < 250_000_000, `${rss} bytes`);
});

test('a reader that goes away ends nothing', async (t) => {
  const body = `
    log.write('first\\n');
    await log.flush(1000);
    process.stderr.write('');
    setTimeout(async () => {
      for (let at = 0; at < 10; at += 1) {
        log.write('lost\\n');
        await log.flush(1000);
      }
      report();
    }, 300);`;
  const child = run(t, '/dev/stdout', body);
  child.stdout?.once('data', () => child.stdout?.destroy());
  const { dropped, code } = await reportOf(child);
  assert.equal(code, 0);
  assert.ok(dropped >= 9, `${dropped} dropped`);
});

test('a pipe that is read again gets what is left, in whole lines', async (t) => {
  const body = `
    for (let at = 0; at < 100_000; at += 1) log.write(JSON.stringify({ at, text: 'x'.repeat(100) }) + '\\n');
    await new Promise((resolve) => setTimeout(resolve, 100));
    await log.flush(20_000);
    report();`;
  const child = run(t, '/dev/stdout', body);
  const { stdout } = child;
  assert.ok(stdout !== null);
  stdout.pause();
  setTimeout(() => stdout.resume(), 300);
  let text = '';
  stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
  stdout.pause();
  const { dropped } = await reportOf(child);
  const lines = text.trimEnd().split('\n');
  const numbers = lines.map((line) => (JSON.parse(line) as { at: number }).at);
  assert.equal(lines.length + dropped, 100_000);
  assert.equal(numbers.at(-1), 99_999);
  assert.ok(numbers.every((at, place) => place === 0 || at > Number(numbers[place - 1])));
});
