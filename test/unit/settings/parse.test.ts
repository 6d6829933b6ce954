import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import { takenFlags } from '../../../src/settings/command-line.ts';
import type { Invocation } from '../../../src/settings/parse.ts';
import { parseInvocation } from '../../../src/settings/parse.ts';
import type { Settings } from '../../../src/settings/settings.ts';
import { allSettings, defaultSettings } from '../../../src/settings/table-access.ts';

function serve(args: string, environment: NodeJS.ProcessEnv = {}): Invocation & { kind: 'serve' } {
  const invocation = parseInvocation(args.split(' ').filter(Boolean), environment);
  assert.equal(invocation.kind, 'serve', JSON.stringify(invocation));
  return invocation;
}

function settings(args: string, environment: NodeJS.ProcessEnv = {}): Settings {
  return serve(args, environment).settings;
}

function problems(args: string, environment: NodeJS.ProcessEnv = {}): string[] {
  const invocation = parseInvocation(args.split(' ').filter(Boolean), environment);
  assert.equal(invocation.kind, 'invalid', JSON.stringify(invocation));
  return invocation.kind === 'invalid'
    ? invocation.problems.map((one) => `${one.what}: ${one.why}. ${one.fix}`)
    : assert.fail();
}

test('without words everything is as the table says', () => {
  assert.deepEqual(settings(''), defaultSettings());
  assert.deepEqual(settings('serve'), defaultSettings());
});

test('a value stands after a space or after "="', () => {
  assert.equal(settings('--http-port 81').httpPort, 81);
  assert.equal(settings('--http-port=82').httpPort, 82);
  assert.equal(settings('--publish-service=').publishService, '');
  assert.equal(settings('--manifests -dir').manifests, '-dir');
});

test('a switch stands alone or has its value after "="', () => {
  assert.equal(settings('--watch-ingress-without-class --http-port 1').watchIngressWithoutClass, true);
  assert.equal(settings('--update-status=false').updateStatus, false);
  assert.match(problems('--update-status false')[0] ?? '', /"false" belongs to no flag.*Write --update-status=false/);
});

test('durations, lists and aliases', () => {
  assert.equal(settings('--shutdown-grace-period 20').shutdownLameduckMs, 20_000);
  assert.equal(settings('--worker-shutdown-timeout=1m').shutdownDrainMs, 60_000);
  assert.deepEqual(settings('--watch-namespace a,b --watch-namespace=c').watchNamespaces, ['a', 'b', 'c']);
  assert.deepEqual(settings('--time-buckets 0.1,1').timeBuckets, [0.1, 1]);
});

test('the flag stands above the environment', () => {
  assert.equal(settings('', { POD_NAMESPACE: 'edge' }).namespace, 'edge');
  assert.equal(settings('--namespace own', { POD_NAMESPACE: 'edge' }).namespace, 'own');
  assert.equal(settings('', { POD_NAMESPACE: '' }).namespace, 'default');
  assert.match(problems('', { TERMINATION_GRACE_PERIOD: 'long' })[0] ?? '', /TERMINATION_GRACE_PERIOD.*"long"/);
});

test('a wrong value says what it takes', () => {
  assert.deepEqual(problems('--http-port 99999'), [
    '--http-port is not as written: 99999 is not between 0 and 65535. It takes a whole number from 0 to 65535.',
  ]);
  assert.match(
    problems('--load-balance=best')[0] ?? '',
    /"best" is not a value of it\. It takes one of round_robin, least_conn/,
  );
  assert.match(
    problems('--load-balance=least_con')[0] ?? '',
    /"least_con" is not a value of it; did you mean least_conn/,
  );
  assert.match(problems('--http-port')[0] ?? '', /--http-port has no value: it takes a whole number.*--http-port PORT/);
  assert.match(problems('--http-port --workers 2')[0] ?? '', /--http-port has no value/);
  assert.match(problems('--ssl-protocols=SSLv3')[0] ?? '', /"SSLv3" is not TLSv1.2/);
  assert.match(problems('--proxy-next-upstream=http_600')[0] ?? '', /"http_600" is not a condition/);
  assert.match(problems('--proxy-real-ip-cidr=10.0.0.0/33')[0] ?? '', /"10.0.0.0\/33" is not an address/);
});

test('an unknown flag names the right one, and its value is no second mistake', () => {
  assert.deepEqual(problems('--htp-port 80'), [
    '--htp-port is not a flag: did you mean --http-port. Run with --help for the list of all flags.',
  ]);
  assert.match(problems('--controler-class=x')[0] ?? '', /did you mean --controller-class/);
  assert.match(problems('-http-port 80')[0] ?? '', /did you mean --http-port/);
  assert.match(problems('--quite-something-else')[0] ?? '', /no flag has a name like this/);
  assert.match(problems('--__proto__=1')[0] ?? '', /belongs to no flag/);
  assert.match(problems('--constructor=1')[0] ?? '', /--constructor is not a flag/);
});

test('all mistakes are said at once', () => {
  assert.equal(problems('--nope --http-port=a --https-port=b stray').length, 4);
  assert.match(problems('server')[0] ?? '', /"server" is not a command: did you mean serve/);
});

