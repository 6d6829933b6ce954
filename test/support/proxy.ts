import { hostPattern, listenerId, routeId } from '../../src/model/ids.ts';
import type { RouteLabels, RoutePolicies } from '../../src/model/policy.ts';
import { defaultProxyOptions } from '../../src/model/proxy-options.ts';
import type { Route, VirtualHost } from '../../src/model/route.ts';
import type { Snapshot } from '../../src/model/snapshot.ts';
import { emptySnapshot } from '../../src/model/snapshot.ts';
import { diffSnapshots } from '../../src/model/update.ts';
import type { Upstream } from '../../src/model/upstream.ts';
import type { RequestHead } from '../../src/proxy/exchange/exchange.ts';
import { Exchange } from '../../src/proxy/exchange/exchange.ts';
import type { FailureName } from '../../src/proxy/exchange/failure.ts';
import type { FilterEnvironment } from '../../src/proxy/filters/filter.ts';
import { Runtime } from '../../src/proxy/runtime/runtime.ts';
import type { RuntimeParts } from '../../src/proxy/runtime/runtime.ts';
import type { HeadVerdict, OnHead, Transport, TryOptions, TryOutcome } from '../../src/proxy/runtime/transport.ts';
import { createCounters } from '../../src/telemetry/counters.ts';
import { seededRandom, upstreamOf } from './endpoints.ts';

/** 2026-11-26 00:00:36.026 UTC. */
export const testWall: number = Date.UTC(2026, 10, 26, 0, 0, 36, 26);

export const noLabels: RouteLabels = { namespace: '', ingress: '', service: '', servicePort: '', path: '', host: '' };

/** A request head; what is not said is `GET /` over HTTP for host `h`. */
export function requestHead(more: Partial<RequestHead> = {}): RequestHead {
  const host = more.host ?? 'h';
  return {
    method: 'GET',
    target: '/',
    httpVersion: '1.1',
    peerAddress: '192.0.2.7',
    peerPort: 40_000,
    localPort: 8080,
    secure: false,
    serverName: '',
    upgrade: false,
    ...more,
    host,
    headers: more.headers ?? ['Host', host],
  };
}

export function exchangeOf(more: Partial<RequestHead> = {}): Exchange {
  return new Exchange(requestHead(more), 0);
}

/** Time stands still unless a test moves it; randomness is the same in every run. */
export function testEnvironment(more: Partial<FilterEnvironment> = {}): FilterEnvironment {
  return {
    clock: { now: () => 1000, wall: () => testWall },
    random: seededRandom(1),
    counters: createCounters({ timeBuckets: [], lengthBuckets: [], sizeBuckets: [] }),
    options: defaultProxyOptions,
    httpDate: () => 'Thu, 26 Nov 2026 00:00:36 GMT',
    accessLog: () => undefined,
    ...more,
  };
}

/** What an endpoint does with a try. */
export interface ScriptedTry {
  /** Status of the answer; absent: none comes. */
  readonly status?: number;
  readonly headers?: readonly string[];
  readonly outcome?: Partial<TryOutcome>;
  /** Runs while the try is under way. */
  readonly meanwhile?: (exchange: Exchange) => void | Promise<void>;
}

/** A transport without sockets: endpoints do what the script says, and all that would go on a wire is kept. */
export class ScriptedTransport implements Transport {
  readonly tries: { readonly endpoint: string; readonly headers: readonly string[]; readonly target: string }[] = [];
  readonly options: TryOptions[] = [];
  readonly answers: { readonly status: number; readonly headers: readonly string[]; readonly body: string }[] = [];
  /** `onHead` threw, which would end a worker whose engine calls it from an event. */
  headThrew = false;
  readonly #script: (attempt: number, exchange: Exchange) => ScriptedTry;
  #onClientGone: ((failure: FailureName) => void) | undefined = undefined;

  constructor(script: (attempt: number, exchange: Exchange) => ScriptedTry = () => ({ status: 200 })) {
    this.#script = script;
  }

  async respond(exchange: Exchange, body: string): Promise<void> {
    this.answers.push({ status: exchange.status, headers: [...exchange.responseHeaders], body });
  }

