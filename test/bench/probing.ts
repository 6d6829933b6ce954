/**
 * CPU of health checks: 10,000 targets on addresses of loopback, each checked every 10 s, against one server in a process of
 * its own. What counts is the time of the process that checks, with all of Fairway's prober in it.
 * `http`: the server keeps connections; `http-close`: it ends each one after an answer.
 * Run: `bash scripts/node.sh test/bench/probing.ts [http|http-close|tcp] [targets] [seconds]`
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import type { Server } from 'node:net';
import { connect, createServer } from 'node:net';
import { monitorEventLoopDelay } from 'node:perf_hooks';

import { halfOfOpenFiles, KeptConnections } from '../../src/control/health/checks/kept-connections.ts';
import { openProbe } from '../../src/control/health/checks/probe-connection.ts';
import { createChecker } from '../../src/control/health/checks/table.ts';
import { Prober, systemProberTimers } from '../../src/control/health/prober.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { systemRandom } from '../../src/lib/random.ts';
import type { EndpointId } from '../../src/model/ids.ts';
import { endpointId, upstreamId } from '../../src/model/ids.ts';
import type { Endpoint, HealthCheck } from '../../src/model/upstream.ts';
import { createCounters } from '../../src/telemetry/counters.ts';

const kept = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';
const closed = 'HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok';

/** Answers every request on loopback, whatever the address; `keeps` says whether connections stay. */
function serve(keeps: boolean): Server {
  return createServer((socket) => {
    if (socket.remoteAddress?.startsWith('127.') !== true) return void socket.destroy();
    socket.on('error', () => socket.destroy());
    socket.on('data', (bytes) => {
      if (keeps && !bytes.includes('connection: close')) socket.write(kept);
      else socket.end(closed);
    });
    return undefined;
  });
}

function addressOf(at: number): string {
  return `127.${(at >> 14) + 1}.${(at >> 7) & 127}.${(at & 127) + 1}`;
}

function checkOf(kind: HealthCheck['kind'], address: string, port: number): HealthCheck {
  return {
    kind,
    address,
    port,
    path: '/healthz',
    scheme: 'http',
    headers: [],
    service: '',
    periodMs: 10_000,
    timeoutMs: 1_000,
    successThreshold: 1,
    failureThreshold: 3,
  };
}

async function measure(mode: string, targets: number, seconds: number): Promise<void> {
  const server = fork(import.meta.filename, ['serve', mode === 'http-close' ? 'close' : 'keep']);
  const [port] = (await once(server, 'message')) as [number];
  const counters = createCounters({ timeBuckets: [0.1, 1], lengthBuckets: [1], sizeBuckets: [1] });
  const context = {
    userAgent: 'fairway-probe/bench',
    open: openProbe,
    kept: new KeptConnections(halfOfOpenFiles()),
    connect,
  };
  const prober = new Prober({
    clock: systemClock,
    random: systemRandom,
    timers: systemProberTimers,
    createChecker: (check, onResult) => createChecker(check, context, onResult),
    counters,
    log: { info: () => undefined, warn: (_fields, message) => console.error(message) },
    onChange: () => undefined,
    inherited: new Map(),
    concurrency: 512,
  });
  prober.update(modelOf(mode === 'tcp' ? 'tcp' : 'http', targets, port));
  // The first period opens what is kept open and warms the compiler.
  await new Promise((resolve) => setTimeout(resolve, 11_000));
  const delay = monitorEventLoopDelay({ resolution: 5 });
  delay.enable();
  const before = { cpu: process.cpuUsage(), counted: checksOf(counters) };
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  const { user, system } = process.cpuUsage(before.cpu);
  const checks = checksOf(counters) - before.counted;
  delay.disable();
  prober.stop();
  server.kill();
  const share = ((user + system) / 1e6 / seconds) * (10_000 / targets) * 100;
  console.log(
    `${mode.padEnd(11)} ${checks} checks, ${((user + system) / checks).toFixed(1)} µs each ` +
      `(user ${(user / checks).toFixed(1)}, system ${(system / checks).toFixed(1)}): ` +
      `${share.toFixed(2)} % of a core for 10,000 targets; loop delay p99 ${(delay.percentile(99) / 1e6 - 5).toFixed(1)} ms, max ${(delay.max / 1e6 - 5).toFixed(1)} ms`,
  );
  if (
    counters.samples().some(({ metric, labels }) => metric === 'fairway_health_checks_total' && labels[1] !== 'success')
  )
    console.log(counters.samples().filter(({ metric }) => metric === 'fairway_health_checks_total'));
}

function modelOf(kind: HealthCheck['kind'], targets: number, port: number): Parameters<Prober['update']>[0] {
  const id = upstreamId('bench', 'web', '80');
  const checks = new Map<EndpointId, HealthCheck>();
  const endpoints: Endpoint[] = [];
  for (let at = 0; at < targets; at += 1) {
    const address = addressOf(at);
    checks.set(endpointId(address, port), checkOf(kind, address, port));
    endpoints.push({ id: endpointId(address, port), address, port, state: 'ready', weight: 1 });
  }
  const upstream = { id, namespace: 'bench', service: 'web', port: '80', protocol: 'http', endpoints } as const;
  const upstreams = new Map([[id, { ...upstream, balancing: { algorithm: 'round_robin' } } as const]]);
  return { healthChecks: new Map([[id, checks]]), snapshot: { upstreams } };
}

function checksOf(counters: ReturnType<typeof createCounters>): number {
  return counters
    .samples()
    .filter(({ metric }) => metric === 'fairway_health_checks_total')
    .reduce((sum, { values }) => sum + (values[0] ?? 0), 0);
}

const [mode = '', second = '', third = ''] = process.argv.slice(2);
if (mode === 'serve') {
  const server = serve(second === 'keep');
  server.listen({ port: 0, host: '0.0.0.0', backlog: 4096 }, () => {
    const address = server.address();
    if (typeof address === 'object') process.send?.(address?.port);
  });
} else {
  for (const one of mode === '' ? ['http', 'http-close', 'tcp'] : [mode]) {
    await measure(one, Number(second || 10_000), Number(third || 20));
  }
  process.exit();
}
