/** Values that matter, by what they show; the chart is rendered with each, here and by the real helm. */
export const valueCombinations: Readonly<Record<string, Record<string, unknown>>> = {
  'as it is': {},
  'one replica': { controller: { replicaCount: 1 } },
  'DaemonSet with host ports': {
    controller: {
      kind: 'DaemonSet',
      hostPort: { enabled: true },
      hostNetwork: true,
      dnsPolicy: 'ClusterFirstWithHostNet',
    },
  },
  'everything optional on': {
    commonLabels: { team: 'edge' },
    imagePullSecrets: [{ name: 'pull' }],
    controller: {
      image: { registry: 'images.example.com/edge', tag: '1.2.3' },
      config: { 'load-balance': 'ewma', 'proxy-read-timeout': '120', 'ssl-redirect': 'false' },
      workers: 4,
      extraArgs: { 'log-format': 'nginx' },
      extraEnvs: [{ name: 'TZ', value: 'UTC' }],
      autoscaling: {
        enabled: true,
        targetMemoryUtilizationPercentage: 80,
        behavior: { scaleDown: { stabilizationWindowSeconds: 300 } },
      },
      metrics: {
        serviceMonitor: { enabled: true, additionalLabels: { release: 'prometheus' } },
        prometheusRule: { enabled: true },
        dashboard: { enabled: true },
      },
      networkPolicy: { metricsFrom: [{ namespaceSelector: { matchLabels: { name: 'monitoring' } } }] },
      service: {
        annotations: { 'example.com/balancer': 'yes' },
        externalTrafficPolicy: 'Local',
        loadBalancerSourceRanges: ['192.0.2.0/24'],
        internal: { enabled: true },
      },
      tolerations: [{ operator: 'Exists' }],
      topologySpreadConstraints: [{ maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'ScheduleAnyway' }],
      podAnnotations: { note: 'a: b' },
      reportNodeAddress: 'internal',
      zone: '',
      lifecycle: { preStop: { sleep: { seconds: 5 } } },
    },
  },
  'one namespace': { controller: { scope: { enabled: true, namespace: 'shop' } } },
  'namespaces by label': { controller: { scope: { namespaceSelector: 'team=shop' } } },
  'Secrets of two namespaces': { rbac: { secretNamespaces: ['a', 'b'] } },
  'no rights, no account of its own': { rbac: { create: false }, serviceAccount: { create: false, name: 'existing' } },
  'no health checks, no metrics': { controller: { healthChecks: 'off', metrics: { enabled: false } } },
  'digest and long names': {
    fullnameOverride: 'a-very-long-name-that-somebody-chose-for-reasons-of-their-own',
    controller: { image: { digest: `sha256:${'0'.repeat(64)}` } },
  },
  'node ports': { controller: { service: { type: 'NodePort', nodePorts: { http: 30080, https: 30443 } } } },
  'ingress-nginx names': {
    controller: {
      ingressClassResource: { name: 'nginx', controllerValue: 'k8s.io/ingress-nginx', default: true },
      ingressClass: 'nginx',
      ingressClassByName: true,
      watchIngressWithoutClass: true,
    },
  },
};