test('of a flag that stands twice the last counts, and that is said', () => {
  const twice = serve('--http-port 1 --http-port 2 --workers 1 --workers 1');
  assert.equal(twice.settings.httpPort, 2);
  assert.deepEqual(
    twice.notes.map((note) => `${note.severity} ${note.what}`),
    ['warning --http-port=1 is ignored'],
  );
});

test('flags of ingress-nginx without a meaning here are taken and explained', () => {
  const invocation = serve('-v=2 --v 3 --logtostderr --sync-rate-limit 1 --enable-ssl-passthrough --profiling=false');
  assert.deepEqual(invocation.settings, defaultSettings());
  assert.deepEqual(
    invocation.notes.filter((note) => !/last one counts/.test(note.why)).map((note) => [note.where, note.severity]),
    [
      ['--v', 'info'],
      ['--v', 'info'],
      ['--logtostderr', 'info'],
      ['--sync-rate-limit', 'info'],
      ['--enable-ssl-passthrough', 'warning'],
      ['--profiling', 'info'],
    ],
  );
  assert.equal(serve('--enable-ssl-passthrough=false').notes[0]?.severity, 'info');
});

test('a flag with another name here is translated', () => {
  assert.equal(settings('--report-node-internal-ip-address').reportNodeAddress, 'internal');
  assert.equal(settings('--report-node-internal-ip-address=false').reportNodeAddress, 'off');
  assert.match(problems('--report-node-internal-ip-address=yes')[0] ?? '', /neither true nor false/);
  assert.equal(settings('--workers=1').zone, 'auto');
  assert.equal(settings('--enable-topology-aware-routing').zone, 'auto');
  assert.equal(settings('--enable-topology-aware-routing=false').zone, '');
});

test('every flag of ingress-nginx is taken', () => {
  const file = new URL('ingress-nginx-flags.txt', import.meta.url);
  const flags = readFileSync(file, 'utf8').trim().split('\n');
  assert.equal(flags.length, 71);
  assert.deepEqual(
    flags.filter((flag) => !takenFlags().includes(flag)),
    [],
  );
});

test('no flag, alias, variable or key stands in the table twice', () => {
  const flags = takenFlags();
  assert.deepEqual(
    flags.filter((flag, at) => flags.indexOf(flag) !== at),
    [],
  );
  for (const field of ['environment', 'configMapKey'] as const) {
    const names = allSettings().flatMap(([, definition]) => definition[field] ?? []);
    assert.equal(new Set(names).size, names.length);
  }
});

test('every default can be written as a flag', () => {
  for (const [name, definition] of allSettings()) {
    const text = definition.kind.print(definition.fallback);
    const result = definition.kind.read(text);
    assert.deepEqual(result, { ok: true, value: definition.fallback }, name);
  }
});

test('the shutdown must fit into the grace period', () => {
  assert.match(
    problems('--shutdown-lameduck 30 --shutdown-drain 265s', { TERMINATION_GRACE_PERIOD: '300' })[0] ?? '',
    /does not fit into 300 seconds.*30 s.*265 s.*10 s for the end are 305 s.*terminationGracePeriodSeconds to 305/,
  );
  assert.equal(settings('', { TERMINATION_GRACE_PERIOD: '300' }).terminationGracePeriodMs, 300_000);
});

test('settings that exclude each other', () => {
  assert.match(problems('--manifests d --kubeconfig k')[0] ?? '', /--manifests and --kubeconfig exclude each other/);
  assert.equal(settings('--manifests d', { KUBECONFIG: '/k' }).manifests, 'd');
  assert.match(problems('--http-port 9 --https-port 9')[0] ?? '', /--http-port and --https-port are both 9/);
  assert.match(problems('--healthz-port 8080')[0] ?? '', /--http-port and --healthz-port are both 8080/);
  assert.equal(settings('--http-port 0 --https-port 0').httpPort, 0);
  const ownAddress = '--healthz-port 8080 --listen-address 10.0.0.1 --healthz-host 127.0.0.1';
  assert.equal(settings(ownAddress).healthzPort, 8080);
  assert.match(problems('--watch-namespace a --watch-namespace-selector b=c')[0] ?? '', /no effect beside/);
});

test('help and version stand above everything else', () => {
  assert.equal(parseInvocation(['--nope', '--help'], {}).kind, 'help');
  assert.equal(parseInvocation(['-h'], {}).kind, 'help');
  assert.equal(parseInvocation(['--version'], {}).kind, 'version');
});

test('settings that are right each by itself and not together are a note', () => {
  const notes = (args: string): string[] => serve(args).notes.map((note) => `${note.severity} ${note.where}`);
  assert.deepEqual(notes('--manifests=x --watch-namespace-selector=a=b'), ['warning --watch-namespace-selector']);
  assert.deepEqual(notes('--watch-namespace-selector=a=b'), []);
  assert.deepEqual(notes('--use-forwarded-headers'), ['warning --use-forwarded-headers']);
  assert.deepEqual(notes('--use-forwarded-headers --proxy-real-ip-cidr=10.0.0.0/8'), []);
  assert.deepEqual(notes('--use-forwarded-headers --configmap=a/b'), []);
});
