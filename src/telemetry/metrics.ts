/** One metric: all that exposition, counting and `docs/metrics.md` need. */
export interface MetricDefinition {
  readonly kind: 'counter' | 'gauge' | 'histogram';
  /** Base unit in the name, as Prometheus wants it, except where ingress-nginx has another name. */
  readonly help: string;
  readonly labels: readonly string[];
  /** Setting with the upper bounds of the buckets; histograms only. */
  readonly buckets?: 'timeBuckets' | 'lengthBuckets' | 'sizeBuckets';
  /** How values of several processes become one. */
  readonly merge: 'sum' | 'max';
  /** `workers`: counted in data workers and collected at scrape; `control`: set by the control process. */
  readonly origin: 'workers' | 'control';
}

export type MetricName =
  | 'nginx_ingress_controller_requests'
  | 'nginx_ingress_controller_request_duration_seconds'
  | 'nginx_ingress_controller_response_duration_seconds'
  | 'nginx_ingress_controller_header_duration_seconds'
  | 'nginx_ingress_controller_connect_duration_seconds'
  | 'nginx_ingress_controller_request_size'
  | 'nginx_ingress_controller_response_size'
  | 'nginx_ingress_controller_bytes_sent'
  | 'nginx_ingress_controller_nginx_process_connections'
  | 'nginx_ingress_controller_nginx_process_connections_total'
  | 'nginx_ingress_controller_nginx_process_requests_total'
  | 'nginx_ingress_controller_nginx_process_cpu_seconds_total'
  | 'nginx_ingress_controller_nginx_process_resident_memory_bytes'
  | 'nginx_ingress_controller_nginx_process_num_procs'
  | 'fairway_upstream_failures_total'
  | 'fairway_retries_total'
  | 'fairway_mirrored_requests_total'
  | 'fairway_requests_waiting'
  | 'fairway_request_wait_seconds'
  | 'fairway_requests_shed_total'
  | 'fairway_health_checks_ignored'
  | 'fairway_ejections_total'
  | 'fairway_ejections_prevented_total'
  | 'fairway_endpoints_ejected'
  | 'fairway_endpoint_in_flight'
  | 'fairway_upgrades_open'
  | 'fairway_open_files'
  | 'fairway_open_files_limit'
  | 'fairway_connections_refused_total'
  | 'fairway_log_dropped_total'
  | 'fairway_metric_series_dropped_total'
  | 'nginx_ingress_controller_build_info'
  | 'nginx_ingress_controller_config_hash'
  | 'nginx_ingress_controller_config_last_reload_successful'
  | 'nginx_ingress_controller_config_last_reload_successful_timestamp_seconds'
  | 'nginx_ingress_controller_success'
  | 'nginx_ingress_controller_errors'
  | 'nginx_ingress_controller_ssl_expire_time_seconds'
  | 'nginx_ingress_controller_ssl_certificate_info'
  | 'nginx_ingress_controller_leader_election_status'
  | 'nginx_ingress_controller_orphan_ingress'
  | 'fairway_ingress_info'
  | 'fairway_diagnostics'
  | 'fairway_endpoint_healthy'
  | 'fairway_endpoint_out'
  | 'fairway_endpoints'
  | 'fairway_health_checks_total'
  | 'fairway_health_check_seconds'
  | 'fairway_config_apply_seconds'
  | 'fairway_compile_seconds'
  | 'fairway_worker_deaths_total'
  | 'fairway_control_restarts_total'
  | 'fairway_drain_phase'
  | 'fairway_process_resident_memory_bytes'
  | 'fairway_reflector_lists_total'
  | 'fairway_reflector_watches_total'
  | 'fairway_reflector_events_total'
  | 'fairway_reflector_failures_total'
  | 'fairway_reflector_gap_seconds'
  | 'fairway_reflector_last_contact_seconds'
  | 'fairway_reflector_objects'
  | 'fairway_reflector_list_seconds'
  | 'fairway_reflector_watch_seconds_total'
  | 'fairway_reflector_bookmarks_total'
  | 'fairway_reflector_divergences_total'
  | 'fairway_reflector_held_deletions_total'
  | 'fairway_reflector_last_event_seconds'
  | 'fairway_reflector_bytes'
  | 'fairway_events_written_total'
  | 'fairway_status_writes_total';

