import type { ChildProcess } from 'node:child_process';
import { fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, mkdtempSync, readdirSync, readFileSync, watch } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { createInterface } from 'node:readline';

import type { FromBackends } from './demo-backends.ts';
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
/** Width of the commands in the list of what to try. */
const commandColumns = 66;

type FileChange = 'added' | 'changed' | 'removed';

/** What the terminal has been told, and what it is about to be told. */
const told = {
  ports: new Map<string, string>(),
  isServing: false,
  /** Children that died and do not serve again yet. */
  died: new Set<string>(),
  /** Files that changed since the last version was published. */
  changes: new Map<string, FileChange>(),
  /** Versions that were published and are not served by every data worker yet, with the files they are about. */
  published: new Map<number, ReadonlyMap<string, FileChange>>(),
  lastPublished: { version: 0, at: Number.NEGATIVE_INFINITY },
  files: new Set(manifestFiles()),
  quietTimer: undefined as NodeJS.Timeout | undefined,
};

const startedAt = performance.now();
const logs = mkdtempSync(join(tmpdir(), 'fairway-run-'));
const backends = fork(join(import.meta.dirname, 'demo-backends.ts'), [folder]);
const podCount = await demoPods(backends);
const program = startProgram();
const [exitCode] = (await once(program, 'close')) as [number | null];
if (backends.connected) backends.disconnect();
if (exitCode === 0) console.log('Ended; nothing is left running.');
process.exitCode = exitCode ?? 1;
process.exit();

/** Resolves with their number when all of them answer. */
function demoPods(child: ChildProcess): Promise<number> {
  return new Promise((done, failed) => {
    child.on('message', (message: FromBackends) => {
      if (message.kind === 'serving') done(message.count);
      else console.log(message.text);
    });
    child.once('exit', () => failed(new Error('the demo backends could not be started')));
  });
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
  const child = spawn(process.execPath, [join(root, 'src/main.ts'), ...args], {
    stdio: ['ignore', 'inherit', 'pipe'],
    // A group of its own: Ctrl-C reaches this script, which passes it on once; twice would mean "at once".
    detached: true,
  });
  const file = createWriteStream(join(logs, 'fairway.log'));
  createInterface({ input: child.stderr }).on('line', (text) => {
    file.write(`${text}\n`);
    const line = parseLine(text);
    // What is not JSON is a message for whoever started the program.
    if (line === undefined) console.error(withVariables(text));
    else onLogLine(line);
  });
  process.on('SIGINT', () => {
    console.log('\nEnding: what is in flight gets five seconds; Ctrl-C again ends at once.');
    child.kill('SIGINT');
  });
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  // The terminal is gone.
  process.on('SIGHUP', () => child.kill('SIGINT'));
  return child;
}

function onLogLine(line: LogLine): void {
  const level = textOf(line, 'level');
  const event = textOf(line, 'event');
  if (event === 'child-died') told.died.add(textOf(line, 'child'));
  if (event === 'listening') told.ports.set(textOf(line, 'listener'), textOf(line, 'port'));
  else if (event === 'phase' && textOf(line, 'phase') === 'serving') greet();
  else if (event === 'published') onPublished(Number(line['version']));
  else if (event === 'served') onServed(Number(line['version']));
  else if (level === 'warn' || level === 'error' || isNews(line)) console.log(readableLine(line, new Date()));
}

/** Lines of level info that somebody who tries things out wants to see. */
function isNews(line: LogLine): boolean {
  const event = textOf(line, 'event');
  // At the start all of them come to life; later only those that died.
  if (event === 'child-serving') return told.died.delete(textOf(line, 'child'));
  return event === 'endpoint-health' || textOf(line, 'message') === 'mended';
}

/** Said once, when everything is served. From then on changes of files are. */
function greet(): void {
  if (told.isServing) return;
  told.isServing = true;
  const at = (listener: string): string => `127.0.0.1:${told.ports.get(listener) ?? '?'}`;
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  console.log(`Fairway serves ${shortPath(folder)}, with ${podCount} demo pods, after ${seconds} s:`);
  console.log(`  HTTP   http://${at('http')}/   HTTPS  https://${at('https')}/   admin page  http://${at('admin')}/\n`);
  for (const file of inOrder(manifestFiles())) {
    const { about, commands } = headOf(file);
    const lines = commands.map(withPorts);
    if (lines.length > 0) console.log(`  ${(lines[0] ?? '').padEnd(commandColumns)} # ${about}`);
    for (const line of lines.slice(1)) console.log(`  ${line}`);
  }
  console.log(`\nEdit, add or remove YAML files in ${shortPath(folder)}: it takes effect at once. Ctrl-C ends.`);
  console.log(`Whole log: ${join(logs, 'fairway.log')}, requests: ${join(logs, 'access.log')}\n`);
  watch(folder, (_event, file) => onFileEvent(file ?? ''));
}

/** The comment lines at the top of an example: what it shows, and `# try:` commands. */
function headOf(file: string): { readonly about: string; readonly commands: readonly string[] } {
  const lines = readFileSync(join(folder, file), 'utf8').split('\n');
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

function onFileEvent(file: string): void {
  if (!isManifest(file)) return;
  const files = new Set(manifestFiles());
  const kind = files.has(file) ? (told.files.has(file) ? 'changed' : 'added') : 'removed';
  // An editor that writes a new file and renames it makes several events.
  told.changes.set(file, told.changes.get(file) === 'added' && kind === 'changed' ? 'added' : kind);
  told.files = files;
  clearTimeout(told.quietTimer);
  told.quietTimer = setTimeout(() => {
    // The program may have been faster than the file system's event here.
    const justNow = performance.now() - told.lastPublished.at < quietMs + 1_000;
    const version = told.lastPublished.version;
    sayChanges(told.changes, justNow ? `served now (version ${version})` : 'nothing that is served differs');
    told.changes = new Map();
  }, quietMs);
}

function onPublished(version: number): void {
  told.lastPublished = { version, at: performance.now() };
  if (told.changes.size === 0) return;
  clearTimeout(told.quietTimer);
  told.published.set(version, told.changes);
  told.changes = new Map();
}

/** A version that is served contains those before it. */
function onServed(served: number): void {
  for (const [version, changes] of told.published) {
    if (version > served) continue;
    told.published.delete(version);
    sayChanges(changes, `served now (version ${version})`);
  }
}

function sayChanges(changes: ReadonlyMap<string, FileChange>, outcome: string): void {
  if (changes.size === 0) return;
  const files = [...changes].map(([file, kind]) => `${file} ${kind}`).join(', ');
  console.log(`${clock(new Date())}          ${files}: ${outcome}`);
}

/** What people want to try first stands first. */
function inOrder(files: readonly string[]): string[] {
  const first = ['hello.yaml', 'tls.yaml', 'sticky-sessions.yaml'];
  return [...first.filter((file) => files.includes(file)), ...files.filter((file) => !first.includes(file))];
}

function manifestFiles(): string[] {
  return readdirSync(folder).filter(isManifest).sort();
}

function isManifest(file: string): boolean {
  return /^[^.].*\.(ya?ml|json)$/.test(file);
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
