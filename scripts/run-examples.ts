import type { ChildProcess } from 'node:child_process';
import { fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { createInterface } from 'node:readline';

import type { FromBackends } from './demo-backends.ts';
import type { Files } from './follow-folder.ts';
import { filesIn, followFolder } from './follow-folder.ts';
import { Remarks } from './remarks.ts';
import type { LogLine } from './terminal-lines.ts';
import { clock, parseLine, readableLine, textOf } from './terminal-lines.ts';

/**
 * `make run`: serves `manifests/examples` on loopback, without a cluster, until Ctrl-C. Demo backends play the pods.
 * Environment: HTTP_PORT, HTTPS_PORT and ADMIN_PORT choose the ports, EXAMPLES another folder.
 */

const root = join(import.meta.dirname, '..');
const folder = resolve(process.env['EXAMPLES'] ?? join(root, 'manifests/examples'));
/** A change without a new version within this time changes nothing that is served. */
const quietMs = 1_500;
/** Demo backends that end are started again after this time, doubled with each death. */
const restartMs = 500;
/** Width of the commands in the list of what to try. */
const commandColumns = 66;

type FileChange = 'added' | 'changed' | 'removed';

/** What the terminal has been told, and what it is about to be told. */
const told = {
  ports: new Map<string, string>(),
  isServing: false,
  isEnding: false,
  /** Something died: the log is worth keeping. */
  isWrong: false,
  podCount: 0,
  podDeaths: 0,
  /** Children that died and do not serve again yet. */
  died: new Set<string>(),
  remarks: new Remarks(),
  /** Files that changed since the last version was published. */
  changes: new Map<string, FileChange>(),
  /** Versions that were published and are not served by every data worker yet, with the files they are about. */
  published: new Map<number, ReadonlyMap<string, FileChange>>(),
  lastPublished: { version: 0, at: Number.NEGATIVE_INFINITY },
  /** The last version has its files already. */
  isClaimed: false,
  files: await filesOrEnd(),
  quietTimer: undefined as NodeJS.Timeout | undefined,
};

const startedAt = performance.now();
console.log(`Fairway starts with the manifests in ${shortPath(folder)} ...`);
const logs = mkdtempSync(join(tmpdir(), 'fairway-run-'));
let backends = await demoPods();
const program = startProgram();
const [exitCode] = (await once(program, 'close')) as [number | null];
told.isEnding = true;
if (backends.connected) backends.disconnect();
if (exitCode === 0) console.log('Ended; nothing is left running.');
// Before anything is served, why it ends stands on the terminal.
if (told.isWrong || (told.isServing && exitCode !== 0)) console.log(`The log is kept: ${join(logs, 'fairway.log')}`);
else rmSync(logs, { recursive: true, force: true });
process.exitCode = exitCode ?? 1;
process.exit();

async function filesOrEnd(): Promise<Files> {
  try {
    return await filesIn(folder);
  } catch (error) {
    const why = error instanceof Error && 'code' in error && error.code === 'ENOENT' ? 'there is none' : String(error);
    console.error(
      `The folder ${folder} cannot be read: ${why}. Name a folder with YAML files: make run EXAMPLES=manifests/examples`,
    );
    process.exit(1);
  }
}

/** Resolves when all of them answer. From then on they are started again whenever they end. */
function demoPods(): Promise<ChildProcess> {
  const child = fork(join(import.meta.dirname, 'demo-backends.ts'), [folder]);
  return new Promise((done) => {
    child.on('message', (message: FromBackends) => {
      if (message.kind === 'problem') return console.log(message.text);
      told.podCount = message.count;
      return done(child);
    });
    child.once('exit', (code, signal) => {
      if (told.isEnding) return;
      told.isWrong = true;
      console.log(`${clock(new Date())} error    the demo pods ended (${signal ?? code}) and are started again`);
      setTimeout(() => void restartPods(done), Math.min(30_000, restartMs * 2 ** told.podDeaths));
      told.podDeaths += 1;
    });
  });
}

async function restartPods(done: (child: ChildProcess) => void): Promise<void> {
  backends = await demoPods();
  if (told.isServing) console.log(`${clock(new Date())}          ${told.podCount} demo pods answer again`);
  done(backends);
}

/** The program itself: its whole log goes to a file, what matters of it to the terminal. */
function startProgram(): ChildProcess {
  const flags = {
    manifests: folder,
    'listen-address': '127.0.0.1',
    'http-port': process.env['HTTP_PORT'] ?? '8080',
    'https-port': process.env['HTTPS_PORT'] ?? '8443',
    'healthz-port': process.env['ADMIN_PORT'] ?? '10254',
    workers: '2',
    'shutdown-lameduck': '0',
    'shutdown-drain': '5s',
    'access-log-path': join(logs, 'access.log'),
  };
  const args = Object.entries(flags).map(([flag, value]) => `--${flag}=${value}`);
  const preload = `--import=${join(import.meta.dirname, 'end-with-parent.ts')}`;
  const child = spawn(process.execPath, [preload, join(root, 'src/main.ts'), ...args], {
    // The channel carries nothing: that it closes tells the program that this script is gone.
    stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
    // A group of its own: Ctrl-C reaches this script, which passes it on once; twice would mean "at once".
    detached: true,
  });
  followLog(child);
  process.on('SIGINT', () => {
    console.log('\nEnding: what is in flight gets five seconds; Ctrl-C again ends at once.');
    child.kill('SIGINT');
  });
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  // The terminal is gone.
  process.on('SIGHUP', () => child.kill('SIGINT'));
  return child;
}

function followLog(child: ChildProcess): void {
  if (child.stderr === null) return;
  const file = createWriteStream(join(logs, 'fairway.log'));
  // A full disk costs the log, nothing else.
  file.on('error', (error) => console.error(`The log cannot be written: ${error.message}`));
  createInterface({ input: child.stderr }).on('line', (text) => {
    file.write(`${text}\n`);
    const line = parseLine(text);
    // What is not JSON is a message for whoever started the program.
    if (line === undefined) console.error(withVariables(text));
    else onLogLine(line);
  });
}

function onLogLine(line: LogLine): void {
  const event = textOf(line, 'event');
  if (event === 'child-died') {
    told.died.add(textOf(line, 'child'));
    told.isWrong = true;
  }
  if (event === 'listening') told.ports.set(textOf(line, 'listener'), textOf(line, 'port'));
  else if (event === 'phase' && textOf(line, 'phase') === 'serving') greet();
  else if (event === 'published') onPublished(Number(line['version']));
  else if (event === 'served') onServed(Number(line['version']));
  else if (Remarks.isRemark(line)) onRemark(line);
  else if (isNews(line)) console.log(readableLine(line, new Date()));
}

function onRemark(line: LogLine): void {
  const text = told.remarks.take(line, new Date());
  if (text !== undefined) console.log(text);
}

/** Lines that somebody who tries things out wants to see. */
function isNews(line: LogLine): boolean {
  const event = textOf(line, 'event');
  // A remark says the same of the Ingress, with the reason.
  if (event === 'checks-ignored') return false;
  if (['warn', 'error'].includes(textOf(line, 'level'))) return true;
  // At the start all of them come to life; later only those that died.
  if (event === 'child-serving') return told.died.delete(textOf(line, 'child'));
  return event === 'endpoint-health';
}

/** Said once, when everything is served. From then on changes of files are. */
function greet(): void {
  if (told.isServing) return;
  told.isServing = true;
  const at = (listener: string): string => `127.0.0.1:${told.ports.get(listener) ?? '?'}`;
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  console.log(`Fairway serves ${shortPath(folder)}, with ${told.podCount} demo pods, after ${seconds} s:`);
  console.log(`  HTTP   http://${at('http')}/   HTTPS  https://${at('https')}/   admin page  http://${at('admin')}/\n`);
  for (const file of inOrder([...told.files.keys()])) {
    const { about, commands } = headOf(file);
    const lines = commands.map(withPorts);
    if (lines.length > 0) console.log(`  ${(lines[0] ?? '').padEnd(commandColumns)} # ${about}`);
    for (const line of lines.slice(1)) console.log(`  ${line}`);
  }
  console.log(`\nEdit, add or remove YAML files in ${shortPath(folder)}: it takes effect at once. Ctrl-C ends.`);
  console.log(`Whole log: ${join(logs, 'fairway.log')}, requests: ${join(logs, 'access.log')}\n`);
  void followFolder(folder, new AbortController().signal, onLook);
}

/** The comment lines at the top of an example: what it shows, and `# try:` commands. */
function headOf(file: string): { readonly about: string; readonly commands: readonly string[] } {
  const lines = textOfFile(file).split('\n');
  const comments = lines.slice(
    0,
    lines.findIndex((line) => !line.startsWith('#')),
  );
  const texts = comments.map((line) => line.replace(/^#\s*/, ''));
  return {
    about: texts.find((text) => !text.startsWith('try: ')) ?? '',
    commands: texts.filter((text) => text.startsWith('try: ')).map((text) => text.slice('try: '.length)),
  };
}

/** A file may go between the list and the reading. */
function textOfFile(file: string): string {
  try {
    return readFileSync(join(folder, file), 'utf8');
  } catch {
    return '';
  }
}

function onLook(files: Files): void {
  const before = told.files;
  told.files = files;
  const changed = [...files].filter(([path, { signature }]) => before.get(path)?.signature !== signature);
  for (const [path] of changed) noteChange(path, before.has(path) ? 'changed' : 'added');
  for (const path of before.keys()) if (!files.has(path)) noteChange(path, 'removed');
}

function noteChange(file: string, kind: FileChange): void {
  // A file that is written in two steps was still added.
  told.changes.set(file, told.changes.get(file) === 'added' && kind === 'changed' ? 'added' : kind);
  clearTimeout(told.quietTimer);
  told.quietTimer = setTimeout(() => {
    // The program may have been faster than the file system's event here.
    const isTheirs = !told.isClaimed && performance.now() - told.lastPublished.at < quietMs + 1_000;
    const nothing = told.remarks.areFresh
      ? 'what is served stays as it was, see above'
      : 'nothing that is served differs';
    sayChanges(told.changes, isTheirs ? servedNow(told.lastPublished.version) : nothing);
    if (isTheirs) told.isClaimed = true;
    told.changes = new Map();
  }, quietMs);
}

function onPublished(version: number): void {
  told.lastPublished = { version, at: performance.now() };
  told.isClaimed = told.changes.size > 0;
  if (!told.isClaimed) return;
  clearTimeout(told.quietTimer);
  told.published.set(version, told.changes);
  told.changes = new Map();
}

/** A version that is served contains those before it. */
function onServed(served: number): void {
  for (const [version, changes] of told.published) {
    if (version > served) continue;
    told.published.delete(version);
    sayChanges(changes, servedNow(version));
  }
}

function servedNow(version: number): string {
  return told.remarks.areFresh ? `served as far as said above (version ${version})` : `served now (version ${version})`;
}

function sayChanges(changes: ReadonlyMap<string, FileChange>, outcome: string): void {
  if (changes.size === 0) return;
  const files = [...changes].map(([file, kind]) => `${file} ${kind}`).join(', ');
  console.log(`${clock(new Date())}          ${files}: ${outcome}`);
  told.remarks.settle();
}

/** What people want to try first stands first. */
function inOrder(files: readonly string[]): string[] {
  const first = ['hello.yaml', 'tls.yaml', 'sticky-sessions.yaml'];
  return [...first.filter((file) => files.includes(file)), ...files.filter((file) => !first.includes(file))];
}

/** Examples are written for the usual ports. */
function withPorts(command: string): string {
  return command
    .replaceAll('localhost:8080', `localhost:${told.ports.get('http') ?? '8080'}`)
    .replaceAll('localhost:8443', `localhost:${told.ports.get('https') ?? '8443'}`);
}

/** The program names its flags; here variables of make stand for them. */
function withVariables(text: string): string {
  return text
    .replace(/with --http-port\b/, 'with "make run HTTP_PORT=8081"')
    .replace(/with --https-port\b/, 'with "make run HTTPS_PORT=8444"')
    .replace(/with --healthz-port\b/, 'with "make run ADMIN_PORT=10255"');
}

function shortPath(path: string): string {
  const short = relative(process.cwd(), path);
  return short.startsWith('..') ? path : short;
}
