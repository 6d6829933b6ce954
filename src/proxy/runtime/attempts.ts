import type { RetryPolicy } from '../../model/policy.ts';
import type { Route } from '../../model/route.ts';
import type { UpstreamProtocol } from '../../model/upstream.ts';
import type { Exchange } from '../exchange/exchange.ts';
import { appended } from '../exchange/exchange.ts';
import type { FailureName } from '../exchange/failure.ts';
import { failures } from '../exchange/failure.ts';
import type { TrySoFar } from '../exchange/retry.ts';
import { mayRepeat, mayRetryFailure, mayRetryStatus } from '../exchange/retry.ts';
import { avoidedBy, beginTrial, endTrial } from '../upstreams/ejection-trials.ts';
import type { EndpointState } from '../upstreams/endpoint-state.ts';
import { observeLatency } from '../upstreams/latency.ts';
import { hasRoom, isFull, pickPlace } from '../upstreams/places.ts';
import type { UpstreamState } from '../upstreams/upstream-state.ts';
import type { Standing } from '../upstreams/waiter.ts';
import { balancingKey } from './balancing-key.ts';
import type { Serving } from './serving.ts';
import type { HeadVerdict, TryOptions, TryOutcome } from './transport.ts';

/** All tries of one exchange. */
export class Attempts {
  /** What a filter threw when the head of an answer was there. */
  broken: { readonly error: unknown } | undefined = undefined;
  readonly upstream: UpstreamState;
  /** How long the exchange may wait for a first endpoint; undefined: not at all. */
  readonly holdMs: number | undefined;
  readonly #serving: Serving;
  readonly #policy: RetryPolicy;
  readonly #options: TryOptions;
  /** When the first try began. */
  #startedAt = 0;
  #triedAt = 0;
  /** The try is one of an endpoint that is half-open; 0: it is not. */
  #trial = 0;

