/** Builders of Kubernetes objects as YAML text (JSON is YAML), for feature tests. */

interface IngressOptions {
  readonly name?: string;
  readonly host?: string;
  readonly annotations?: Readonly<Record<string, string>>;
  /** Path to Service name. */
  readonly paths?: Readonly<Record<string, string>>;
  readonly pathType?: string;
  readonly tls?: readonly { readonly hosts?: readonly string[]; readonly secretName?: string }[];
  readonly creationTimestamp?: string;
}

export interface EndpointOptions {
  readonly address?: string;
  readonly port: number;
  readonly ready?: boolean;
  readonly serving?: boolean;
  readonly terminating?: boolean;
  readonly pod?: string;
  readonly zone?: string;
  /** Zones that the slice hints it for. */
  readonly zoneHints?: readonly string[];
}

const nginx = 'nginx.ingress.kubernetes.io';

/** Several objects in one file. */
export function yaml(...objects: readonly object[]): string {
  return objects.map((object) => JSON.stringify(object)).join('\n---\n');
}

/** @param options  annotations without a prefix get the one of ingress-nginx */
export function ingress(options: IngressOptions = {}): object {
  const {
    annotations = {},
    creationTimestamp,
    host = 'example.test',
    name = 'web',
    pathType = 'Prefix',
    paths = { '/': 'web' },
    tls,
  } = options;
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: {
      name,
      ...(creationTimestamp === undefined ? {} : { creationTimestamp }),
      annotations: Object.fromEntries(
        Object.entries(annotations).map(([key, value]) => [key.includes('/') ? key : `${nginx}/${key}`, value]),
      ),
    },
    spec: {
      rules: [
        {
          ...(host === '' ? {} : { host }),
          http: {
            paths: Object.entries(paths).map(([path, service]) => ({
              path,
              pathType,
              backend: { service: { name: service, port: { number: 80 } } },
            })),
          },
        },
      ],
      ...(tls === undefined ? {} : { tls }),
    },
  };
}

/** A Service and its one EndpointSlice for each port number that the endpoints have. */
export function service(name: string, endpoints: readonly EndpointOptions[]): object[] {
  const ports = [...new Set(endpoints.map((endpoint) => endpoint.port))];
  return [
    { apiVersion: 'v1', kind: 'Service', metadata: { name }, spec: { ports: [{ port: 80, targetPort: 'http' }] } },
    ...ports.map((port) => ({
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { name: `${name}-${port}`, labels: { 'kubernetes.io/service-name': name } },
      addressType: 'IPv4',
      ports: [{ name: '', port, protocol: 'TCP' }],
      endpoints: endpoints.filter((endpoint) => endpoint.port === port).map(sliceEndpoint),
    })),
  ];
}

function sliceEndpoint({
  address = '127.0.0.1',
  pod,
  ready = true,
  serving = ready,
  terminating = false,
  zone,
  zoneHints,
}: EndpointOptions): object {
  return {
    addresses: [address],
    conditions: { ready, serving, terminating },
    ...(zone === undefined ? {} : { zone }),
    ...(zoneHints === undefined ? {} : { hints: { forZones: zoneHints.map((name) => ({ name })) } }),
    ...(pod === undefined ? {} : { targetRef: { kind: 'Pod', name: pod } }),
  };
}

/** A Pod with one container and a readiness probe on `/healthz`. */
export function pod(name: string, port: number, probe: object = {}): object {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name },
    spec: {
      containers: [
        {
          name: 'web',
          ports: [{ name: 'http', containerPort: port }],
          readinessProbe: {
            httpGet: { path: '/healthz', port: 'http' },
            periodSeconds: 1,
            failureThreshold: 2,
            timeoutSeconds: 1,
            ...probe,
          },
        },
      ],
    },
    status: { podIP: '127.0.0.1', podIPs: [{ ip: '127.0.0.1' }] },
  };
}

/** A Secret of type kubernetes.io/tls. */
export function tlsSecret(name: string, pair: { readonly certificate: string; readonly key: string }): object {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name },
    type: 'kubernetes.io/tls',
    stringData: { 'tls.crt': pair.certificate, 'tls.key': pair.key },
  };
}
