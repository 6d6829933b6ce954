import type { HealthCheck } from '../../model/upstream.ts';
import type { Container, Pod, ReadinessProbe } from '../objects/kinds.ts';
import type { Problem } from './diagnostics.ts';

/** What the readiness probe behind an endpoint gives. */
export interface ProbeCheck {
  /** Absent when there is no probe, or none that can be run from outside. */
  readonly check?: HealthCheck;
  /** Times and counts of a probe, also of one that cannot be run. */
  readonly counts?: CheckCounts;
  /** Field of the Pod, and what is wrong with it. */
  readonly problem?: { readonly field: string; readonly problem: Problem };
}

export type CheckCounts = Pick<HealthCheck, 'periodMs' | 'timeoutMs' | 'successThreshold' | 'failureThreshold'>;

/**
 * The readiness probe of the container that serves an endpoint, as a check that Fairway runs itself. What cannot be run
 * from outside (exec), or is not there, leaves the endpoint to the readiness of Kubernetes. Never an outage.
 * Source: Kubernetes API, Probe v1 core.
 */
export function probeCheck(pod: Pod | undefined, address: string, port: number): ProbeCheck {
  const container = pod === undefined ? undefined : servingContainer(pod, port);
  const probe = container?.readinessProbe;
  if (pod === undefined || container === undefined || probe === undefined) return {};
  const counts = countsOf(probe);
  if (probe.action.kind === 'exec') return { counts };
  const field = `spec.containers[name=${container.name}].readinessProbe`;
  if (probe.action.kind !== 'grpc' && probe.action.host !== '' && !isOwnHost(probe.action.host, pod)) {
    return { counts, problem: { field, problem: foreignHost(pod) } };
  }
  const number = resolvePort(probe.action.port, container);
  if (number === undefined) return { counts, problem: { field, problem: portMissing(pod, probe.action.port) } };
  return { counts, check: checkOf(probe, address, number) };
}

/**
 * The container that declares the port; else the one whose probe goes to it; else the only one. Declaring ports is
 * optional in Kubernetes.
 */
export function servingContainer({ containers }: Pod, port: number): Container | undefined {
  const declaring = containers.find(({ ports }) =>
    ports.some(({ containerPort, protocol }) => containerPort === port && protocol === 'TCP'),
  );
  const probed = containers.find((container) => {
    const action = container.readinessProbe?.action;
    return action !== undefined && action.kind !== 'exec' && resolvePort(action.port, container) === port;
  });
  return declaring ?? probed ?? (containers.length === 1 ? containers[0] : undefined);
}

/** @returns undefined when the container has no port of that name */
export function resolvePort(port: string | number, { ports }: Container): number | undefined {
  if (typeof port === 'number') return port;
  return ports.find(({ name }) => name === port)?.containerPort;
}

function isOwnHost(host: string, { ips }: Pod): boolean {
  return ips.includes(host);
}

function countsOf(probe: ReadinessProbe): CheckCounts {
  return {
    periodMs: probe.periodSeconds * 1000,
    timeoutMs: probe.timeoutSeconds * 1000,
    successThreshold: probe.successThreshold,
    failureThreshold: probe.failureThreshold,
  };
}

function checkOf(probe: ReadinessProbe, address: string, port: number): HealthCheck {
  const { action } = probe;
  return {
    kind: action.kind === 'http' || action.kind === 'grpc' ? action.kind : 'tcp',
    address,
    port,
    path: action.kind === 'http' ? action.path : '',
    scheme: action.kind === 'http' ? action.scheme : 'http',
    headers: action.kind === 'http' ? action.headers : [],
    service: action.kind === 'grpc' ? action.service : '',
    ...countsOf(probe),
  };
}

function foreignHost({ namespace, name }: Pod): Problem {
  return {
    code: 'probe-host',
    what: `Fairway does not run the readiness probe of pods like \`${namespace}/${name}\``,
    why: 'it asks a host of its own instead of the pod, which says nothing about the way that requests take',
    fix: 'Take the host out of the probe, and write a Host header into httpHeaders if the program needs one.',
  };
}

function portMissing({ namespace, name }: Pod, port: string | number): Problem {
  return {
    code: 'probe-port-missing',
    what: `Fairway does not run the readiness probe of pods like \`${namespace}/${name}\``,
    why: `its container has no port named ${port}`,
    fix: 'Write the number of the port, or name the port in the container.',
  };
}
