import type { Shot } from '../open-loop/plan.ts';
import { runOpenLoop } from '../open-loop/run.ts';
import type { Peer } from '../peers/peer.ts';
import type { Pod } from '../pods/pod.ts';
import { canFilterPackets, watchPackets } from './packets.ts';
import type { Fault } from './table.ts';

/** What clients saw. Times are milliseconds since the load started. */
export interface FaultRun {
  readonly shots: readonly Shot[];
  readonly beganMs: number;
  readonly endedMs: number;
  /** The last packet of a request to the endpoint before the fault ended; absent without root, and when all are hit. */
  readonly lastReachedMs?: number;
  /** The first good answer of an endpoint that was hit, after the fault. */
  readonly usedAgainMs?: number;
}

const perSecond = 500;
const beforeSeconds = 3;
const faultSeconds = 8;
const afterSeconds = 9;

/** How the load is, for the page. */
export const faultLoad: string =
  `${perSecond} GET requests per second at fixed times for ${beforeSeconds + faultSeconds + afterSeconds} s; ` +
  `the fault lasts from second ${beforeSeconds} to ${beforeSeconds + faultSeconds}`;

/** Runs the load, and the fault in the middle of it. */
export async function runFault(fault: Fault, proxy: Peer, pods: readonly Pod[]): Promise<FaultRun> {
  const seconds = beforeSeconds + faultSeconds + afterSeconds;
  const load = runOpenLoop(planOf(proxy, perSecond, seconds));
  const hit = pods.slice(0, fault.hit);
  const [first] = hit;
  const watch = fault.hit === 1 && first !== undefined && canFilterPackets() ? watchPackets(first.port) : undefined;
  try {
    await wait(beforeSeconds * 1000);
    const began = Date.now();
    const beganAt = performance.now();
    const end = await fault.begin(hit);
    await wait(faultSeconds * 1000);
    const lastReached = watch?.lastMs;
    await end();
    const ended = Date.now();
    const { shots, startedAt } = await load;
    const names = new Set(hit.map((pod) => pod.name));
    const endedMs = ended - startedAt;
    const usedAgainMs = firstAnswer(shots, names, endedMs);
    return {
      shots,
      beganMs: began - startedAt,
      endedMs,
      ...(lastReached === undefined ? {} : { lastReachedMs: began - startedAt + Math.max(0, lastReached - beganAt) }),
      ...(usedAgainMs === undefined ? {} : { usedAgainMs }),
    };
  } finally {
    watch?.stop();
  }
}

const deaths = { perSecond: 2000, seconds: 40, everyMs: 5000, downMs: 1000 };

export const deathsTitle: string =
  `one of three killed (kill -9) every ${deaths.everyMs / 1000} s and started again after ${deaths.downMs / 1000} s, ` +
  `${deaths.perSecond} requests per second for ${deaths.seconds} s`;

/** Pods die one after the other, in turns. */
export async function runDeaths(proxy: Peer, pods: readonly Pod[]): Promise<readonly Shot[]> {
  const load = runOpenLoop(planOf(proxy, deaths.perSecond, deaths.seconds));
  const startedAt = performance.now();
  for (let at = 1; at * deaths.everyMs < deaths.seconds * 1000; at += 1) {
    await wait(startedAt + at * deaths.everyMs - performance.now());
    const pod = pods[at % pods.length];
    await pod?.kill();
    await wait(deaths.downMs);
    await pod?.restart();
  }
  return (await load).shots;
}

function planOf(proxy: Peer, rate: number, seconds: number): Parameters<typeof runOpenLoop>[0] {
  const plan = { port: proxy.httpPort, host: 'localhost', paths: ['/'], connections: 3000, timeoutMs: 5000 };
  return { ...plan, perSecond: rate, seconds };
}

/** When it arrived, among answers to requests that were due after a moment. */
function firstAnswer(shots: readonly Shot[], names: ReadonlySet<string>, afterMs: number): number | undefined {
  const answered = shots.filter(
    ({ backend, dueMs, failure }) => failure === undefined && dueMs >= afterMs && names.has(backend ?? ''),
  );
  return answered.length === 0 ? undefined : Math.min(...answered.map((one) => one.dueMs + one.latencyMs));
}

function wait(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
