/**
 * Every process-wide option with its value, parsed once by the supervisor and handed to both kinds of children.
 * Milliseconds and bytes inside. Where each is written stands in `table.ts`.
 */
export interface Settings {
  /** Reads objects from the YAML files of this folder instead of an API server, and follows their changes. */
  readonly manifests: string;
  /** Kubeconfig file; absent, the service account of the pod is used. */
  readonly kubeconfig: string;
  /** Address of the API server, if it differs from the kubeconfig. */
  readonly apiserverHost: string;
  /** ConfigMap with settings that may change while Fairway runs. */
  readonly configMap: string;
  /** Fairway's own namespace: Lease and ConfigMap live here. */
  readonly namespace: string;
  /** Name of the own pod: identity in the election, label in metrics. */
  readonly podName: string;
  /** Name of the own node, for its zone, and for its address in the status. */
  readonly nodeName: string;
  /** Zone of this replica, for hints in EndpointSlices; auto asks the own node for its label topology.kubernetes.io/zone, empty is none. */
  readonly zone: string;
  /** Name of the class that the legacy annotation kubernetes.io/ingress.class may hold. */
  readonly ingressClass: string;
  /** Controller string: IngressClasses with this spec.controller are ours. */
  readonly controllerClass: string;
  /** Also takes Ingresses whose class name is --ingress-class when no such IngressClass has our controller string. */
  readonly ingressClassByName: boolean;
  /** Takes Ingresses that name no class at all. */
  readonly watchIngressWithoutClass: boolean;
  /** Namespaces to watch; empty is all. */
  readonly watchNamespaces: readonly string[];
  /** Watches only namespaces whose labels match, for example team=shop; only without --watch-namespace. */
  readonly watchNamespaceSelector: string;
  /** Namespaces whose TLS Secrets are read; empty is those that are watched. */
  readonly secretNamespaces: readonly string[];
  /** Prefix of the compatible annotations; fairway.dev is read as well, always. */
  readonly annotationsPrefix: string;
  /** Refuses rules without host and spec.defaultBackend. */
  readonly disableCatchAll: boolean;
  /** IP address of the HTTP and HTTPS listeners; empty is every address. */
  readonly listenAddress: string;
  /** Port for HTTP; 0 asks the kernel. */
  readonly httpPort: number;
  /** Port that clients use for HTTP when something in front maps it to --http-port; 0 is the listening port itself. */
  readonly publicHttpPort: number;
  /** Port for HTTPS; 0 asks the kernel. */
  readonly httpsPort: number;
  /** Port of the admin listener: probes, metrics, admin page; 0 asks the kernel. */
  readonly healthzPort: number;
  /** IP address of the admin listener; empty is --listen-address. */
  readonly healthzHost: string;
  /** How long an idle client connection stays open. */
  readonly keepAliveMs: number;
  /** Requests after which a client connection is closed. */
  readonly keepAliveRequests: number;
  /** Data worker processes; 0 is one for each core that the container may use. */
  readonly workers: number;
  /** What serves and forwards in a data worker. */
  readonly engine: 'native' | 'http-proxy';
  /** Service that gets requests which no rule takes; its first port. */
  readonly defaultBackendService: string;
  /** Balancing algorithm of upstreams that do not choose one. */
  readonly loadBalance: 'round_robin' | 'least_conn' | 'random_two' | 'ewma' | 'ip_hash' | 'weighted';
  /** Time for a connection to an endpoint. */
  readonly proxyConnectTimeoutMs: number;
  /** Longest silence between two writes to an endpoint. */
  readonly proxySendTimeoutMs: number;
  /** Longest silence between two reads from an endpoint. */
  readonly proxyReadTimeoutMs: number;
  /** When a request goes to another endpoint; conditions of nginx proxy_next_upstream, or off. */
  readonly proxyNextUpstream: string;
  /** Tries in all; 0 is no limit. */
  readonly proxyNextUpstreamTries: number;
  /** Time for all tries; 0 is no limit. */
  readonly proxyNextUpstreamTimeoutMs: number;
  /** Largest body of a request; 0 is no limit. */
  readonly proxyBodySizeBytes: number;
  /** A body up to this size can go to another endpoint; 16m at most. */
  readonly clientBodyBufferSizeBytes: number;
  /** Whether bodies of requests are kept for another endpoint. */
  readonly proxyRequestBuffering: 'on' | 'off';
  /** Idle connections that a data worker keeps for each endpoint. */
  readonly upstreamKeepAliveConnections: number;
  /** How long a connection to an endpoint may be idle. */
  readonly upstreamKeepAliveMs: number;
  /** Believes X-Forwarded-* of the peers in --proxy-real-ip-cidr. */
  readonly useForwardedHeaders: boolean;
  /** Peers whose X-Forwarded-* are believed when --use-forwarded-headers is on; empty is every peer, which a diagnostic asks to narrow. */
  readonly proxyRealIpCidr: readonly string[];
  /** Serves Services of type ExternalName. */
  readonly enableExternalName: boolean;
  /** managed-only: takes only EndpointSlices that Kubernetes itself manages. */
  readonly endpointsPolicy: 'any' | 'managed-only';
  /** Secret with the certificate for server names without one of their own; absent, a self-signed one is made. */
  readonly defaultSslCertificate: string;
  /** Redirects HTTP to HTTPS for hosts with a TLS section. */
  readonly sslRedirect: boolean;
  /** Redirects HTTP to HTTPS for every host. */
  readonly forceSslRedirect: boolean;
  /** Paths that are never redirected to HTTPS. */
  readonly noTlsRedirectLocations: readonly string[];
  /** Status of redirects to HTTPS. */
  readonly httpRedirectCode: '301' | '302' | '307' | '308';
  /** TLS versions, of TLSv1.2 and TLSv1.3. */
  readonly sslProtocols: string;
  /** Sends Strict-Transport-Security on every HTTPS answer. */
  readonly hsts: boolean;
  /** max-age of Strict-Transport-Security, in seconds. */
  readonly hstsMaxAgeSeconds: number;
  /** includeSubDomains in Strict-Transport-Security. */
  readonly hstsIncludeSubdomains: boolean;
  /** preload in Strict-Transport-Security. */
  readonly hstsPreload: boolean;
  /** What a host serves when its Secret goes or becomes invalid: the last good certificate, or the default one. */
  readonly onMissingCertificate: 'keep' | 'default';
  /** Runs the readiness probes of pods behind routes; off follows the readiness of Kubernetes alone. */
  readonly healthChecks: 'readiness-probe' | 'off';
  /** Writes status.loadBalancer of the Ingresses; only the leader does. */
  readonly updateStatus: boolean;
  /** Service in front of Fairway whose addresses go into the status. */
  readonly publishService: string;
  /** Addresses or names that go into the status, instead of those of a Service. */
  readonly publishStatusAddress: readonly string[];
  /** Puts the address of the own node into the status when neither of the two above is given. */
  readonly reportNodeAddress: 'off' | 'external' | 'internal';
  /** Name of the Lease. */
  readonly electionId: string;
  /** Leads always, without a Lease; for one replica only. */
  readonly disableLeaderElection: boolean;
  /** Writes Events on Ingresses for what is wrong with them. */
  readonly events: boolean;
  /** Serves /metrics. */
  readonly enableMetrics: boolean;
  /** Adds the label host to request metrics. */
  readonly metricsPerHost: boolean;
  /** Counts 2xx, 3xx and so on instead of each status. */
  readonly reportStatusClasses: boolean;
  /** Buckets of durations, in seconds. */
  readonly timeBuckets: readonly number[];
  /** Buckets of request_size and response_size, in bytes. */
  readonly lengthBuckets: readonly number[];
  /** Buckets of bytes_sent, in bytes. */
  readonly sizeBuckets: readonly number[];
  /** Form of the access log: JSON lines, or the lines of ingress-nginx. */
  readonly logFormat: 'json' | 'nginx';
  /** Least level of the program log. */
  readonly logLevel: 'trace' | 'debug' | 'info' | 'warn' | 'error';
  /** Writes one line per exchange. */
  readonly accessLog: boolean;
  /** File of the access log. */
  readonly accessLogPath: string;
  /** After SIGTERM: how long everything is still served while the load balancer takes this pod out. */
  readonly shutdownLameduckMs: number;
  /** After that: how long requests in flight may go on. */
  readonly shutdownDrainMs: number;
  /** terminationGracePeriodSeconds of the pod; when given, the two above must fit into it. */
  readonly terminationGracePeriodMs: number;
}

export type SettingName = keyof Settings;
