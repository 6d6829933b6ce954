import assert from 'node:assert/strict';

import { callApi } from './api.ts';
import type { Manifest } from './kubectl.ts';
import type { BackendPod } from './pods.ts';

/** A pod as an endpoint, with the zone that its requests should come from, if any. */
export interface SliceEntry {
  readonly pod: BackendPod;
  readonly forZone?: string;
}

/** A Service without a selector: its slices are the user's own, and Kubernetes does not touch them. */
export function selectorlessService(namespace: string, name: string): Manifest {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { namespace, name },
    spec: { ports: [{ name: 'http', port: 80, targetPort: 8080 }] },
  };
}

/** The one EndpointSlice of such a Service, as a controller of the user's own would write it. */
export function sliceOf(namespace: string, service: string, entries: readonly SliceEntry[]): Manifest {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { namespace, name: `${service}-1`, labels: { 'kubernetes.io/service-name': service } },
    addressType: 'IPv4',
    ports: [{ name: 'http', port: 8080 }],
    endpoints: entries.map(({ pod, forZone }) => ({
      addresses: [pod.address],
      conditions: { ready: true },
      targetRef: { kind: 'Pod', namespace, name: pod.name },
      ...(forZone === undefined ? {} : { hints: { forZones: [{ name: forZone }] } }),
    })),
  };
}

/** Puts these endpoints in place of those that the slice has. @returns when the API server had taken them */
export async function rewriteSlice(
  namespace: string,
  service: string,
  entries: readonly SliceEntry[],
): Promise<number> {
  const path = `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices/${service}-1`;
  const { status } = await callApi('PATCH', path, { endpoints: sliceOf(namespace, service, entries)['endpoints'] });
  assert.equal(status, 200);
  return Date.now();
}
