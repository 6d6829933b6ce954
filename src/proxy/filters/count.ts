import type { RouteLabels } from '../../model/policy.ts';
import type { MetricName } from '../../telemetry/metrics.ts';
import type { SeriesBundle } from '../../telemetry/series-bundle.ts';
import type { Exchange, ExchangeCounts } from '../exchange/exchange.ts';
import type { Filter, FilterEnvironment, RequestLabels } from './filter.ts';

/**
 * Request metrics of ingress-nginx: names, labels, buckets and what is left out are a contract.
 * Source: ingress-nginx `internal/ingress/metric/collectors/socket.go`.
 */
export const count: Filter = {
  name: 'count',
  create: (_policies, { clock }) => ({
    finish: (exchange) => exchange.counts?.add(exchange, clock.now() - exchange.startedAt),
  }),
};

/** All series of one route, status and method lie side by side. */
const metrics = [
  'nginx_ingress_controller_requests',
  'nginx_ingress_controller_request_duration_seconds',
  'nginx_ingress_controller_response_duration_seconds',
  'nginx_ingress_controller_header_duration_seconds',
  'nginx_ingress_controller_connect_duration_seconds',
  'nginx_ingress_controller_request_size',
  'nginx_ingress_controller_response_size',
  'nginx_ingress_controller_bytes_sent',
] as const satisfies readonly MetricName[];

/** Places in the list. */
const at = {
  requests: 0,
  requestDuration: 1,
  responseDuration: 2,
  headerDuration: 3,
  connectDuration: 4,
  requestSize: 5,
  responseSize: 6,
  bytesSent: 7,
} as const;

/** What the requests of a route are counted in. @returns undefined for requests of hosts that no Ingress names, which have no labels */
export function routeCounts(labels: RouteLabels, environment: CountParts): ExchangeCounts | undefined {
  return labels.ingress === '' ? undefined : new RouteCounts(labels, '', environment);
}

const everyLabel: RequestLabels = { perHost: true, statusClasses: false };

/** Labels that clients choose are clamped to these, or a client could make series at will. */
const knownMethods: ReadonlySet<string> = new Set([
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'DELETE',
  'CONNECT',
  'OPTIONS',
  'TRACE',
  'PATCH',
]);

type CountParts = Pick<FilterEnvironment, 'counters' | 'requestLabels'>;

/** Most routes are asked with one method and answer with one status: those are looked at first, and found in one step. */
class RouteCounts implements ExchangeCounts {
  readonly #labels: RouteLabels;
  readonly #canary: string;
  readonly #parts: CountParts;
  #method = '';
  #status = 0;
  #first: SeriesBundle | undefined = undefined;
  /** Shape: `[method][status]`. */
  #others: Map<string, Map<number, SeriesBundle>> | undefined = undefined;
  #canaries: Map<string, RouteCounts> | undefined = undefined;

  /** @param canary  name of the canary that took the requests; empty for the upstream of the route */
  constructor(labels: RouteLabels, canary: string, parts: CountParts) {
    this.#labels = labels;
    this.#canary = canary;
    this.#parts = parts;
  }

  add(exchange: Exchange, durationMs: number): void {
    const { canary } = exchange;
    if (canary !== undefined && this.#canary === '') return this.#countsOf(canary.name).add(exchange, durationMs);
    const bundle = this.#bundleOf(exchange.request.method, exchange.status);
    bundle.add(at.requests, 1);
    bundle.add(at.requestDuration, durationMs / 1000);
    bundle.add(at.requestSize, exchange.bytesReceived);
    bundle.add(at.responseSize, exchange.bytesSent);
    bundle.add(at.bytesSent, exchange.bytesSent);
    // nginx writes lists for several tries, which ingress-nginx does not count.
    if (exchange.tries.length !== 1) return;
    if (exchange.upstreamMs >= 0) bundle.add(at.responseDuration, exchange.upstreamMs / 1000);
    if (exchange.headerMs >= 0) bundle.add(at.headerDuration, exchange.headerMs / 1000);
    if (exchange.connectMs >= 0) bundle.add(at.connectDuration, exchange.connectMs / 1000);
  }

  #countsOf(canary: string): RouteCounts {
    this.#canaries ??= new Map();
    let counts = this.#canaries.get(canary);
    if (counts === undefined) {
      counts = new RouteCounts(this.#labels, canary, this.#parts);
      this.#canaries.set(canary, counts);
    }
    return counts;
  }

  #bundleOf(sentMethod: string, status: number): SeriesBundle {
    if (status === this.#status && sentMethod === this.#method && this.#first !== undefined) return this.#first;
    const method = knownMethods.has(sentMethod) ? sentMethod : 'other';
    if (this.#first !== undefined) return this.#other(method, status);
    this.#method = method;
    this.#status = status;
    this.#first = this.#create(method, status);
    return this.#first;
  }

  #other(method: string, status: number): SeriesBundle {
    this.#others ??= new Map();
    let byStatus = this.#others.get(method);
    if (byStatus === undefined) {
      byStatus = new Map();
      this.#others.set(method, byStatus);
    }
    let found = byStatus.get(status);
    if (found === undefined) {
      found = this.#create(method, status);
      byStatus.set(status, found);
    }
    return found;
  }

  #create(method: string, status: number): SeriesBundle {
    const { counters, requestLabels = everyLabel } = this.#parts;
    const { host, path, namespace, ingress, service } = this.#labels;
    const shownStatus = requestLabels.statusClasses ? `${Math.floor(status / 100)}xx` : `${status}`;
    const shownHost = requestLabels.perHost ? host : '';
    const labels = [shownHost, shownStatus, method, path, namespace, ingress, service, this.#canary];
    return counters.bundle(metrics, labels);
  }
}
