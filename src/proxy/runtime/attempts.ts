import type { RetryPolicy } from '../../model/policy.ts';
import type { Route } from '../../model/route.ts';
import type { Exchange } from '../exchange/exchange.ts';
import { appended } from '../exchange/exchange.ts';
import type { FailureName } from '../exchange/failure.ts';
import { failures } from '../exchange/failure.ts';
import type { TrySoFar } from '../exchange/retry.ts';
import { mayRetryFailure, mayRetryStatus } from '../exchange/retry.ts';
import type { EndpointState } from '../upstreams/endpoint-state.ts';
import { observeLatency } from '../upstreams/latency.ts';
import type { UpstreamState } from '../upstreams/upstream-state.ts';
import { balancingKey } from './balancing-key.ts';
import type { Serving } from './serving.ts';
import type { HeadVerdict, TryOptions, TryOutcome } from './transport.ts';

/** All tries of one exchange. */
export class Attempts {
  /** What a filter threw when the head of an answer was there. */
  broken: { readonly error: unknown } | undefined = undefined;
  readonly #serving: Serving;
  readonly #upstream: UpstreamState;
  readonly #policy: RetryPolicy;
  readonly #options: TryOptions;
  readonly #startedAt: number;
  #triedAt: number;

  constructor(serving: Serving, route: Route, upstream: UpstreamState) {
    const { exchange, runtime } = serving;
    const { protocol } = upstream.upstream;
    this.#serving = serving;
    this.#upstream = upstream;
    this.#policy = route.policies.retry ?? never;
    this.#options = {
      protocol: protocol === 'as-client' ? exchange.scheme : protocol,
      timeouts: route.policies.timeouts ?? runtime.snapshot.options.timeouts,
      body: route.policies.body ?? runtime.snapshot.options.body,
    };
    this.#startedAt = runtime.parts.clock.now();
    this.#triedAt = this.#startedAt;
  }

  /** A filter may pin an endpoint; else the balancer picks, one that was not tried while there is one. */
  choose(): EndpointState | undefined {
    const { exchange, pipeline } = this.#serving;
    exchange.endpoint = undefined;
    for (const hook of pipeline.select) hook(exchange);
    const upstream = this.#upstream;
    exchange.endpoint ??= upstream.picker?.pick(balancingKey(upstream.upstream, exchange), exchange.tried);
    return exchange.endpoint;
  }

  /** Begins a try; `record` and `release` must follow when it is over. */
  send(endpoint: EndpointState): Promise<TryOutcome> {
    const { exchange, pipeline, transport } = this.#serving;
    startTry(exchange);
    this.#triedAt = this.#now();
    exchange.tried = appended(exchange.tried, endpoint);
    for (const hook of pipeline.forward) hook(exchange);
    endpoint.inFlight += 1;
    try {
      return transport.forward(exchange, this.#options, this.#onHead);
    } catch (error) {
      endpoint.inFlight -= 1;
      throw error;
    }
  }

  release(endpoint: EndpointState): void {
    endpoint.inFlight -= 1;
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
    this.#serving.exchange.failure = failure;
    if (failure === undefined || failures[failure].source !== 'upstream') return;
    const now = this.#now();
    // Else an endpoint that refuses at once would look like the fastest one.
    if (!this.#serving.committed) observeLatency(endpoint, Math.max(now - this.#triedAt, failedLatencyMs), now);
    this.#count('fairway_upstream_failures_total', failure);
  }

  #soFar(bodyConsumed: boolean): TrySoFar {
    const { exchange } = this.#serving;
    return {
      method: exchange.request.method,
      tries: exchange.tried.length,
      elapsedMs: this.#now() - this.#startedAt,
      bodyConsumed,
      endpoints: this.#upstream.pickable.length,
    };
  }

  #count(metric: 'fairway_retries_total' | 'fairway_upstream_failures_total', reason: string): void {
    const { namespace, service } = this.#upstream.upstream;
    this.#serving.runtime.parts.counters.series(metric, [namespace, service, reason]).add(1);
  }

  #now(): number {
    return this.#serving.runtime.parts.clock.now();
  }
}

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
