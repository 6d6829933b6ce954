/**
 * One engine in this process, without supervisor and control process: for profiles.
 * Usage: node --cpu-prof test/bench/engine-alone.ts ENGINE PORT BACKEND_PORT LOG_PATH; ends on SIGTERM.
 */
import { randomBytes } from 'node:crypto';

import { eventClock } from '../../src/lib/event-clock.ts';
import { openLogDestination } from '../../src/lib/log-destination.ts';
import { createLogger } from '../../src/lib/logger.ts';
import { systemRandom } from '../../src/lib/random.ts';
import { endpointId, hostPattern, listenerId, routeId, upstreamId } from '../../src/model/ids.ts';
import { defaultProxyOptions } from '../../src/model/proxy-options.ts';
import type { Snapshot } from '../../src/model/snapshot.ts';
import { emptySnapshot } from '../../src/model/snapshot.ts';
import { diffSnapshots } from '../../src/model/update.ts';
import type { EngineName } from '../../src/proxy/engines/engine.ts';
import { engines } from '../../src/proxy/engines/table.ts';
import { accessLogEntry } from '../../src/proxy/filters/access-log.ts';
import { Runtime } from '../../src/proxy/runtime/runtime.ts';
import { bindSocket } from '../../src/supervisor/sockets.ts';
import { createAccessLog } from '../../src/telemetry/access-log.ts';
import { createCounters } from '../../src/telemetry/counters.ts';

const [name = 'native', port = '0', backendPort = '0', logPath = ''] = process.argv.slice(2);
const buckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const sizes = [10, 100, 1000, 10_000, 100_000, 1_000_000];
const upstream = upstreamId('shop', 'web', '80');
const host = hostPattern('localhost');
const accessLog = createAccessLog('nginx', openLogDestination(logPath === '' ? '/dev/null' : logPath));
const runtime = new Runtime({
  clock: eventClock,
  random: systemRandom,
  counters: createCounters({ timeBuckets: buckets, lengthBuckets: sizes, sizeBuckets: sizes }),
  accessLog: (exchange) => accessLog.write(accessLogEntry(exchange, eventClock)),
  onBug: (error) => console.error(error),
  onChecksIgnored: () => undefined,
});
const log = createLogger({ process: 'bench', level: 'error' });
// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- an argument of whoever measures
const engine = engines[name as EngineName]({ runtime, ticketKeys: new Uint8Array(randomBytes(48)), log });
const snapshot: Snapshot = {
  version: 1,
  listeners: new Map(),
  virtualHosts: new Map([
    [
      host,
      {
        host,
        routes: [
          {
            id: routeId('shop/web', host, 'prefix', '/'),
            source: { kind: 'Ingress', namespace: 'shop', name: 'web' },
            match: { kind: 'prefix', path: '/' },
            action: { kind: 'forward', upstream },
            policies: {
              retry: { on: ['error', 'timeout'], tries: 3, timeoutMs: 0 },
              labels: {
                namespace: 'shop',
                ingress: 'web',
                service: 'web',
                servicePort: '80',
                path: '/',
                host: 'localhost',
              },
            },
          },
        ],
      },
    ],
  ]),
  upstreams: new Map([
    [
      upstream,
      {
        id: upstream,
        namespace: 'shop',
        service: 'web',
        port: '80',
        protocol: 'http',
        balancing: { algorithm: 'round_robin' },
        endpoints: [
          {
            id: endpointId('127.0.0.1', Number(backendPort)),
            address: '127.0.0.1',
            port: Number(backendPort),
            state: 'ready',
            weight: 1,
          },
        ],
      },
    ],
  ]),
  certificates: new Map(),
  options: { ...defaultProxyOptions, accessLog: logPath !== '' },
};
engine.apply(diffSnapshots(emptySnapshot, snapshot));
const socket = bindSocket({ address: '127.0.0.1', port: Number(port), what: 'http', flag: 'http' });
engine.listen(listenerId('http'), socket.port, socket.handle);
console.log(`${process.pid} listens on ${socket.port}`);
process.once('SIGTERM', () => {
  void engine.drain(0).then(() => process.exit(0));
});
