import { watchObjects } from './api.ts';
import { at, listAt, textAt } from './json.ts';
import type { Sample } from './load.ts';

/** `ready`: may get requests; `terminating`: serves on, but is going; `gone`: not ready or no longer listed. */
export type EndpointCondition = 'ready' | 'terminating' | 'gone';

export interface EndpointChange {
  readonly pod: string;
  readonly condition: EndpointCondition;
  /** When this process heard of it. Fairway hears of it at the same time, over a watch of its own. */
  readonly heardMs: number;
  /** Was so already when the recorder began: no change that traffic could react to. */
  readonly initial: boolean;
}

/** In this time a new watch has told what is there. */
const INITIAL_MS = 500;

/** Follows the endpoints of a Service and remembers every change. */
export class EndpointRecorder {
  readonly changes: EndpointChange[] = [];
  readonly #slices = new Map<string, ReadonlyMap<string, EndpointCondition>>();
  readonly #known = new Map<string, EndpointCondition>();
  readonly #watch: { stop(): void };
  readonly #startedMs = Date.now();

  constructor(namespace: string, service: string) {
    const path = `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`;
    const query = `labelSelector=${encodeURIComponent(`kubernetes.io/service-name=${service}`)}`;
    this.#watch = watchObjects(path, query, ({ type, object, receivedMs }) => {
      const slice = textAt(object, 'metadata', 'name');
      if (type === 'DELETED') {
        this.#slices.delete(slice);
      } else {
        this.#slices.set(slice, conditionsOf(object));
      }
      this.#compare(receivedMs);
    });
  }

  stop(): void {
    this.#watch.stop();
  }

  /** Pods that are ready now. */
  get ready(): readonly string[] {
    return [...this.#known].filter(([, condition]) => condition === 'ready').map(([pod]) => pod);
  }

  #compare(heardMs: number): void {
    const now = new Map([...this.#slices.values()].flatMap((slice) => [...slice]));
    for (const pod of new Set([...this.#known.keys(), ...now.keys()])) {
      const condition = now.get(pod) ?? 'gone';
      if (this.#known.get(pod) !== condition) {
        this.#known.set(pod, condition);
        this.changes.push({ pod, condition, heardMs, initial: heardMs < this.#startedMs + INITIAL_MS });
      }
    }
  }
}

function conditionsOf(slice: unknown): ReadonlyMap<string, EndpointCondition> {
  const entries = listAt(slice, 'endpoints').map((endpoint): [string, EndpointCondition] => {
    const pod = textAt(endpoint, 'targetRef', 'name');
    if (at(endpoint, 'conditions', 'ready') !== false) {
      return [pod, 'ready'];
    }
    const serving =
      at(endpoint, 'conditions', 'serving') !== false && at(endpoint, 'conditions', 'terminating') === true;
    return [pod, serving ? 'terminating' : 'gone'];
  });
  return new Map(entries);
}

export interface Reaction {
  readonly pod: string;
  readonly milliseconds: number;
}

/** For every pod that became ready: how long until the first request that was sent afterwards reached it. */
export function firstRequests(changes: readonly EndpointChange[], samples: readonly Sample[]): readonly Reaction[] {
  return changes
    .filter(({ condition, initial }) => condition === 'ready' && !initial)
    .flatMap(({ pod, heardMs }) => {
      const first = samples
        .filter((sample) => sample.pod === pod && sample.doneMs >= heardMs)
        .map(({ sentMs }) => sentMs);
      return first.length === 0 ? [] : [{ pod, milliseconds: Math.max(0, Math.min(...first) - heardMs) }];
    });
}

/** For every pod that was ready and is no more: how long requests that it answered were still sent. */
export function lastRequests(changes: readonly EndpointChange[], samples: readonly Sample[]): readonly Reaction[] {
  return changes.flatMap(({ pod, condition, heardMs }, index) => {
    const before = changes.slice(0, index).findLast((change) => change.pod === pod);
    if (condition === 'ready' || before?.condition !== 'ready') {
      return [];
    }
    const again = changes.slice(index + 1).find((change) => change.pod === pod && change.condition === 'ready');
    const until = again?.heardMs ?? Infinity;
    const sent = samples.filter((sample) => sample.pod === pod && sample.sentMs < until).map(({ sentMs }) => sentMs);
    return sent.length === 0 ? [] : [{ pod, milliseconds: Math.max(0, Math.max(...sent) - heardMs) }];
  });
}

/** `3 changes, median 12 ms, longest 40 ms`. */
export function describeReactions(reactions: readonly Reaction[]): string {
  const sorted = reactions.map(({ milliseconds }) => milliseconds).toSorted((one, other) => one - other);
  if (sorted.length === 0) {
    return 'no change';
  }
  const median = sorted[Math.floor(sorted.length / 2)] ?? 0;
  return `${sorted.length} changes, median ${median} ms, longest ${sorted.at(-1) ?? 0} ms`;
}

export function longest(reactions: readonly Reaction[]): number {
  return Math.max(0, ...reactions.map(({ milliseconds }) => milliseconds));
}
