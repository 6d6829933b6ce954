/**
 * Sends requests at times that were fixed before the first one, and measures each from when it was due: a proxy that
 * stands still is seen by every request that falls into that time, not by one ("coordinated omission").
 * Usage: node main.ts PLAN; prints a report as JSON. Started by `run.ts`.
 */
import { Worker } from 'node:worker_threads';

import { ClientConnection } from './client-connection.ts';
import type { Plan, Report, Shot } from './plan.ts';

/** A request that waits for a connection or an answer. */
interface Pending {
  readonly dueMs: number;
  readonly bytes: string;
  readonly lane: Lane;
  sentMs: number;
  connection: ClientConnection | undefined;
}

/** Connections from one address. */
interface Lane {
  readonly address: string | undefined;
  readonly idle: ClientConnection[];
  readonly waiting: Pending[];
  open: number;
}

const plan = JSON.parse(process.argv[2] ?? '') as Plan;
const total = Math.round(plan.perSecond * plan.seconds);
const addresses = plan.addresses ?? [undefined];
const lanes: Lane[] = addresses.map((address) => ({ address, idle: [], waiting: [], open: 0 }));
const connectionsPerLane = Math.max(1, Math.floor(plan.connections / lanes.length));
const requests = plan.paths.map((path) => `GET ${path} HTTP/1.1\r\nHost: ${plan.host}\r\nUser-Agent: bench\r\n\r\n`);
const everyMs = Math.max(0.25, Math.min(2, 1000 / plan.perSecond));
const pending = new Set<Pending>();
const shots: Shot[] = [];
const startedAt = Date.now();
const start = performance.now();
let launched = 0;

const asked = new Int32Array(new SharedArrayBuffer(4));
const pacer = new Worker(new URL('pacer.ts', import.meta.url), { workerData: { asked, everyMs } });
pacer.on('message', () => {
  Atomics.store(asked, 0, 0);
  launchDue();
});
const sweeper = setInterval(failLate, 50);

function launchDue(): void {
  const now = performance.now() - start;
  const due = Math.min(total, Math.floor((now * plan.perSecond) / 1000));
  for (; launched < due; launched += 1) launch(launched, now);
}

function launch(at: number, now: number): void {
  const lane = lanes[at % lanes.length];
  const bytes = requests[at % requests.length];
  if (lane === undefined || bytes === undefined) return;
  const one = { dueMs: (at * 1000) / plan.perSecond, bytes, lane, sentMs: 0, connection: undefined };
  pending.add(one);
  const connection = idleOf(lane) ?? (lane.open < connectionsPerLane ? open(lane) : undefined);
  if (connection === undefined) lane.waiting.push(one);
  else send(one, connection, now);
}

/** Longest unused first, so that all connections are in use. */
function idleOf(lane: Lane): ClientConnection | undefined {
  for (let one = lane.idle.shift(); one !== undefined; one = lane.idle.shift()) if (one.usable) return one;
  return undefined;
}

function open(lane: Lane): ClientConnection {
  lane.open += 1;
  return new ClientConnection(plan.port, lane.address, () => {
    lane.open -= 1;
    const next = nextWaiting(lane);
    if (next !== undefined) send(next, open(lane), performance.now() - start);
  });
}

function nextWaiting(lane: Lane): Pending | undefined {
  let next = lane.waiting.shift();
  while (next !== undefined && !pending.has(next)) next = lane.waiting.shift();
  return next;
}

function send(one: Pending, connection: ClientConnection, now: number): void {
  one.sentMs = now;
  one.connection = connection;
  connection.send(one.bytes, (failure, backend) => {
    finish(one, failure, backend);
    if (!connection.usable) return;
    const next = nextWaiting(one.lane);
    if (next === undefined) one.lane.idle.push(connection);
    else send(next, connection, performance.now() - start);
  });
}

function finish(one: Pending, failure: string | undefined, backend: string | undefined): void {
  if (!pending.delete(one)) return;
  const now = performance.now() - start;
  shots.push({
    dueMs: rounded(one.dueMs),
    latencyMs: rounded(now - one.dueMs),
    lateMs: rounded((one.sentMs || now) - one.dueMs),
    ...(failure === undefined ? {} : { failure }),
    ...(backend === undefined ? {} : { backend }),
  });
  if (shots.length === total) report();
}

function failLate(): void {
  const limit = performance.now() - start - plan.timeoutMs;
  for (const one of pending) {
    if (one.dueMs > limit) return;
    if (one.connection === undefined) finish(one, 'timeout', undefined);
    else one.connection.abort('timeout');
  }
}

function report(): void {
  clearInterval(sweeper);
  const { user, system } = process.cpuUsage();
  const result: Report = { startedAt, shots, cpuMs: (user + system) / 1000 };
  process.stdout.write(JSON.stringify(result), () => process.exit(0));
}

function rounded(milliseconds: number): number {
  return Math.round(milliseconds * 1000) / 1000;
}
