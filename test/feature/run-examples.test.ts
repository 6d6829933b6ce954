import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';
import { suite, test } from 'node:test';

import { WebSocket } from 'ws';

import { until } from '../support/until.ts';

/** `make run` as somebody sees it who tries it out: every example of the repository answers as its file says. */

const root = join(import.meta.dirname, '../..');
const examples = join(root, 'manifests/examples');

interface Run {
  readonly folder: string;
  readonly lines: readonly string[];
  readonly ports: { readonly http: number; readonly https: number; readonly admin: number };
  readonly child: ChildProcess;
  line(pattern: RegExp, withinMs?: number): Promise<RegExpExecArray>;
}

/** A copy of the examples whose pods use other ports, so that a running `make run` disturbs no test. */
async function copyOfExamples(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'fairway-examples-'));
  const ports = await freePorts(20);
  for (const file of readdirSync(examples)) {
    const text = readFileSync(join(examples, file), 'utf8');
    const moved = text.replaceAll(/(?<=[pP]ort: |:)91(\d\d)(?=[,}/])/g, (_all, digits: string) =>
      String(ports[Number(digits)] ?? 0),
    );
    writeFileSync(join(folder, file), moved);
  }
  return folder;
}

/** Ports that nobody used a moment ago. */
async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => once(server.close(), 'close')));
  return ports;
}

async function start(t: TestContext, environment: Record<string, string> = {}): Promise<Run> {
  const folder = await copyOfExamples();
  const child = spawn(process.execPath, [join(root, 'scripts/run-examples.ts')], {
    cwd: root,
    env: { ...process.env, HTTP_PORT: '0', HTTPS_PORT: '0', ADMIN_PORT: '0', EXAMPLES: folder, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lines: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (line) => lines.push(line));
  }
  t.after(async () => {
    if (child.exitCode === null) {
      child.kill('SIGTERM');
      await once(child, 'close');
    }
    rmSync(folder, { recursive: true });
    // Kept where something went wrong on purpose.
    const log = lines.flatMap((line) => /^Whole log: (\S+),/.exec(line)?.[1] ?? [])[0];
    if (log !== undefined) rmSync(dirname(log), { recursive: true, force: true });
  });
  const line = (pattern: RegExp, withinMs = 20_000): Promise<RegExpExecArray> =>
    until(() => {
      for (const text of lines) {
        const match = pattern.exec(text);
        if (match !== null) return match;
      }
      if (child.exitCode !== null) assert.fail(`ended with ${child.exitCode}:\n${lines.join('\n')}`);
      return undefined;
    }, withinMs).catch((cause: unknown) => assert.fail(`${pattern}: ${String(cause)}\n${lines.join('\n')}`));
  const ports = { http: 0, https: 0, admin: 0 };
  return { folder, lines, ports, child, line };
}

async function serving(t: TestContext): Promise<Run> {
  const run = await start(t);
  const [, ...found] = await run.line(/HTTP +http:\S+:(\d+)\/ +HTTPS +https:\S+:(\d+)\/ +admin page +http:\S+:(\d+)\//);
  const [plain = 0, secure = 0, admin = 0] = found.map(Number);
  await run.line(/^Whole log: /);
  return { ...run, ports: { http: plain, https: secure, admin } };
}

interface Answer {
  readonly status: number;
  readonly body: string;
  readonly headers: http.IncomingHttpHeaders;
}

function get(run: Run, host: string, path = '/', headers: Record<string, string> = {}): Promise<Answer> {
  return ask(
    http.request({ host: '127.0.0.1', port: run.ports.http, path, headers: { ...headers, host }, agent: false }),
  );
}

function getSecure(run: Run, host: string): Promise<Answer> {
  const options = { host: '127.0.0.1', port: run.ports.https, headers: { host }, servername: host, agent: false };
  return ask(https.request({ ...options, rejectUnauthorized: false }));
}

function ask(request: http.ClientRequest): Promise<Answer> {
  return new Promise((resolve, reject) => {
    request.on('response', (response) => {
      let body = '';
      response.on('data', (chunk: Buffer) => (body += chunk.toString()));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body, headers: response.headers }));
    });
    request.on('error', reject);
    request.end();
  });
}

/** Names of the pods that answered. */
async function pods(run: Run, host: string, paths: readonly string[], headers = {}): Promise<Set<string>> {
  const names = new Set<string>();
  for (const path of paths) names.add((await get(run, host, path, headers)).body.split(' ')[0] ?? '');
  return names;
}

const twenty = Array.from({ length: 20 }, () => '/');

