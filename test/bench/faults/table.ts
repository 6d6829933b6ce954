import type { Pod } from '../pods/pod.ts';
import { dropPackets } from './packets.ts';

/** What happens to endpoints for a while. */
export interface Fault {
  readonly id: string;
  readonly title: string;
  readonly needsRoot?: true;
  /** How many of the three endpoints are hit. */
  readonly hit: number;
  /** @returns what ends it */
  begin(pods: readonly Pod[]): Promise<() => Promise<void>>;
}

const slowMs = 1500;
const flapEveryMs = 1000;

/** Health checks meet the same fault as requests. */
export const faults: readonly Fault[] = [
  { id: 'killed', title: 'killed (kill -9)', hit: 1, begin: killed },
  { id: 'hung', title: 'hung (SIGSTOP): connections are accepted, nothing is answered', hit: 1, begin: hung },
  { id: 'slow', title: `slow: ${slowMs / 1000} s for each answer`, hit: 1, begin: slow },
  { id: 'resetting', title: 'resets the connection on each request', hit: 1, begin: resetting },
  { id: 'refusing', title: 'refuses connections, the process lives', hit: 1, begin: refusing },
  { id: 'black-holed', title: 'black hole: packets vanish', needsRoot: true, hit: 1, begin: blackHoled },
  { id: 'flapping', title: 'flapping: killed and started again every second', hit: 1, begin: flapping },
  { id: 'all-killed', title: 'all endpoints killed', hit: 3, begin: killed },
  { id: 'all-hung', title: 'all endpoints hung', hit: 3, begin: hung },
];

async function killed(pods: readonly Pod[]): Promise<() => Promise<void>> {
  await Promise.all(pods.map((pod) => pod.kill()));
  return async () => {
    await Promise.all(pods.map((pod) => pod.restart()));
  };
}

function hung(pods: readonly Pod[]): Promise<() => Promise<void>> {
  for (const pod of pods) pod.pause();
  return ends(() => {
    for (const pod of pods) pod.resume();
  });
}

function slow(pods: readonly Pod[]): Promise<() => Promise<void>> {
  for (const pod of pods) pod.tell({ kind: 'delay', milliseconds: slowMs });
  return ends(() => {
    for (const pod of pods) pod.tell({ kind: 'delay', milliseconds: 0 });
  });
}

function resetting(pods: readonly Pod[]): Promise<() => Promise<void>> {
  for (const pod of pods) pod.tell({ kind: 'reset', on: true });
  return ends(() => {
    for (const pod of pods) pod.tell({ kind: 'reset', on: false });
  });
}

function refusing(pods: readonly Pod[]): Promise<() => Promise<void>> {
  for (const pod of pods) pod.tell({ kind: 'refuse' });
  return ends(() => {
    for (const pod of pods) pod.tell({ kind: 'listen' });
  });
}

function blackHoled(pods: readonly Pod[]): Promise<() => Promise<void>> {
  return ends(dropPackets(pods.flatMap((pod) => [pod.port, pod.healthPort])));
}

function flapping(pods: readonly Pod[]): Promise<() => Promise<void>> {
  const state = { isOver: false };
  const flaps = (async () => {
    while (!state.isOver) {
      await new Promise((resolve) => setTimeout(resolve, flapEveryMs));
      for (const pod of pods) await pod.kill();
      await new Promise((resolve) => setTimeout(resolve, flapEveryMs));
      for (const pod of pods) await pod.restart();
    }
  })();
  return Promise.resolve(() => {
    state.isOver = true;
    return flaps;
  });
}

function ends(end: () => void): Promise<() => Promise<void>> {
  return Promise.resolve(() => Promise.resolve(end()));
}
