import {
  address,
  boolean,
  buckets,
  choice,
  csv,
  integer,
  milliseconds,
  objectKey,
  port,
  seconds,
  text,
} from './kinds.ts';
import type { SettingName, Settings } from './settings.ts';
import type { SettingKind } from './value-kind.ts';

/** Heading in `--help` and `docs/settings.md`. */
export type SettingGroup =
  | 'Sources'
  | 'Classes and scope'
  | 'Listeners'
  | 'Processes'
  | 'Routing and upstreams'
  | 'TLS'
  | 'Health checks'
  | 'Status and Events'
  | 'Metrics'
  | 'Logs'
  | 'Shutdown';

/** One process-wide option: where it is written, what it means, what it is when nobody writes it. */
export interface SettingDefinition<T> {
  /** Without the two dashes. */
  readonly flag: string;
  readonly aliases?: readonly string[];
  /** Environment variable that is read when the flag is absent. */
  readonly environment?: string;
  /** Key of the ConfigMap that `--configmap` names; such a setting may change while Fairway runs. */
  readonly configMapKey?: string;
  readonly group: SettingGroup;
  readonly kind: SettingKind<T>;
  readonly fallback: T;
  readonly doc: string;
}

/** Every setting. Names and meaning follow ingress-nginx where it has the same. Order inside a group is order in the help. */
export const settingsTable: { readonly [K in SettingName]: SettingDefinition<Settings[K]> } = {
  manifests: {
    flag: 'manifests',
    group: 'Sources',
    kind: text('DIR'),
    fallback: '',
    doc: 'Reads objects from the YAML files of this folder instead of an API server, and follows their changes.',
  },
  kubeconfig: {
    flag: 'kubeconfig',
    environment: 'KUBECONFIG',
    group: 'Sources',
    kind: text('FILE'),
    fallback: '',
    doc: 'Kubeconfig file; absent, the service account of the pod is used.',
  },
  apiserverHost: {
    flag: 'apiserver-host',
    group: 'Sources',
    kind: text('URL'),
    fallback: '',
    doc: 'Address of the API server, if it differs from the kubeconfig.',
  },
  configMap: {
    flag: 'configmap',
    group: 'Sources',
    kind: objectKey(),
    fallback: '',
    doc: 'ConfigMap with settings that may change while Fairway runs.',
  },
  namespace: {
    flag: 'namespace',
    environment: 'POD_NAMESPACE',
    group: 'Sources',
    kind: text('NAMESPACE'),
    fallback: 'default',
    doc: "Fairway's own namespace: Lease and ConfigMap live here.",
  },
  podName: {
    flag: 'pod-name',
    environment: 'POD_NAME',
    group: 'Sources',
    kind: text('NAME'),
    fallback: 'fairway',
    doc: 'Name of the own pod: identity in the election, label in metrics.',
  },
  nodeName: {
    flag: 'node-name',
    environment: 'NODE_NAME',
    group: 'Sources',
    kind: text('NAME'),
    fallback: '',
    doc: 'Name of the own node, for its address in the status.',
  },

  ingressClass: {
    flag: 'ingress-class',
    group: 'Classes and scope',
    kind: text('NAME'),
    fallback: 'fairway',
    doc: 'Name of the class that the legacy annotation kubernetes.io/ingress.class may hold.',
  },
  controllerClass: {
    flag: 'controller-class',
    group: 'Classes and scope',
    kind: text('STRING'),
    fallback: 'fairway.dev/ingress-controller',
    doc: 'Controller string: IngressClasses with this spec.controller are ours.',
  },
  ingressClassByName: {
    flag: 'ingress-class-by-name',
    group: 'Classes and scope',
    kind: boolean(),
    fallback: false,
    doc: 'Also takes Ingresses whose class name is --ingress-class when no such IngressClass has our controller string.',
  },
  watchIngressWithoutClass: {
    flag: 'watch-ingress-without-class',
    group: 'Classes and scope',
    kind: boolean(),
    fallback: false,
    doc: 'Takes Ingresses that name no class at all.',
  },
  watchNamespaces: {
    flag: 'watch-namespace',
    group: 'Classes and scope',
    kind: csv('NAMESPACE'),
    fallback: [],
    doc: 'Namespaces to watch; empty is all.',
  },
  watchNamespaceSelector: {
    flag: 'watch-namespace-selector',
    group: 'Classes and scope',
    kind: text('LABELS'),
    fallback: '',
    doc: 'Watches only namespaces whose labels match, for example team=shop; only without --watch-namespace.',
  },
  secretNamespaces: {
    flag: 'secret-namespaces',
    group: 'Classes and scope',
    kind: csv('NAMESPACE'),
    fallback: [],
    doc: 'Namespaces whose TLS Secrets are read; empty is those that are watched.',
  },
  annotationsPrefix: {
    flag: 'annotations-prefix',
    group: 'Classes and scope',
    kind: text('PREFIX'),
    fallback: 'nginx.ingress.kubernetes.io',
    doc: 'Prefix of the compatible annotations; fairway.dev is read as well, always.',
  },
  disableCatchAll: {
    flag: 'disable-catch-all',
    group: 'Classes and scope',
    kind: boolean(),
    fallback: false,
    doc: 'Refuses rules without host and spec.defaultBackend.',
  },

  listenAddress: {
    flag: 'listen-address',
    group: 'Listeners',
    kind: address(),
    fallback: '',
    doc: 'IP address of the HTTP and HTTPS listeners; empty is every address.',
  },
  httpPort: {
    flag: 'http-port',
    group: 'Listeners',
    kind: port(),
    fallback: 8080,
    doc: 'Port for HTTP; 0 asks the kernel.',
  },
  publicHttpPort: {
    flag: 'http-public-port',
    group: 'Listeners',
    kind: port(),
    fallback: 0,
    doc: 'Port that clients use for HTTP when something in front maps it to --http-port; 0 is the listening port itself.',
  },
  httpsPort: {
    flag: 'https-port',
    group: 'Listeners',
    kind: port(),
    fallback: 8443,
    doc: 'Port for HTTPS; 0 asks the kernel.',
  },
  healthzPort: {
    flag: 'healthz-port',
    group: 'Listeners',
    kind: port(),
    fallback: 10254,
    doc: 'Port of the admin listener: probes, metrics, admin page; 0 asks the kernel.',
  },
  healthzHost: {
    flag: 'healthz-host',
    group: 'Listeners',
    kind: address(),
    fallback: '',
    doc: 'IP address of the admin listener; empty is --listen-address.',
  },
  keepAliveMs: {
    flag: 'keep-alive',
    configMapKey: 'keep-alive',
    group: 'Listeners',
    kind: seconds(0, 86_400),
    fallback: 75_000,
    doc: 'How long an idle client connection stays open.',
  },
  keepAliveRequests: {
    flag: 'keep-alive-requests',
    configMapKey: 'keep-alive-requests',
    group: 'Listeners',
    kind: integer(1, 1_000_000_000),
    fallback: 10_000,
    doc: 'Requests after which a client connection is closed.',
  },

  workers: {
    flag: 'workers',
    configMapKey: 'worker-processes',
    group: 'Processes',
    kind: integer(0, 256),
    fallback: 0,
    doc: 'Data worker processes; 0 is one for each core that the container may use.',
  },
  engine: {
    flag: 'engine',
    group: 'Processes',
    kind: choice(['native', 'http-proxy']),
    fallback: 'native',
    doc: 'What serves and forwards in a data worker.',
  },

  defaultBackendService: {
    flag: 'default-backend-service',
    group: 'Routing and upstreams',
    kind: objectKey(),
    fallback: '',
    doc: 'Service that gets requests which no rule takes; its first port.',
  },
  loadBalance: {
    flag: 'load-balance',
    configMapKey: 'load-balance',
    group: 'Routing and upstreams',
    kind: choice(['round_robin', 'least_conn', 'random_two', 'ewma', 'ip_hash', 'weighted']),
    fallback: 'round_robin',
    doc: 'Balancing algorithm of upstreams that do not choose one.',
  },
  proxyConnectTimeoutMs: {
    flag: 'proxy-connect-timeout',
    configMapKey: 'proxy-connect-timeout',
    group: 'Routing and upstreams',
    kind: seconds(1, 3_600),
    fallback: 5_000,
    doc: 'Time for a connection to an endpoint.',
  },
  proxySendTimeoutMs: {
    flag: 'proxy-send-timeout',
    configMapKey: 'proxy-send-timeout',
    group: 'Routing and upstreams',
    kind: seconds(1, 86_400),
    fallback: 60_000,
    doc: 'Longest silence between two writes to an endpoint.',
  },
  proxyReadTimeoutMs: {
    flag: 'proxy-read-timeout',
    configMapKey: 'proxy-read-timeout',
    group: 'Routing and upstreams',
    kind: seconds(1, 86_400),
    fallback: 60_000,
    doc: 'Longest silence between two reads from an endpoint.',
  },
  proxyNextUpstream: {
    flag: 'proxy-next-upstream',
    configMapKey: 'proxy-next-upstream',
    group: 'Routing and upstreams',
    kind: text('CONDITIONS'),
    fallback: 'error timeout',
    doc: 'When a request goes to another endpoint; conditions of nginx proxy_next_upstream, or off.',
  },
  proxyNextUpstreamTries: {
    flag: 'proxy-next-upstream-tries',
    configMapKey: 'proxy-next-upstream-tries',
    group: 'Routing and upstreams',
    kind: integer(0, 1_000_000),
    fallback: 3,
    doc: 'Tries in all; 0 is no limit.',
  },
  proxyNextUpstreamTimeoutMs: {
    flag: 'proxy-next-upstream-timeout',
    configMapKey: 'proxy-next-upstream-timeout',
    group: 'Routing and upstreams',
    kind: seconds(0, 86_400),
    fallback: 0,
    doc: 'Time for all tries; 0 is no limit.',
  },
  upstreamKeepAliveConnections: {
    flag: 'upstream-keepalive-connections',
    configMapKey: 'upstream-keepalive-connections',
    group: 'Routing and upstreams',
    kind: integer(0, 100_000),
    fallback: 320,
    doc: 'Idle connections that a data worker keeps for each endpoint.',
  },
  upstreamKeepAliveMs: {
    flag: 'upstream-keepalive-timeout',
    configMapKey: 'upstream-keepalive-timeout',
    group: 'Routing and upstreams',
    kind: seconds(0, 3_600),
    fallback: 55_000,
    doc: 'How long a connection to an endpoint may be idle.',
  },
  useForwardedHeaders: {
    flag: 'use-forwarded-headers',
    configMapKey: 'use-forwarded-headers',
    group: 'Routing and upstreams',
    kind: boolean(),
    fallback: false,
    doc: 'Believes X-Forwarded-* of the peers in --proxy-real-ip-cidr.',
  },
  proxyRealIpCidr: {
    flag: 'proxy-real-ip-cidr',
    configMapKey: 'proxy-real-ip-cidr',
    group: 'Routing and upstreams',
    kind: csv('CIDR'),
    fallback: [],
    doc: 'Peers whose X-Forwarded-* are believed when --use-forwarded-headers is on; empty is every peer, which a diagnostic asks to narrow.',
  },
  enableExternalName: {
    flag: 'enable-external-name',
    group: 'Routing and upstreams',
    kind: boolean(),
    fallback: false,
    doc: 'Serves Services of type ExternalName.',
  },
  endpointsPolicy: {
    flag: 'endpoints',
    group: 'Routing and upstreams',
    kind: choice(['any', 'managed-only']),
    fallback: 'any',
    doc: 'managed-only: takes only EndpointSlices that Kubernetes itself manages.',
  },

  defaultSslCertificate: {
    flag: 'default-ssl-certificate',
    group: 'TLS',
    kind: objectKey(),
    fallback: '',
    doc: 'Secret with the certificate for server names without one of their own; absent, a self-signed one is made.',
  },
  sslRedirect: {
    flag: 'ssl-redirect',
    configMapKey: 'ssl-redirect',
    group: 'TLS',
    kind: boolean(),
    fallback: true,
    doc: 'Redirects HTTP to HTTPS for hosts with a TLS section.',
  },
  forceSslRedirect: {
    flag: 'force-ssl-redirect',
    configMapKey: 'force-ssl-redirect',
    group: 'TLS',
    kind: boolean(),
    fallback: false,
    doc: 'Redirects HTTP to HTTPS for every host.',
  },
  noTlsRedirectLocations: {
    flag: 'no-tls-redirect-locations',
    configMapKey: 'no-tls-redirect-locations',
    group: 'TLS',
    kind: csv('PATH'),
    fallback: ['/.well-known/acme-challenge'],
    doc: 'Paths that are never redirected to HTTPS.',
  },
  httpRedirectCode: {
    flag: 'http-redirect-code',
    configMapKey: 'http-redirect-code',
    group: 'TLS',
    kind: choice(['301', '302', '307', '308']),
    fallback: '308',
    doc: 'Status of redirects to HTTPS.',
  },
  sslProtocols: {
    flag: 'ssl-protocols',
    configMapKey: 'ssl-protocols',
    group: 'TLS',
    kind: text('VERSIONS'),
    fallback: 'TLSv1.2 TLSv1.3',
    doc: 'TLS versions, of TLSv1.2 and TLSv1.3.',
  },
  hsts: {
    flag: 'hsts',
    configMapKey: 'hsts',
    group: 'TLS',
    kind: boolean(),
    fallback: true,
    doc: 'Sends Strict-Transport-Security on every HTTPS answer.',
  },
  hstsMaxAgeSeconds: {
    flag: 'hsts-max-age',
    configMapKey: 'hsts-max-age',
    group: 'TLS',
    kind: integer(0, 1_000_000_000),
    fallback: 31_536_000,
    doc: 'max-age of Strict-Transport-Security, in seconds.',
  },
  hstsIncludeSubdomains: {
    flag: 'hsts-include-subdomains',
    configMapKey: 'hsts-include-subdomains',
    group: 'TLS',
    kind: boolean(),
    fallback: true,
    doc: 'includeSubDomains in Strict-Transport-Security.',
  },
  hstsPreload: {
    flag: 'hsts-preload',
    configMapKey: 'hsts-preload',
    group: 'TLS',
    kind: boolean(),
    fallback: false,
    doc: 'preload in Strict-Transport-Security.',
  },
  onMissingCertificate: {
    flag: 'on-missing-cert',
    group: 'TLS',
    kind: choice(['keep', 'default']),
    fallback: 'keep',
    doc: 'What a host serves when its Secret goes or becomes invalid: the last good certificate, or the default one.',
  },

  healthChecks: {
    flag: 'health-checks',
    group: 'Health checks',
    kind: choice(['readiness-probe', 'off']),
    fallback: 'readiness-probe',
    doc: 'Runs the readiness probes of pods behind routes; off follows the readiness of Kubernetes alone.',
  },

  updateStatus: {
    flag: 'update-status',
    group: 'Status and Events',
    kind: boolean(),
    fallback: true,
    doc: 'Writes status.loadBalancer of the Ingresses; only the leader does.',
  },
  publishService: {
    flag: 'publish-service',
    group: 'Status and Events',
    kind: objectKey(),
    fallback: '',
    doc: 'Service in front of Fairway whose addresses go into the status.',
  },
  publishStatusAddress: {
    flag: 'publish-status-address',
    group: 'Status and Events',
    kind: csv('ADDRESS'),
    fallback: [],
    doc: 'Addresses or names that go into the status, instead of those of a Service.',
  },
  reportNodeAddress: {
    flag: 'report-node-address',
    group: 'Status and Events',
    kind: choice(['off', 'external', 'internal']),
    fallback: 'off',
    doc: 'Puts the address of the own node into the status when neither of the two above is given.',
  },
  electionId: {
    flag: 'election-id',
    group: 'Status and Events',
    kind: text('NAME'),
    fallback: 'ingress-controller-leader',
    doc: 'Name of the Lease.',
  },
  disableLeaderElection: {
    flag: 'disable-leader-election',
    group: 'Status and Events',
    kind: boolean(),
    fallback: false,
    doc: 'Leads always, without a Lease; for one replica only.',
  },
  events: {
    flag: 'events',
    group: 'Status and Events',
    kind: boolean(),
    fallback: true,
    doc: 'Writes Events on Ingresses for what is wrong with them.',
  },

  enableMetrics: { flag: 'enable-metrics', group: 'Metrics', kind: boolean(), fallback: true, doc: 'Serves /metrics.' },
  metricsPerHost: {
    flag: 'metrics-per-host',
    group: 'Metrics',
    kind: boolean(),
    fallback: true,
    doc: 'Adds the label host to request metrics.',
  },
  reportStatusClasses: {
    flag: 'report-status-classes',
    group: 'Metrics',
    kind: boolean(),
    fallback: false,
    doc: 'Counts 2xx, 3xx and so on instead of each status.',
  },
  timeBuckets: {
    flag: 'time-buckets',
    group: 'Metrics',
    kind: buckets(),
    fallback: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    doc: 'Buckets of durations, in seconds.',
  },
  lengthBuckets: {
    flag: 'length-buckets',
    group: 'Metrics',
    kind: buckets(),
    fallback: [10, 20, 30, 40, 50, 60, 70, 80, 90, 100],
    doc: 'Buckets of request_size and response_size, in bytes.',
  },
  sizeBuckets: {
    flag: 'size-buckets',
    group: 'Metrics',
    kind: buckets(),
    fallback: [10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000],
    doc: 'Buckets of bytes_sent, in bytes.',
  },

  logFormat: {
    flag: 'log-format',
    group: 'Logs',
    kind: choice(['json', 'nginx']),
    fallback: 'json',
    doc: 'Form of the access log: JSON lines, or the lines of ingress-nginx.',
  },
  logLevel: {
    flag: 'log-level',
    group: 'Logs',
    kind: choice(['trace', 'debug', 'info', 'warn', 'error']),
    fallback: 'info',
    doc: 'Least level of the program log.',
  },
  accessLog: {
    flag: 'access-log',
    group: 'Logs',
    kind: boolean(),
    fallback: true,
    doc: 'Writes one line per exchange.',
  },
  accessLogPath: {
    flag: 'access-log-path',
    group: 'Logs',
    kind: text('FILE'),
    fallback: '/dev/stdout',
    doc: 'File of the access log.',
  },

  shutdownLameduckMs: {
    flag: 'shutdown-lameduck',
    aliases: ['shutdown-grace-period'],
    group: 'Shutdown',
    kind: milliseconds(0, 3_600),
    fallback: 15_000,
    doc: 'After SIGTERM: how long everything is still served while the load balancer takes this pod out.',
  },
  shutdownDrainMs: {
    flag: 'shutdown-drain',
    aliases: ['worker-shutdown-timeout'],
    configMapKey: 'worker-shutdown-timeout',
    group: 'Shutdown',
    kind: milliseconds(0, 86_400),
    fallback: 240_000,
    doc: 'After that: how long requests in flight may go on.',
  },
  terminationGracePeriodMs: {
    flag: 'termination-grace-period',
    environment: 'TERMINATION_GRACE_PERIOD',
    group: 'Shutdown',
    kind: milliseconds(0, 86_400),
    fallback: 0,
    doc: 'terminationGracePeriodSeconds of the pod; when given, the two above must fit into it.',
  },
};
