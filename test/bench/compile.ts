import { createCompiler } from '../../src/control/compile/compile.ts';
import { ObjectStore } from '../../src/control/objects/object-store.ts';
import { diffSnapshots } from '../../src/model/update.ts';
import { defaultSettings } from '../../src/settings/table-access.ts';
import { ingress, ownClass, pod, rule, service, slice } from '../support/compile-objects.ts';

/**
 * How long a compilation takes: from nothing, and after one change. Run with `bash scripts/node.sh test/bench/compile.ts
 * [INGRESSES] [ENDPOINTS OF EACH]`.
 */
const ingresses = Number(process.argv[2] ?? 5_000);
const endpointsOfEach = Number(process.argv[3] ?? 10);

const store = new ObjectStore();
const address = (at: number, endpoint: number): string => `10.${at >> 8}.${at & 255}.${endpoint + 1}`;
const addresses = (at: number): string[] => Array.from({ length: endpointsOfEach }, (_, one) => address(at, one));
const indexes = Array.from({ length: ingresses }, (_, at) => at);
store.replace('IngressClass', [ownClass]);
store.replace(
  'Ingress',
  indexes.map((at) =>
    ingress(`i${at}`, {
      createdAt: (at * 7919) % 100_000,
      rules: [rule(`h${at}.example.com`, '/', `s${at}`)],
      tls: [{ hosts: [`h${at}.example.com`] }],
      annotations: at % 2 === 0 ? { 'nginx.ingress.kubernetes.io/proxy-read-timeout': '30' } : {},
    }),
  ),
);
store.replace(
  'Service',
  indexes.map((at) => service(`s${at}`)),
);
store.replace(
  'EndpointSlice',
  indexes.map((at) => slice(`s${at}-1`, `s${at}`, addresses(at))),
);
store.replace(
  'Pod',
  indexes.flatMap((at) => addresses(at).map((one) => pod(one))),
);

const compiler = createCompiler();
const settings = defaultSettings();
const common = { objects: store, settings, nowSeconds: 0, publishedAddresses: [] };
/** Milliseconds of processor time, which other programs on the machine do not change. */
const cpuMs = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};
const timed = <T>(name: string, run: () => T): T => {
  const started = cpuMs();
  const result = run();
  console.log(`${name}: ${(cpuMs() - started).toFixed(1)} ms`);
  return result;
};

let snapshot = timed('from nothing', () => compiler({ ...common, version: 1 })).snapshot;
console.log(`${snapshot.virtualHosts.size} hosts, ${snapshot.upstreams.size} upstreams`);
const change = (name: string, make: (round: number) => void): void => {
  const times: number[] = [];
  const diffs: number[] = [];
  for (let round = 1; round <= 20; round += 1) {
    make(round);
    const started = cpuMs();
    const next = compiler({ ...common, version: snapshot.version + 1, previous: snapshot }).snapshot;
    const compiled = cpuMs();
    diffSnapshots(snapshot, next);
    times.push(compiled - started);
    diffs.push(cpuMs() - compiled);
    snapshot = next;
  }
  const describe = (numbers: number[]): string => {
    const sorted = numbers.toSorted((a, b) => a - b);
    return `median ${sorted[10]?.toFixed(1)}, max ${sorted[19]?.toFixed(1)} ms`;
  };
  console.log(`${name}: compile ${describe(times)}; diff ${describe(diffs)}`);
};
change('one slice', (round) => store.upsert(slice('s7-1', 's7', addresses(7).slice(0, 1 + (round % 5)))));
change('one slice and one pod', (round) => {
  const at = (round * 97) % ingresses;
  store.upsert(slice(`s${at}-1`, `s${at}`, addresses(at).slice(1)));
  store.remove({ kind: 'Pod', namespace: 'shop', name: `pod-${address(at, 0)}` });
});
change('one Ingress', (round) => store.upsert(ingress('i7', { rules: [rule('h7.example.com', `/${round}`, 's7')] })));
change('nothing', () => undefined);
