import type { Certificate } from '../../model/certificate.ts';
import type { Phase } from '../../model/messages.ts';
import type { MetricSample } from '../../model/metric-sample.ts';
import type { Snapshot } from '../../model/snapshot.ts';
import type { Upstream } from '../../model/upstream.ts';
import type { MetricName } from '../../telemetry/metrics.ts';
import type { EndpointCondition } from '../health/endpoint-condition.ts';
import { conditionOf } from '../health/endpoint-condition.ts';
import type { UpstreamHealth } from '../health/health-state.ts';
import { configHash } from './config-hash.ts';
import type { AdminView, SupervisorState } from './view.ts';

/**
 * Metrics that follow from what is there at the moment of the scrape: nobody has to count them, and nothing that is gone
 * stays behind.
 */
export const derivedMetrics: readonly MetricName[] = [
  'nginx_ingress_controller_build_info',
  'nginx_ingress_controller_config_hash',
  'nginx_ingress_controller_leader_election_status',
  'nginx_ingress_controller_ssl_expire_time_seconds',
  'nginx_ingress_controller_ssl_certificate_info',
  'fairway_endpoint_healthy',
  'fairway_endpoint_out',
  'fairway_endpoints',
  'fairway_worker_deaths_total',
  'fairway_control_restarts_total',
  'fairway_drain_phase',
  'fairway_process_resident_memory_bytes',
];

/** @param rssBytes  resident memory of this process; 0 when it cannot be read */
export function derivedSamples(view: AdminView, rssBytes: number): MetricSample[] {
  const snapshot = view.compilation()?.snapshot;
  const state = view.state();
  const { isLeader, lease } = view.leadership();
  return [
    sample('nginx_ingress_controller_build_info', [view.version, '', ''], 1),
    ...(lease === '' ? [] : [sample('nginx_ingress_controller_leader_election_status', [lease], isLeader ? 1 : 0)]),
    ...(snapshot === undefined ? [] : [sample('nginx_ingress_controller_config_hash', [], configHash(snapshot))]),
    // Only the leader says when certificates end, as in ingress-nginx: an alert then fires once. Without an election
    // there is nobody else to say it.
    ...(snapshot === undefined || (lease !== '' && !isLeader)
      ? []
      : certificateSamples(snapshot, view.settings.controllerClass)),
    ...(snapshot === undefined ? [] : healthSamples(view, snapshot)),
    ...(state === undefined ? [] : processSamples(state, rssBytes)),
  ];
}

function sample(metric: MetricName, labels: readonly string[], value: number): MetricSample {
  return { metric, labels, values: [value] };
}

/**
 * Of each host, and the operator's default certificate under the host `_`. The self-signed one is renewed by itself.
 * Source: ingress-nginx `SetSSLExpireTime`, `SetSSLInfo`.
 */
function certificateSamples(snapshot: Snapshot, controllerClass: string): MetricSample[] {
  const hosts = [...snapshot.virtualHosts.values()].map(({ host, certificate }) => [host, certificate] as const);
  const all = [...hosts, ['_', snapshot.options.defaultCertificate] as const];
  return all.flatMap(([host, id]) => {
    const certificate = id === undefined ? undefined : snapshot.certificates.get(id);
    const isFromSecret = certificate?.source.includes('/') === true;
    return certificate === undefined || !isFromSecret ? [] : samplesOf(certificate, host, controllerClass);
  });
}

function samplesOf(certificate: Certificate, host: string, controllerClass: string): MetricSample[] {
  const { issuerCommonName, issuerOrganization, keyAlgorithm, notAfter, serialNumber, source } = certificate;
  const slash = source.indexOf('/');
  // Issuer's serial number, which names hardly ever have, and the certificate's own.
  const identifier = `-${serialNumber}`;
  const labels = [source.slice(0, slash), controllerClass, host, source.slice(slash + 1), identifier];
  const about = [issuerOrganization, issuerCommonName, serialNumber, keyAlgorithm];
  return [
    sample('nginx_ingress_controller_ssl_expire_time_seconds', labels, notAfter),
    sample('nginx_ingress_controller_ssl_certificate_info', [...labels, ...about], 1),
  ];
}

function healthSamples(view: AdminView, snapshot: Snapshot): MetricSample[] {
  const samples: MetricSample[] = [];
  for (const upstream of snapshot.upstreams.values()) {
    const { id, namespace, service } = upstream;
    const checks = view.health.upstream(id);
    for (const [endpoint, { state }] of checks?.endpoints ?? []) {
      const healthy = state === 'unhealthy' ? 0 : 1;
      samples.push(sample('fairway_endpoint_healthy', [namespace, service, endpoint], healthy));
    }
    samples.push(...conditionSamples(upstream, checks, view));
  }
  return samples;
}

/** `ready` always, and what else there is: an upstream has few series however many endpoints it has. */
function conditionSamples(
  { id, namespace, service, port, endpoints }: Upstream,
  checks: UpstreamHealth | undefined,
  view: AdminView,
): MetricSample[] {
  const counts = new Map<EndpointCondition, number>([['ready', 0]]);
  const out: MetricSample[] = [];
  for (const endpoint of endpoints) {
    const ejection = view.ejections.ejectionOf(id, endpoint.id);
    const condition = conditionOf(endpoint, checks, ejection);
    counts.set(condition, (counts.get(condition) ?? 0) + 1);
    const failed = `check-${checks?.endpoints.get(endpoint.id)?.failedBy ?? 'failure'}`;
    const reason = condition === 'unhealthy' ? failed : condition === 'ejected' ? ejection?.reason : undefined;
    if (reason !== undefined) out.push(sample('fairway_endpoint_out', [namespace, service, endpoint.id, reason], 1));
  }
  const states = [...counts].map(([state, count]) =>
    sample('fairway_endpoints', [namespace, service, port, state], count),
  );
  return [...states, ...out];
}

const phases: readonly Phase[] = ['starting', 'serving', 'lameduck', 'draining'];

function processSamples(state: SupervisorState, rssBytes: number): MetricSample[] {
  const memory = state.workers
    .filter((worker) => worker.pid !== 0)
    .map((worker) => sample('fairway_process_resident_memory_bytes', [`worker-${worker.index}`], worker.rssBytes));
  const own = sample('fairway_process_resident_memory_bytes', ['control'], rssBytes);
  return [
    sample('fairway_process_resident_memory_bytes', ['supervisor'], state.supervisorRssBytes),
    ...(rssBytes === 0 ? [] : [own]),
    ...memory,
    ...phases.map((phase) => sample('fairway_drain_phase', [phase], phase === state.phase ? 1 : 0)),
    sample('fairway_control_restarts_total', [], state.controlRestarts),
    ...Object.entries(state.deaths).map(([reason, count]) => sample('fairway_worker_deaths_total', [reason], count)),
  ];
}