const requestLabels: readonly string[] = [
  'host',
  'status',
  'method',
  'path',
  'namespace',
  'ingress',
  'service',
  'canary',
];

/** Every metric. Names, labels and buckets of `nginx_ingress_controller_*` are those of ingress-nginx: a contract. */
export const metricsTable: Readonly<Record<MetricName, MetricDefinition>> = {
  nginx_ingress_controller_requests: {
    kind: 'counter',
    help: 'Requests that were answered.',
    labels: requestLabels,
    merge: 'sum',
    origin: 'workers',
  },
  nginx_ingress_controller_request_duration_seconds: {
    kind: 'histogram',
    help: 'Time from the first byte of the request to the last byte of the answer.',
    labels: requestLabels,
    buckets: 'timeBuckets',
    merge: 'sum',
    origin: 'workers',
  },
  nginx_ingress_controller_response_duration_seconds: {
    kind: 'histogram',
    help: 'Time from the start of the try that was answered to the last byte from the upstream.',
    labels: requestLabels,
    buckets: 'timeBuckets',
    merge: 'sum',
    origin: 'workers',
  },
  nginx_ingress_controller_header_duration_seconds: {
    kind: 'histogram',
    help: 'Time from the start of the try to the head of the answer.',
    labels: requestLabels,
    buckets: 'timeBuckets',
    merge: 'sum',
    origin: 'workers',
  },
  nginx_ingress_controller_connect_duration_seconds: {
    kind: 'histogram',
    help: 'Time for the connection to the upstream; 0 for a kept one.',
    labels: requestLabels,
    buckets: 'timeBuckets',
    merge: 'sum',
    origin: 'workers',
  },
  nginx_ingress_controller_request_size: {
    kind: 'histogram',
    help: 'Bytes of the request, head included.',
    labels: requestLabels,
    buckets: 'lengthBuckets',
    merge: 'sum',
    origin: 'workers',
  },
  nginx_ingress_controller_response_size: {
    kind: 'histogram',
    help: 'Bytes of the answer, head included.',
    labels: requestLabels,
    buckets: 'lengthBuckets',
    merge: 'sum',
    origin: 'workers',
  },
  nginx_ingress_controller_bytes_sent: {
    kind: 'histogram',
    help: 'Bytes sent to the client (deprecated in ingress-nginx).',
    labels: requestLabels,
    buckets: 'sizeBuckets',
    merge: 'sum',
    origin: 'workers',
  },
  nginx_ingress_controller_nginx_process_connections: {
    kind: 'gauge',
    help: 'Client connections by state: active, reading, writing, waiting.',
    labels: ['state'],
    merge: 'sum',
    origin: 'workers',
  },
  nginx_ingress_controller_nginx_process_connections_total: {
    kind: 'counter',
    help: 'Client connections: accepted, handled.',
    labels: ['state'],
    merge: 'sum',
    origin: 'workers',
  },
  nginx_ingress_controller_nginx_process_requests_total: {
    kind: 'counter',
    help: 'Requests of all clients.',
    labels: [],
    merge: 'sum',
    origin: 'workers',
  },
  nginx_ingress_controller_nginx_process_cpu_seconds_total: {
    kind: 'counter',
    help: 'CPU time of the data workers.',
    labels: [],
    merge: 'sum',
    origin: 'workers',
  },
  nginx_ingress_controller_nginx_process_resident_memory_bytes: {
    kind: 'gauge',
    help: 'Resident memory of the data workers.',
    labels: [],
    merge: 'sum',
    origin: 'workers',
  },
  nginx_ingress_controller_nginx_process_num_procs: {
    kind: 'gauge',
    help: 'Data workers.',
    labels: [],
    merge: 'sum',
    origin: 'workers',
  },
  fairway_upstream_failures_total: {
    kind: 'counter',
    help: 'Tries that failed, by failure.',
    labels: ['namespace', 'service', 'failure'],
    merge: 'sum',
    origin: 'workers',
  },
  fairway_retries_total: {
    kind: 'counter',
    help: 'Requests sent to another endpoint, by the failure of the try before.',
    labels: ['namespace', 'service', 'failure'],
    merge: 'sum',
    origin: 'workers',
  },
  fairway_mirrored_requests_total: {
    kind: 'counter',
    help: 'Copies of requests for mirror-target, by what became of them: sent, failed, dropped, aborted or timeout.',
    labels: ['namespace', 'ingress', 'result'],
    merge: 'sum',
    origin: 'workers',
  },
  fairway_requests_waiting: {
    kind: 'gauge',
    help: 'Requests that wait now, by reason: queue, because every place at the endpoints is taken; hold, because there is no endpoint.',
    labels: ['namespace', 'service', 'port', 'reason'],
    merge: 'sum',
    origin: 'workers',
  },
  fairway_request_wait_seconds: {
    kind: 'histogram',
    help: 'Time that requests waited, however that ended, by reason: queue or hold.',
    labels: ['namespace', 'service', 'port', 'reason'],
    buckets: 'timeBuckets',
    merge: 'sum',
    origin: 'workers',
  },
  fairway_requests_shed_total: {
    kind: 'counter',
    help: 'Requests answered with 503 because they could not wait, or waited in vain, by failure: queue-full, queue-timeout, hold-full, hold-timeout.',
    labels: ['namespace', 'service', 'port', 'failure'],
    merge: 'sum',
    origin: 'workers',
  },
  fairway_health_checks_ignored: {
    kind: 'gauge',
    help: '1 while every ready endpoint fails its health check, so that all of them are used.',
    labels: ['namespace', 'service', 'port'],
    merge: 'max',
    origin: 'workers',
  },
  fairway_ejections_total: {
    kind: 'counter',
    help: 'Endpoints that were left out for a while because requests failed there, by reason; counted where it was decided.',
    labels: ['namespace', 'service', 'port', 'reason'],
    merge: 'sum',
    origin: 'workers',
  },
  fairway_ejections_prevented_total: {
    kind: 'counter',
    help: 'Failures after which an endpoint stayed in, because too many others were out.',
    labels: ['namespace', 'service', 'port'],
    merge: 'sum',
    origin: 'workers',
  },
  fairway_endpoints_ejected: {
    kind: 'gauge',
    help: 'Endpoints that are left out now because requests failed there; of the data worker that leaves out most.',
    labels: ['namespace', 'service', 'port'],
    merge: 'max',
    origin: 'workers',
  },
  fairway_endpoint_in_flight: {
    kind: 'gauge',
    help: 'Requests and upgraded connections that an endpoint holds now. Absent while it holds none; of each data worker the 1,000 endpoints that hold most.',
    labels: ['namespace', 'service', 'endpoint'],
    merge: 'sum',
    origin: 'workers',
  },
  fairway_upgrades_open: {
    kind: 'gauge',
    help: 'Upgraded connections (WebSocket) that are open.',
    labels: [],
    merge: 'sum',
    origin: 'workers',
  },
  fairway_open_files: {
    kind: 'gauge',
    help: 'Files and connections that a data worker has open; of the one that has most.',
    labels: [],
    merge: 'max',
    origin: 'workers',
  },
  fairway_open_files_limit: {
    kind: 'gauge',
    help: 'Files and connections that a data worker may have open; clients get half of it.',
    labels: [],
    merge: 'max',
    origin: 'workers',
  },
  fairway_connections_refused_total: {
    kind: 'counter',
    help: 'Client connections that were closed at once, because the limit of open files has no room for them.',
    labels: [],
    merge: 'sum',
    origin: 'workers',
  },
  fairway_log_dropped_total: {
    kind: 'counter',
    help: 'Log lines dropped because their reader was too slow.',
    labels: [],
    merge: 'sum',
    origin: 'workers',
  },
  fairway_metric_series_dropped_total: {
    kind: 'counter',
    help: 'Observations without a series of their own because a worker had too many.',
    labels: [],
    merge: 'sum',
    origin: 'workers',
  },

  nginx_ingress_controller_build_info: {
    kind: 'gauge',
    help: 'Always 1; the labels say what runs.',
    labels: ['release', 'build', 'repository'],
    merge: 'max',
    origin: 'control',
  },
  nginx_ingress_controller_config_hash: {
    kind: 'gauge',
    help: 'Hash of what is served; equal on replicas that are in step.',
    labels: [],
    merge: 'max',
    origin: 'control',
  },
  nginx_ingress_controller_config_last_reload_successful: {
    kind: 'gauge',
    help: '1 when every data worker took the last snapshot.',
    labels: [],
    merge: 'max',
    origin: 'control',
  },
  nginx_ingress_controller_config_last_reload_successful_timestamp_seconds: {
    kind: 'gauge',
    help: 'When a snapshot was last taken.',
    labels: [],
    merge: 'max',
    origin: 'control',
  },
  nginx_ingress_controller_success: {
    kind: 'counter',
    help: 'Snapshots that were taken.',
    labels: [],
    merge: 'sum',
    origin: 'control',
  },
  nginx_ingress_controller_errors: {
    kind: 'counter',
    help: 'Snapshots that a data worker refused.',
    labels: [],
    merge: 'sum',
    origin: 'control',
  },
  nginx_ingress_controller_ssl_expire_time_seconds: {
    kind: 'gauge',
    help: 'When the certificate ends, Unix time.',
    labels: ['namespace', 'class', 'host', 'secret_name', 'identifier'],
    merge: 'max',
    origin: 'control',
  },
  nginx_ingress_controller_ssl_certificate_info: {
    kind: 'gauge',
    help: 'Always 1; the labels describe the certificate.',
    labels: [
      'namespace',
      'class',
      'host',
      'secret_name',
      'identifier',
      'issuer_organization',
      'issuer_common_name',
      'serial_number',
      'public_key_algorithm',
    ],
    merge: 'max',
    origin: 'control',
  },
  nginx_ingress_controller_leader_election_status: {
    kind: 'gauge',
    help: '1 on the leader.',
    labels: ['name'],
    merge: 'max',
    origin: 'control',
  },
  nginx_ingress_controller_orphan_ingress: {
    kind: 'gauge',
    help: '1 when the Ingress names a Service that is missing or has no endpoints.',
    labels: ['namespace', 'ingress', 'type'],
    merge: 'max',
    origin: 'control',
  },
  fairway_ingress_info: {
    kind: 'gauge',
    help: 'Always 1; state is accepted, degraded or rejected.',
    labels: ['namespace', 'ingress', 'state', 'reason'],
    merge: 'max',
    origin: 'control',
  },
  fairway_diagnostics: {
    kind: 'gauge',
    help: 'Open diagnostics by code.',
    labels: ['code', 'severity'],
    merge: 'max',
    origin: 'control',
  },
  fairway_endpoint_healthy: {
    kind: 'gauge',
    help: '1 when the endpoint may be picked, 0 when its health check fails.',
    labels: ['namespace', 'service', 'endpoint'],
    merge: 'max',
    origin: 'control',
  },
  fairway_endpoint_out: {
    kind: 'gauge',
    help: '1 while a ready endpoint gets no requests, by reason: check-failure, check-timeout, check-inherited (before the control process started), refused, consecutive-failures, failure-rate. Absent while it gets some.',
    labels: ['namespace', 'service', 'endpoint', 'reason'],
    merge: 'max',
    origin: 'control',
  },
  fairway_endpoints: {
    kind: 'gauge',
    help: 'Endpoints of an upstream by state: ready; ignored, which fail their checks and are used because all do; unhealthy; ejected; draining.',
    labels: ['namespace', 'service', 'port', 'state'],
    merge: 'max',
    origin: 'control',
  },
  fairway_health_checks_total: {
    kind: 'counter',
    help: 'Health checks by result.',
    labels: ['kind', 'result'],
    merge: 'sum',
    origin: 'control',
  },
  fairway_health_check_seconds: {
    kind: 'histogram',
    help: 'Time of a health check, from the first packet to its verdict or the end of its time.',
    labels: ['kind'],
    buckets: 'timeBuckets',
    merge: 'sum',
    origin: 'control',
  },
  fairway_config_apply_seconds: {
    kind: 'histogram',
    help: 'Time from the change of an object to the moment at which every data worker serves it.',
    labels: [],
    buckets: 'timeBuckets',
    merge: 'sum',
    origin: 'control',
  },
  fairway_compile_seconds: {
    kind: 'histogram',
    help: 'Time of one compilation.',
    labels: [],
    buckets: 'timeBuckets',
    merge: 'sum',
    origin: 'control',
  },
  fairway_worker_deaths_total: {
    kind: 'counter',
    help: 'Data workers that died or were replaced, by reason.',
    labels: ['reason'],
    merge: 'sum',
    origin: 'control',
  },
  fairway_control_restarts_total: {
    kind: 'counter',
    help: 'Restarts of the control process.',
    labels: [],
    merge: 'sum',
    origin: 'control',
  },
  fairway_drain_phase: {
    kind: 'gauge',
    help: '1 for the phase in which the program is.',
    labels: ['phase'],
    merge: 'max',
    origin: 'control',
  },
  fairway_process_resident_memory_bytes: {
    kind: 'gauge',
    help: 'Resident memory by process.',
    labels: ['process'],
    merge: 'max',
    origin: 'control',
  },
  fairway_reflector_lists_total: {
    kind: 'counter',
    help: 'Complete lists of a resource.',
    labels: ['resource'],
    merge: 'sum',
    origin: 'control',
  },
  fairway_reflector_watches_total: {
    kind: 'counter',
    help: 'Watches started.',
    labels: ['resource'],
    merge: 'sum',
    origin: 'control',
  },
  fairway_reflector_events_total: {
    kind: 'counter',
    help: 'Watch events, by what became of them: applied, ignored, stale, bad.',
    labels: ['resource', 'outcome'],
    merge: 'sum',
    origin: 'control',
  },
  fairway_reflector_failures_total: {
    kind: 'counter',
    help: 'Lists and watches that ended badly, by reason: gone, stall, network, status, line.',
    labels: ['resource', 'reason'],
    merge: 'sum',
    origin: 'control',
  },
  fairway_reflector_gap_seconds: {
    kind: 'histogram',
    help: 'Time without a watch.',
    labels: ['resource'],
    buckets: 'timeBuckets',
    merge: 'sum',
    origin: 'control',
  },
  fairway_reflector_last_contact_seconds: {
    kind: 'gauge',
    help: 'Age of the last byte from the API server.',
    labels: ['resource'],
    merge: 'max',
    origin: 'control',
  },
  fairway_reflector_objects: {
    kind: 'gauge',
    help: 'Objects in the store.',
    labels: ['resource'],
    merge: 'max',
    origin: 'control',
  },
  fairway_reflector_list_seconds: {
    kind: 'histogram',
    help: 'Time of a complete list.',
    labels: ['resource'],
    buckets: 'timeBuckets',
    merge: 'sum',
    origin: 'control',
  },
  fairway_reflector_watch_seconds_total: {
    kind: 'counter',
    help: 'Time spent in watches; by fairway_reflector_watches_total it is the mean life of one.',
    labels: ['resource'],
    merge: 'sum',
    origin: 'control',
  },
  fairway_reflector_bookmarks_total: {
    kind: 'counter',
    help: 'Bookmarks: signs of life from watches in which nothing happens.',
    labels: ['resource'],
    merge: 'sum',
    origin: 'control',
  },
  fairway_reflector_divergences_total: {
    kind: 'counter',
    help: 'Self-checks that found the store different from the API server; the store was listed anew.',
    labels: ['resource'],
    merge: 'sum',
    origin: 'control',
  },
  fairway_reflector_held_deletions_total: {
    kind: 'counter',
    help: 'Lists without most of the known objects, which were applied only after a second list.',
    labels: ['resource'],
    merge: 'sum',
    origin: 'control',
  },
  fairway_reflector_last_event_seconds: {
    kind: 'gauge',
    help: 'Age of the last watch event.',
    labels: ['resource'],
    merge: 'max',
    origin: 'control',
  },
  fairway_reflector_bytes: {
    kind: 'gauge',
    help: 'JSON length of the objects in the store, as they were received.',
    labels: ['resource'],
    merge: 'max',
    origin: 'control',
  },
  fairway_events_written_total: {
    kind: 'counter',
    help: 'Events written on objects.',
    labels: ['result'],
    merge: 'sum',
    origin: 'control',
  },
  fairway_status_writes_total: {
    kind: 'counter',
    help: 'Writes of Ingress status.',
    labels: ['result'],
    merge: 'sum',
    origin: 'control',
  },
};
