import type { Service, ServicePort, ServicePortRef } from '../objects/kinds.ts';

/** A port of a Service that a backend means. */
export interface FoundPort {
  readonly port: ServicePort;
  /** The backend names its target port, which the Ingress API does not allow and ingress-nginx serves. */
  readonly byTarget: boolean;
}

/**
 * @param wanted  number or name as the backend writes it; 0 is the first port
 * Source: Kubernetes Ingress API, ServiceBackendPort v1.
 */
export function findServicePort(service: Service, wanted: ServicePortRef): FoundPort | undefined {
  const ports = service.ports.filter((port) => port.protocol === 'TCP');
  const own = wanted === 0 ? ports[0] : ports.find((port) => port.port === wanted || port.name === wanted);
  if (own !== undefined) return { port: own, byTarget: false };
  const target = ports.find((port) => port.targetPort === wanted);
  return target === undefined ? undefined : { port: target, byTarget: true };
}

/** `80, http (8080)`: what a backend may write. */
export function describePorts(service: Service): string {
  const ports = service.ports.filter((port) => port.protocol === 'TCP');
  if (ports.length === 0) return 'it has no TCP port';
  const names = ports.slice(0, 10).map(({ name, port }) => (name === '' ? `${port}` : `${port} (${name})`));
  return `it has ${names.join(', ')}${ports.length > 10 ? ' and more' : ''}`;
}
