import type { MetricSample } from '../../model/metric-sample.ts';
import type { Snapshot } from '../../model/snapshot.ts';
import type { Counters } from '../../telemetry/counters.ts';
import type { MetricName } from '../../telemetry/metrics.ts';
import { metricsTable } from '../../telemetry/metrics.ts';
import type { Engine } from '../engines/engine.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { residentBytes } from './heartbeat.ts';
import { inFlightSamples } from './in-flight.ts';

/** Everything that a scrape of this worker needs. */
export interface CollectParts {
  readonly counters: Counters;
  readonly engine: Engine;
  readonly runtime: Runtime;
  /** Log lines dropped so far. */
  readonly droppedLines: () => number;
}

/** Takes the samples of this worker; numbers that describe the moment are set right before. */
export function collector(parts: CollectParts): () => readonly MetricSample[] {
  const { counters, engine, runtime, droppedLines } = parts;
  let seen: Snapshot | undefined;
  return () => {
    if (seen !== runtime.snapshot) {
      seen = runtime.snapshot;
      forgetRemoved(counters, seen);
    }
    engine.report();
    const { user, system } = process.cpuUsage();
    counters.series('nginx_ingress_controller_nginx_process_cpu_seconds_total', []).set((user + system) / 1e6);
    counters.series('nginx_ingress_controller_nginx_process_resident_memory_bytes', []).set(residentBytes() ?? 0);
    counters.series('nginx_ingress_controller_nginx_process_num_procs', []).set(1);
    counters.series('fairway_log_dropped_total', []).set(droppedLines());
    return [...counters.samples(), ...inFlightSamples(runtime.upstreams.all())];
  };
}

/** Series of Ingresses and Services that are gone go as well, as in ingress-nginx; else they would add up for ever. */
function forgetRemoved(counters: Counters, snapshot: Snapshot): void {
  const served = new Set<string>();
  for (const { routes } of snapshot.virtualHosts.values()) {
    for (const { policies } of routes) served.add(`${policies.labels.namespace}/${policies.labels.ingress}`);
  }
  for (const [metric, namespaceAt, ingressAt] of metricsOfIngresses) {
    counters.remove(metric, (labels) => !served.has(`${labels[namespaceAt] ?? ''}/${labels[ingressAt] ?? ''}`));
  }
  const upstreams = new Set<string>();
  for (const { namespace, service, port } of snapshot.upstreams.values())
    upstreams.add(`${namespace}/${service}/${port}`);
  for (const metric of metricsOfUpstreams)
    counters.remove(metric, (labels) => !upstreams.has(labels.slice(0, 3).join('/')));
}

/** Metrics of data workers that belong to an upstream: these labels come first. */
const metricsOfUpstreams: readonly MetricName[] = metricNames().filter((name) => {
  const { labels, origin } = metricsTable[name];
  return origin === 'workers' && labels.slice(0, 3).join() === 'namespace,service,port';
});

/** Metrics of data workers with both labels, and where the labels stand. */
const metricsOfIngresses: readonly (readonly [MetricName, number, number])[] = metricNames().flatMap((name) => {
  const { labels, origin } = metricsTable[name];
  const places = [labels.indexOf('namespace'), labels.indexOf('ingress')] as const;
  return origin === 'workers' && places.every((at) => at >= 0) ? [[name, ...places] as const] : [];
});

function metricNames(): MetricName[] {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- keys of a Record over MetricName
  return Object.keys(metricsTable) as MetricName[];
}
