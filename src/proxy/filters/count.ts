import type { RouteLabels } from '../../model/policy.ts';
import type { Counters, Series } from '../../telemetry/counters.ts';
import type { MetricName } from '../../telemetry/metrics.ts';
import type { Exchange } from '../exchange/exchange.ts';
import type { Filter, RequestLabels } from './filter.ts';

/**
 * Request metrics of ingress-nginx: names, labels, buckets and what is left out are a contract.
 * Source: ingress-nginx `internal/ingress/metric/collectors/socket.go`.
 */
export const count: Filter = {
  name: 'count',
  create: ({ labels }, { clock, counters, requestLabels = everyLabel }) => {
    // Requests of hosts that no Ingress names have no labels to be counted under.
    if (labels.ingress === '') return undefined;
    const counts = new RouteCounts(labels, '', { counters, requestLabels });
    const byCanary = new Map<string, RouteCounts>();
    const countsOf = (canary: string): RouteCounts => {
      const known = byCanary.get(canary);
      if (known !== undefined) return known;
      const made = new RouteCounts(labels, canary, { counters, requestLabels });
      byCanary.set(canary, made);
      return made;
    };
    return {
      finish: (exchange) => {
        const own = exchange.canary === undefined ? counts : countsOf(exchange.canary.name);
        own.add(exchange, clock.now() - exchange.startedAt);
      },
    };
  },
};

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

/** All series of one route, status and method: found by two look-ups and no joined text. */
interface SeriesOfOne {
  readonly requests: Series;
  readonly requestDuration: Series;
  readonly responseDuration: Series;
  readonly headerDuration: Series;
  readonly connectDuration: Series;
  readonly requestSize: Series;
  readonly responseSize: Series;
  readonly bytesSent: Series;
}

interface CountParts {
  readonly counters: Counters;
  readonly requestLabels: RequestLabels;
}

class RouteCounts {
  readonly #labels: RouteLabels;
  readonly #canary: string;
  readonly #counters: Counters;
  readonly #options: RequestLabels;
  /** Shape: `[method][status]`. */
  readonly #series = new Map<string, Map<number, SeriesOfOne>>();

  /** @param canary  name of the canary that took the requests; empty for the upstream of the route */
  constructor(labels: RouteLabels, canary: string, { counters, requestLabels }: CountParts) {
    this.#labels = labels;
    this.#canary = canary;
    this.#counters = counters;
    this.#options = requestLabels;
  }

  add(exchange: Exchange, durationMs: number): void {
    const series = this.#seriesOf(exchange.request.method, exchange.status);
    series.requests.add(1);
    series.requestDuration.add(durationMs / 1000);
    series.requestSize.add(exchange.bytesReceived);
    series.responseSize.add(exchange.bytesSent);
    series.bytesSent.add(exchange.bytesSent);
    // nginx writes lists for several tries, which ingress-nginx does not count.
    if (exchange.tries.length !== 1) return;
    if (exchange.upstreamMs >= 0) series.responseDuration.add(exchange.upstreamMs / 1000);
    if (exchange.headerMs >= 0) series.headerDuration.add(exchange.headerMs / 1000);
    if (exchange.connectMs >= 0) series.connectDuration.add(exchange.connectMs / 1000);
  }

  #seriesOf(sentMethod: string, status: number): SeriesOfOne {
    const method = knownMethods.has(sentMethod) ? sentMethod : 'other';
    let byStatus = this.#series.get(method);
    if (byStatus === undefined) {
      byStatus = new Map();
      this.#series.set(method, byStatus);
    }
    let found = byStatus.get(status);
    if (found === undefined) {
      found = this.#create(method, status);
      byStatus.set(status, found);
    }
    return found;
  }

  #create(method: string, status: number): SeriesOfOne {
    const { perHost, statusClasses } = this.#options;
    const { host, path, namespace, ingress, service } = this.#labels;
    const shownStatus = statusClasses ? `${Math.floor(status / 100)}xx` : `${status}`;
    const labels = [perHost ? host : '', shownStatus, method, path, namespace, ingress, service, this.#canary];
    const series = (metric: MetricName): Series => this.#counters.series(metric, labels);
    return {
      requests: series('nginx_ingress_controller_requests'),
      requestDuration: series('nginx_ingress_controller_request_duration_seconds'),
      responseDuration: series('nginx_ingress_controller_response_duration_seconds'),
      headerDuration: series('nginx_ingress_controller_header_duration_seconds'),
      connectDuration: series('nginx_ingress_controller_connect_duration_seconds'),
      requestSize: series('nginx_ingress_controller_request_size'),
      responseSize: series('nginx_ingress_controller_response_size'),
      bytesSent: series('nginx_ingress_controller_bytes_sent'),
    };
  }
}