  constructor(serving: Serving, route: Route, upstream: UpstreamState, protocol: UpstreamProtocol) {
    const { exchange, runtime } = serving;
    this.#serving = serving;
    this.upstream = upstream;
    this.holdMs = route.policies.holdMs;
    this.#policy = route.policies.retry ?? never;
    this.#options = {
      protocol: protocol === 'as-client' ? exchange.scheme : protocol,
      timeouts: route.policies.timeouts ?? runtime.snapshot.options.timeouts,
      body: route.policies.body ?? runtime.snapshot.options.body,
    };
  }

  /**
   * A filter may pin an endpoint; else the balancer picks, one that was not tried while there is one.
   * @returns undefined when there is none, or none with a place; `standing` says which
   */
  choose(): EndpointState | undefined {
    this.select();
    const { exchange } = this.#serving;
    const { upstream } = this;
    const { limits } = upstream;
    if (limits !== undefined && exchange.endpoint !== undefined) {
      return isFull(upstream) || !hasRoom(exchange.endpoint, limits) ? undefined : exchange.endpoint;
    }
    exchange.endpoint ??= this.#pick();
    return exchange.endpoint;
  }

  /** Lets filters pin an endpoint. */
  select(): void {
    const { exchange, pipeline } = this.#serving;
    exchange.endpoint = undefined;
    this.#avoid();
    for (const hook of pipeline.select) hook(exchange);
  }

  /** What the balancer picks where nothing is pinned, some time after `choose`. */
  pick(): EndpointState | undefined {
    this.#avoid();
    return this.#pick();
  }

  #avoid(): void {
    const { exchange } = this.#serving;
    const { tried } = exchange;
    exchange.avoided =
      this.upstream.halfOpen.length === 0
        ? tried
        : avoidedBy(this.upstream, tried, mayRepeat(this.#policy, exchange.request.method), this.#now());
  }

  #pick(): EndpointState | undefined {
    const { upstream } = this;
    const { exchange } = this.#serving;
    const key = balancingKey(upstream.upstream, exchange);
    if (upstream.limits !== undefined) return pickPlace(upstream, key, exchange.avoided);
    return upstream.picker?.pick(key, exchange.avoided);
  }

  /**
   * How an exchange waits for which `choose` found nothing, or after `select`: a session waits for its own endpoint, though
   * others have a place. undefined when it does not.
   */
  standing(): Standing | undefined {
    const { exchange } = this.#serving;
    const bound = exchange.endpoint;
    exchange.endpoint = undefined;
    if (bound !== undefined) return { reason: 'queue', bound };
    if (this.upstream.pickable.length > 0) return { reason: 'queue' };
    return this.holdMs === undefined ? undefined : { reason: 'hold' };
  }

  /** Begins a try; `record` and `release` must follow when it is over. */
  send(endpoint: EndpointState): Promise<TryOutcome> {
    const { exchange, pipeline, transport } = this.#serving;
    startTry(exchange);
    this.#triedAt = this.#now();
    // What it waited before is no part of the time for its tries.
    if (exchange.tried.length === 0) this.#startedAt = this.#triedAt;
    exchange.tried = appended(exchange.tried, endpoint);
    for (const hook of pipeline.forward) hook(exchange);
    endpoint.inFlight += 1;
    this.upstream.inFlight += 1;
    this.#trial = endpoint.ejection.halfOpen ? beginTrial(endpoint.ejection, this.#triedAt) : 0;
    try {
      return transport.forward(exchange, this.#options, this.#onHead);
    } catch (error) {
      this.release(endpoint);
      throw error;
    }
  }

  /** Gives the place back; who waits for it goes on at once. */
  release(endpoint: EndpointState): void {
    endpoint.inFlight -= 1;
    this.upstream.inFlight -= 1;
    if (this.#trial !== 0) endTrial(endpoint.ejection, this.#trial);
    this.#trial = 0;
    if (this.upstream.waiting !== undefined) this.upstream.waiting.released();
  }

  mayRetry(failure: FailureName, outcome: TryOutcome): boolean {
    return mayRetryFailure(this.#policy, failure, this.#soFar(outcome.bodyConsumed));
  }

  /** @param reason  the failure of the try before, or `http-status` for an answer that was thrown away */
  countRetry(reason: string): void {
    this.#count('fairway_retries_total', reason);
  }

  readonly #onHead = (exchange: Exchange, bodyConsumed: boolean): HeadVerdict => {
    try {
      const now = this.#now();
      if (exchange.endpoint !== undefined) observeLatency(exchange.endpoint, now - this.#triedAt, now);
      if (exchange.upstreamStatus === tunnelStatus && exchange.endpoint !== undefined)
        this.#answered(exchange.endpoint);
      if (this.#trial !== 0 && exchange.endpoint !== undefined) this.#passed(exchange.endpoint);
      if (mayRetryStatus(this.#policy, exchange.status, this.#soFar(bodyConsumed))) return 'discard';
      exchange.failure = undefined;
      for (const hook of this.#serving.pipeline.respond) hook(exchange);
      this.#serving.committed = true;
      return 'relay';
    } catch (error) {
      // Thrown into the engine's event it would end the worker.
      this.broken = { error };
      return 'discard';
    }
  };

  /** Notes how a try ended. */
  record(endpoint: EndpointState, failure: FailureName | undefined): void {
    const { exchange } = this.#serving;
    exchange.failure = failure;
    if (failure === undefined && exchange.upstreamStatus !== tunnelStatus) this.#answered(endpoint);
    if (failure === undefined || failures[failure].source !== 'upstream') return;
    const now = this.#now();
    if (isOfEndpoint(failure, exchange)) {
      const how = failure === 'connect-refused' ? 'refused' : 'failed';
      this.#serving.runtime.upstreams.ejections.failed(this.upstream, endpoint, how, this.#triedAt);
    }
    // Else an endpoint that refuses at once would look like the fastest one.
    if (!this.#serving.committed) observeLatency(endpoint, Math.max(now - this.#triedAt, failedLatencyMs), now);
    this.#count('fairway_upstream_failures_total', failure);
  }

  #answered(endpoint: EndpointState): void {
    const { exchange, runtime } = this.#serving;
    runtime.upstreams.ejections.answered(this.upstream, endpoint, exchange.upstreamStatus, this.#triedAt);
  }

  #passed(endpoint: EndpointState): void {
    const { exchange, runtime } = this.#serving;
    runtime.upstreams.ejections.passed(this.upstream, endpoint, exchange.upstreamStatus, this.#triedAt);
  }

  #soFar(bodyConsumed: boolean): TrySoFar {
    const { exchange } = this.#serving;
    return {
      method: exchange.request.method,
      tries: exchange.tried.length,
      elapsedMs: this.#now() - this.#startedAt,
      bodyConsumed,
      endpoints: this.upstream.pickable.length,
    };
  }

  #count(metric: 'fairway_retries_total' | 'fairway_upstream_failures_total', reason: string): void {
    const { namespace, service } = this.upstream.upstream;
    this.#serving.runtime.parts.counters.series(metric, [namespace, service, reason]).add(1);
  }

  #now(): number {
    return this.#serving.runtime.parts.clock.now();
  }
}

/**
 * Whether the failure speaks against the endpoint, and not only against this exchange: how a tunnel ends, and silence in the
 * middle of an answer, which streams of events have for hours, does not.
 */
function isOfEndpoint(failure: FailureName, { upstreamStatus }: Exchange): boolean {
  return upstreamStatus === 0 || (upstreamStatus !== tunnelStatus && failure !== 'read-timeout');
}

/** A tunnel counts when it opens: it may stay open for days. */
const tunnelStatus = 101;

const never: RetryPolicy = { on: [], tries: 1, timeoutMs: 0 };

/** A try that failed counts as an answer at least this slow. */
const failedLatencyMs = 1000;

function startTry(exchange: Exchange): void {
  exchange.status = 0;
  exchange.responseHeaders = [];
  exchange.upstreamBytes = 0;
  exchange.upstreamStatus = 0;
  exchange.connectMs = -1;
  exchange.headerMs = -1;
  exchange.upstreamMs = -1;
}