suite('make run', () => {
  test('every example is served as its file says', async (t) => {
    const run = await serving(t);
    await t.test('hello.yaml: both pods take turns', async () => {
      assert.deepEqual(await pods(run, 'hello.localhost', twenty), new Set(['hello-1', 'hello-2']));
    });
    await t.test('paths.yaml: the longest path wins', async () => {
      const paths = ['/', '/cart', '/cart/items', '/cart/checkout', '/cart/checkout/now', '/carton'];
      const bodies = await Promise.all(paths.map(async (path) => (await get(run, 'shop.localhost', path)).body));
      assert.deepEqual(
        bodies.map((body) => body.split(' ')[0]),
        ['catalogue-1', 'cart-1', 'cart-1', 'checkout-1', 'cart-1', 'catalogue-1'],
      );
    });
    await t.test('wildcard-host.yaml: every name under the domain', async () => {
      assert.deepEqual(await pods(run, 'any.wild.localhost', ['/']), new Set(['wild-1']));
    });
    await t.test('default-backend.yaml: what no rule takes', async () => {
      assert.deepEqual(await pods(run, 'nobody.localhost', ['/', '/a']), new Set(['catch-all-1']));
    });
    await t.test('sticky-sessions.yaml: the cookie keeps the pod', async () => {
      const first = await get(run, 'sticky.localhost');
      const cookie = /^seat=[^;]+/.exec(first.headers['set-cookie']?.[0] ?? '')?.[0] ?? '';
      assert.notEqual(cookie, '');
      const names = await pods(run, 'sticky.localhost', twenty, { cookie });
      assert.deepEqual(names, new Set([first.body.split(' ')[0]]));
    });
    await t.test('canary.yaml: a part of the requests, and those that ask for it', async () => {
      assert.deepEqual(await pods(run, 'canary.localhost', twenty, { 'x-canary': 'always' }), new Set(['canary-1']));
      assert.deepEqual(await pods(run, 'canary.localhost', twenty, { 'x-canary': 'never' }), new Set(['stable-1']));
      const both = await until(async () => {
        const names = await pods(run, 'canary.localhost', twenty);
        return names.size === 2 ? names : undefined;
      });
      assert.deepEqual(both, new Set(['stable-1', 'canary-1']));
    });
    await t.test('consistent-hash.yaml: one path, one pod', async () => {
      const paths = Array.from({ length: 30 }, (_, at) => `/${at}`);
      assert.equal((await pods(run, 'hash.localhost', ['/a', '/a', '/a', '/a', '/a', '/a'])).size, 1);
      assert.ok((await pods(run, 'hash.localhost', paths)).size > 1);
    });
    await t.test('balancing.yaml: answers', async () => {
      assert.equal((await get(run, 'least.localhost')).status, 200);
    });
    await t.test('timeouts.yaml: 504 after two seconds', async () => {
      assert.equal((await get(run, 'slow.localhost', '/?delay=10')).status, 200);
      assert.equal((await get(run, 'slow.localhost', '/?delay=5000')).status, 504);
    });
    await t.test('tls.yaml: HTTPS, and a redirect to it', async () => {
      const secure = await getSecure(run, 'secure.localhost');
      assert.equal(secure.status, 200);
      assert.match(secure.body, /^secure-\d /);
      const plain = await get(run, 'secure.localhost', '/a?b');
      assert.deepEqual([plain.status, plain.headers.location], [308, 'https://secure.localhost/a?b']);
    });
    await t.test('websocket.yaml: frames come back', async () => {
      const socket = new WebSocket(`ws://127.0.0.1:${run.ports.http}/`, { headers: { host: 'echo.localhost' } });
      await once(socket, 'open');
      socket.send('hello');
      const [data] = (await once(socket, 'message')) as [Buffer];
      assert.equal(data.toString(), 'hello');
      socket.close();
      assert.match((await get(run, 'echo.localhost', '/headers')).body, /X-Forwarded-Proto: http/i);
    });
    await t.test('health-checks.yaml: a pod that fails its probe leaves and comes back', async () => {
      const text = readFileSync(join(run.folder, 'health-checks.yaml'), 'utf8');
      const url = /http:\/\/127\.0\.0\.11:\d+\/healthz/.exec(text)?.[0] ?? '';
      await fetch(`${url}/fail`, { method: 'POST' });
      const both = ['healthy-1', 'healthy-2'];
      await until(async () => ((await pods(run, 'healthy.localhost', twenty)).size === 1 ? true : undefined));
      assert.deepEqual(await pods(run, 'healthy.localhost', twenty), new Set(['healthy-2']));
      await fetch(`${url}/pass`, { method: 'POST' });
      await until(async () => ((await pods(run, 'healthy.localhost', twenty)).size === both.length ? true : undefined));
    });
    await t.test('pools.yaml: pods that are full are waited for, and one that fails its check leaves', async () => {
      const startedMs = performance.now();
      const answers = await Promise.all(Array.from({ length: 8 }, () => get(run, 'pool.localhost', '/?delay=500')));
      assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]));
      assert.ok(performance.now() - startedMs > 990, 'no more than four at a time');
      const text = readFileSync(join(run.folder, 'pools.yaml'), 'utf8');
      const url = /http:\/\/127\.0\.0\.11:\d+\/healthz/.exec(text)?.[0] ?? '';
      await fetch(`${url}/fail`, { method: 'POST' });
      await until(async () => ((await pods(run, 'pool.localhost', twenty)).size === 1 ? true : undefined));
      assert.deepEqual(await pods(run, 'pool.localhost', twenty), new Set(['pool-2']));
    });
    await t.test('every example names a command to try', () => {
      const silent = readdirSync(examples).filter(
        (file) => !/^# try: /m.test(readFileSync(join(examples, file), 'utf8')),
      );
      assert.deepEqual(silent, ['ingress-class.yaml']);
      const commands = run.lines.filter((line) => /^ {2}curl /.test(line));
      assert.ok(
        commands.every((line) => !/:(8080|8443)\b/.test(line)),
        commands.join('\n'),
      );
      for (const host of ['hello', 'secure', 'sticky']) {
        assert.ok(commands.some((line) => line.includes(`${host}.localhost`)));
      }
    });
    await t.test('the admin page answers', async () => {
      const response = await fetch(`http://127.0.0.1:${run.ports.admin}/`);
      assert.equal(response.status, 200);
      assert.match(await response.text(), /hello\.localhost/);
    });
  });

  test('files that are added, changed, broken and removed take effect and are said', async (t) => {
    const run = await serving(t);
    const file = join(run.folder, 'extra.yaml');
    const extra = (host: string): string => `
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: extra, namespace: demo}
spec:
  ingressClassName: fairway
  rules:
  - host: ${host}
    http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: hello, port: {name: http}}}}]}
`;
    writeWhole(file, extra('one.localhost'));
    await run.line(/extra\.yaml added: served now/);
    await answers(run, 'one.localhost', /^hello-/);
    writeWhole(file, extra('two.localhost'));
    await run.line(/extra\.yaml changed: served now/);
    await answers(run, 'two.localhost', /^hello-/);
    await answers(run, 'one.localhost', /^catch-all-/);
    writeWhole(file, 'a: [b');
    await run.line(/error +.*extra\.yaml.* is not read.*line/);
    await answers(run, 'two.localhost', /^hello-/);
    await answers(run, 'hello.localhost', /^hello-/);
    rmSync(file);
    await run.line(/extra\.yaml removed: served now/);
    await answers(run, 'two.localhost', /^catch-all-/);
    const mended = run.lines.filter((line) => line.includes('mended'));
    assert.equal(mended.length, 1);
    assert.match(mended[0] ?? '', /File extra\.yaml: mended/);
  });

  test('what is not served is said with the reason, also when only a remark of level info says it', async (t) => {
    const run = await serving(t);
    const text = readFileSync(join(run.folder, 'hello.yaml'), 'utf8');
    writeWhole(join(run.folder, 'hello.yaml'), text.replace(/ingressClassName: \S+/, 'ingressClassName: fareway'));
    await run.line(/Ingress `demo\/hello` is not served.*"fareway".*fairway/);
    await run.line(/hello\.yaml changed: served as far as said above/);
    writeWhole(join(run.folder, 'hello.yaml'), text.replace('kind: Ingress', 'kind: Ingres'));
    await run.line(/Ingres \(networking\.k8s\.io\/v1\) in `hello\.yaml`.*not read.*did you mean Ingress/i);
    writeWhole(join(run.folder, 'hello.yaml'), text);
    await run.line(/File hello\.yaml: mended/);
    await answers(run, 'hello.localhost', /^hello-/);
  });

  test('folders in the folder count: routes, demo pods and the lines about changes', async (t) => {
    const run = await serving(t);
    const [port = 0] = await freePorts(1);
    const text = readFileSync(join(run.folder, 'hello.yaml'), 'utf8')
      .replaceAll(/\bhello\b/g, 'nested')
      .replaceAll(/(?<=[pP]ort: )\d{4,}/g, String(port));
    mkdirSync(join(run.folder, 'sub'));
    writeWhole(join(run.folder, 'sub/nested.yaml'), text);
    await run.line(/sub\/nested\.yaml added: served now/);
    await answers(run, 'nested.localhost', /^nested-/);
  });

  test('a folder that goes away and comes back ends nothing', async (t) => {
    const run = await serving(t);
    renameSync(run.folder, `${run.folder}-away`);
    await run.line(/folder of manifests is not read/);
    await answers(run, 'hello.localhost', /^hello-/);
    renameSync(`${run.folder}-away`, run.folder);
    const text = readFileSync(join(run.folder, 'hello.yaml'), 'utf8');
    const [port = 0] = await freePorts(1);
    writeWhole(join(run.folder, 'hello.yaml'), text.replaceAll(/(?<=[pP]ort: )\d{4,}/g, String(port)));
    await run.line(/hello\.yaml changed: served/);
    // New demo pods answer, so those who play them have lived on.
    await answers(run, 'hello.localhost', new RegExp(`^hello-.*:${port}\\)`));
  });

  test('processes that are killed are said, and that they are back', async (t) => {
    const run = await serving(t);
    process.kill(childOf(run, 'scripts/demo-backends.ts'), 'SIGKILL');
    await run.line(/demo pods ended/);
    await run.line(/\d+ demo pods answer again/);
    await answers(run, 'hello.localhost', /^hello-/);
    process.kill(childOf(run, 'src/control/control.ts'), 'SIGKILL');
    await run.line(/control .*a new one starts/);
    await run.line(/control serves$/);
  });

  test('however it ends, the program ends with it', async (t) => {
    const run = await serving(t);
    run.child.kill('SIGKILL');
    await until(() =>
      get(run, 'hello.localhost').then(
        () => undefined,
        () => true,
      ),
    );
  });

  test('a folder that is not there is one message', async (t) => {
    const run = await start(t, { EXAMPLES: '/nowhere/at/all' });
    const [code] = (await once(run.child, 'close')) as [number];
    assert.equal(code, 1);
    assert.equal(run.lines.length, 1, run.lines.join('\n'));
    assert.match(
      run.lines[0] ?? '',
      /^The folder \/nowhere\/at\/all cannot be read: there is none.*make run EXAMPLES=/,
    );
  });

  test('Ctrl-C ends everything, with exit code 0', async (t) => {
    const run = await serving(t);
    run.child.kill('SIGINT');
    const [code] = (await once(run.child, 'close')) as [number];
    assert.equal(code, 0);
    assert.match(run.lines[0] ?? '', /^Fairway starts /);
    const [, log = ''] = await run.line(/^Whole log: (\S+),/);
    assert.ok(!existsSync(dirname(log)), 'the folder of the log is removed');
    await assert.rejects(get(run, 'hello.localhost'), { code: 'ECONNREFUSED' });
    const text = readFileSync(join(run.folder, 'hello.yaml'), 'utf8');
    const port = /port: (\d{4,})/.exec(text)?.[1] ?? '';
    await until(() =>
      fetch(`http://127.0.0.11:${port}/`).then(
        () => undefined,
        () => true,
      ),
    );
  });

  test('a port in use ends it with the variable that chooses another', async (t) => {
    const holder = createServer().listen(0, '127.0.0.1');
    t.after(() => holder.close());
    await once(holder, 'listening');
    const { port } = holder.address() as AddressInfo;
    const run = await start(t, { HTTP_PORT: String(port) });
    const [code] = (await once(run.child, 'close')) as [number];
    assert.equal(code, 1);
    assert.match(
      run.lines.join('\n'),
      new RegExp(`port ${port}: it is in use by process ${process.pid} .*make run HTTP_PORT=`),
    );
  });
});

/** Process id of the descendant of `make run` that runs this program. */
function childOf(run: Run, program: string): number {
  const processes = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const parent = Number(/\) \S (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1]);
        return [{ pid: Number(pid), parent, command: readFileSync(`/proc/${pid}/cmdline`, 'utf8') }];
      } catch {
        // Ended meanwhile.
        return [];
      }
    });
  const isBelow = (pid: number): boolean =>
    pid === run.child.pid || processes.some((one) => one.pid === pid && isBelow(one.parent));
  const found = processes.find(({ pid, command }) => command.includes(program) && isBelow(pid));
  assert.ok(found, `no process ${program}`);
  return found.pid;
}

/** The line on the terminal may be about the change before: what counts is what is served soon. */
async function answers(run: Parameters<typeof get>[0], host: string, expected: RegExp): Promise<void> {
  await until(async () => (expected.test((await get(run, host)).body) ? true : undefined));
}

/** As an editor does it: never half a file. */
function writeWhole(path: string, text: string): void {
  writeFileSync(`${path}.unfinished`, text);
  renameSync(`${path}.unfinished`, path);
}
