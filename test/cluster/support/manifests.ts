import type { Manifest } from './kubectl.ts';

/** A namespace where only pods of the restricted profile may run. */
export function restrictedNamespace(name: string): Manifest {
  const labels = { 'pod-security.kubernetes.io/enforce': 'restricted' };
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } };
}

export interface BackendOptions {
  readonly namespace: string;
  readonly name: string;
  readonly replicas?: number;
  /** How long the application goes on serving after SIGTERM; 0 is one that stops listening at once. */
  readonly drainMs?: number;
  /** Said in every answer; another one makes a rolling update. */
  readonly version?: string;
  readonly strategy?: unknown;
  /** `none`: Kubernetes calls a pod ready as long as its container runs. */
  readonly probe?: 'readiness' | 'none';
}

const readinessProbe = {
  httpGet: { path: '/healthz', port: 'http' },
  // Not tighter: when the machine has other work, a healthy application answers late.
  periodSeconds: 1,
  failureThreshold: 2,
  timeoutSeconds: 2,
};

/** The demo application: a Deployment and the Service of the same name. */
export function backend(options: BackendOptions): readonly Manifest[] {
  return [backendDeployment(options), backendService(options.namespace, options.name)];
}

export function backendDeployment(options: BackendOptions): Manifest {
  const { namespace, name, replicas = 1, drainMs = 3_000, version = '1', probe = 'readiness' } = options;
  const labels = { app: name };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { namespace, name, labels },
    spec: {
      replicas,
      selector: { matchLabels: labels },
      strategy: options.strategy ?? { rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
      template: {
        metadata: { labels },
        spec: {
          automountServiceAccountToken: false,
          terminationGracePeriodSeconds: 15,
          securityContext: { runAsNonRoot: true, runAsUser: 1000, seccompProfile: { type: 'RuntimeDefault' } },
          containers: [
            {
              name: 'backend',
              image: 'localhost/backend:test',
              imagePullPolicy: 'Never',
              ports: [{ name: 'http', containerPort: 8080 }],
              env: [
                { name: 'DRAIN_MS', value: String(drainMs) },
                { name: 'VERSION', value: version },
              ],
              ...(probe === 'readiness' ? { readinessProbe } : {}),
              resources: { requests: { cpu: '50m', memory: '32Mi' }, limits: { memory: '128Mi' } },
              securityContext: {
                allowPrivilegeEscalation: false,
                readOnlyRootFilesystem: true,
                capabilities: { drop: ['ALL'] },
              },
            },
          ],
        },
      },
    },
  };
}

export function backendService(namespace: string, name: string): Manifest {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { namespace, name },
    spec: { selector: { app: name }, ports: [{ name: 'http', port: 80, targetPort: 'http' }] },
  };
}

export interface IngressOptions {
  readonly namespace: string;
  readonly name: string;
  readonly host: string;
  readonly service: string;
  /** Number or name of the Service's port. */
  readonly port?: number | string;
  readonly path?: string;
  readonly pathType?: 'Prefix' | 'Exact' | 'ImplementationSpecific';
  readonly tlsSecret?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** An Ingress of class `fairway` with one rule. */
export function ingress(options: IngressOptions): Manifest {
  const { namespace, name, host, service, port = 80, path = '/', pathType = 'Prefix' } = options;
  const portReference = typeof port === 'number' ? { number: port } : { name: port };
  const tls = options.tlsSecret === undefined ? {} : { tls: [{ hosts: [host], secretName: options.tlsSecret }] };
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: { namespace, name, annotations: options.annotations ?? {} },
    spec: {
      ingressClassName: 'fairway',
      ...tls,
      rules: [
        { host, http: { paths: [{ path, pathType, backend: { service: { name: service, port: portReference } } }] } },
      ],
    },
  };
}
