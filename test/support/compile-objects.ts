import type { EndpointSlice, Ingress, IngressClass, Pod, Service } from '../../src/control/objects/kinds.ts';

/** Builders of decoded objects, with what a test does not care about filled in. */

const plain = { uid: '', resourceVersion: '', createdAt: 0, annotations: {}, labels: {} };

export const ownClass: IngressClass = {
  kind: 'IngressClass',
  ...plain,
  namespace: '',
  name: 'fairway',
  controller: 'fairway.dev/ingress-controller',
  isDefault: true,
};

export function ingress(name: string, fields: Partial<Ingress> = {}): Ingress {
  return { kind: 'Ingress', ...plain, namespace: 'shop', name, rules: [], tls: [], addresses: [], ...fields };
}

/** One rule with one path. */
export function rule(host: string | undefined, path: string, service: string): Ingress['rules'][number] {
  const backend = { kind: 'service', name: service, port: 80 } as const;
  return { ...(host === undefined ? {} : { host }), paths: [{ path, pathType: 'Prefix', backend }] };
}

export function service(name: string, fields: Partial<Service> = {}): Service {
  return {
    kind: 'Service',
    ...plain,
    namespace: 'shop',
    name,
    type: 'ClusterIP',
    clusterIP: '10.96.0.1',
    externalName: '',
    externalIPs: [],
    ports: [{ name: '', port: 80, targetPort: 8080, protocol: 'TCP' }],
    addresses: [],
    ...fields,
  };
}

/** @param addresses  each is ready, and behind it stands the pod named like the address */
export function slice(
  name: string,
  ofService: string,
  addresses: readonly string[],
  fields: Partial<EndpointSlice> = {},
): EndpointSlice {
  return {
    kind: 'EndpointSlice',
    ...plain,
    namespace: 'shop',
    name,
    service: ofService,
    managedBy: 'endpointslice-controller.k8s.io',
    addressType: 'IPv4',
    ports: [{ name: '', port: 8080, protocol: 'TCP' }],
    endpoints: addresses.map((address) => ({
      addresses: [address],
      ready: true,
      serving: true,
      terminating: false,
      pod: `pod-${address}`,
    })),
    ...fields,
  };
}

/** A pod with an HTTP readiness probe on 8080. */
export function pod(address: string, fields: Partial<Pod> = {}): Pod {
  return {
    kind: 'Pod',
    ...plain,
    namespace: 'shop',
    name: `pod-${address}`,
    ips: [address],
    containers: [
      {
        name: 'web',
        ports: [{ name: 'web', containerPort: 8080, protocol: 'TCP' }],
        readinessProbe: {
          action: { kind: 'http', path: '/ready', port: 'web', scheme: 'http', headers: [], host: '' },
          periodSeconds: 10,
          timeoutSeconds: 1,
          successThreshold: 1,
          failureThreshold: 3,
          initialDelaySeconds: 0,
        },
      },
    ],
    ...fields,
  };
}