  async forward(exchange: Exchange, options: TryOptions, onHead: OnHead): Promise<TryOutcome> {
    const endpoint = exchange.endpoint?.endpoint.id ?? 'none';
    this.tries.push({ endpoint, headers: [...exchange.forwardHeaders], target: exchange.forwardTarget });
    this.options.push(options);
    const script = this.#script(this.tries.length, exchange);
    await script.meanwhile?.(exchange);
    const bodyConsumed = script.outcome?.bodyConsumed ?? false;
    let committed = false;
    if (script.status !== undefined) {
      exchange.status = script.status;
      exchange.upstreamStatus = script.status;
      exchange.responseHeaders = [...(script.headers ?? [])];
      committed = this.#ask(onHead, exchange, bodyConsumed) === 'relay';
      if (committed)
        this.answers.push({ status: exchange.status, headers: [...exchange.responseHeaders], body: 'relayed' });
    }
    return { committed, bodyConsumed, ...script.outcome };
  }

  /** What the client does meanwhile is the script's; see `leave`. */
  watchClient(listener: ((failure: FailureName) => void) | undefined): void {
    this.#onClientGone = listener;
  }

  /** The client leaves while its exchange waits. @returns whether anybody listened */
  leave(): boolean {
    const listener = this.#onClientGone;
    this.#onClientGone = undefined;
    listener?.('client-closed');
    return listener !== undefined;
  }

  #ask(onHead: OnHead, exchange: Exchange, bodyConsumed: boolean): HeadVerdict {
    try {
      return onHead(exchange, bodyConsumed);
    } catch (error) {
      this.headThrew = true;
      throw error;
    }
  }
}

/** A route of host `h` that forwards to the upstream of `upstreamOf`. */
export function forwardRoute(path: string, policies: Partial<RoutePolicies> = {}, host = 'h'): Route {
  return {
    id: routeId('shop/cart', hostPattern(host), 'Prefix', path),
    source: { kind: 'Ingress', namespace: 'shop', name: 'cart' },
    match: { kind: 'prefix', path },
    action: { kind: 'forward', upstream: upstreamOf([]).id },
    policies: { labels: { ...noLabels, namespace: 'shop', ingress: 'cart', service: 'cart', path, host }, ...policies },
  };
}

export function virtualHost(host: string, ...routes: readonly Route[]): VirtualHost {
  return { host: hostPattern(host), routes };
}

export function snapshotOf(
  virtualHosts: readonly VirtualHost[],
  upstreams: readonly Upstream[],
  more: Partial<Snapshot> = {},
): Snapshot {
  return {
    ...emptySnapshot,
    version: 1,
    listeners: new Map([[listenerId('http'), { id: listenerId('http'), address: '::', port: 0, protocol: 'http' }]]),
    virtualHosts: new Map(virtualHosts.map((one) => [one.host, one])),
    upstreams: new Map(upstreams.map((one) => [one.id, one])),
    ...more,
  };
}

export interface RuntimeFixture {
  readonly runtime: Runtime;
  readonly bugs: unknown[];
  readonly ignored: string[];
  /** Makes the runtime serve this, as an update. */
  readonly serve: (snapshot: Snapshot) => void;
}

export function runtimeFixture(snapshot: Snapshot, parts: Partial<RuntimeParts> = {}): RuntimeFixture {
  const bugs: unknown[] = [];
  const ignored: string[] = [];
  const { clock, random, counters, accessLog } = testEnvironment();
  const runtime = new Runtime({
    clock,
    random,
    counters,
    accessLog,
    onBug: (error) => bugs.push(error),
    onChecksIgnored: (upstream, now) => ignored.push(`${upstream.id} ${now}`),
    ...parts,
  });
  const serve = (next: Snapshot): void => {
    const from = runtime.snapshot;
    runtime.apply(structuredClone(diffSnapshots(from, { ...next, version: from.version + 1 })));
  };
  serve(snapshot);
  return { runtime, bugs, ignored, serve };
}

/** Header fields as a flat list, from lines `Name: value`. */
export function fields(...lines: readonly string[]): string[] {
  return lines.flatMap((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()]);
}
