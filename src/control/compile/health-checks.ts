import type { HealthCheckWish } from '../../model/pool-policy.ts';
import type { HealthCheck, UpstreamProtocol } from '../../model/upstream.ts';
import { healthCheckKeys } from '../annotations/groups/health-checks.ts';
import type { Pod } from '../objects/kinds.ts';
import type { Problem } from './diagnostics.ts';
import type { CheckCounts, ProbeCheck } from './probe-check.ts';
import { probeCheck, resolvePort, servingContainer } from './probe-check.ts';

/** One endpoint, and what is asked for its checks. */
export interface CheckSubject {
  /** Absent for endpoints without one. */
  readonly pod: Pod | undefined;
  readonly address: string;
  readonly port: number;
  readonly protocol: UpstreamProtocol;
  /** Of the oldest Ingress that says something; absent: the readiness probe. */
  readonly wish: HealthCheckWish | undefined;
}

/** How one endpoint is checked, and what of that could not be as somebody wrote it. */
export interface CheckPlan {
  /** Absent: the endpoint follows the readiness of Kubernetes alone. */
  readonly check?: HealthCheck;
  /** Field of the Pod, and what is wrong with it. */
  readonly problem?: ProbeCheck['problem'];
  /** Annotations of the Ingress that do not fit this endpoint: they do not count. */
  readonly unfit: readonly UnfitAnnotation[];
}

export interface UnfitAnnotation {
  /** Without prefix. */
  readonly key: string;
  readonly problem: Problem;
}

/** Source: Kubernetes API, Probe v1 core: the defaults of its fields. */
const usualCounts: CheckCounts = { periodMs: 10_000, timeoutMs: 1_000, successThreshold: 1, failureThreshold: 3 };

/** The readiness probe with what the Ingress changes of it, or the check that the Ingress asks for instead. */
export function planCheck(subject: CheckSubject): CheckPlan {
  const { wish } = subject;
  if (wish?.kind === 'off') return { unfit: [] };
  const probe = probeCheck(subject.pod, subject.address, subject.port);
  if (wish === undefined) return { ...ofProbe(probe), unfit: [] };
  const base = baseOf(subject, wish.kind, probe);
  if (base === undefined) return { ...ofProbe(probe), unfit: withoutProbe(subject, wish, probe) };
  const change = new Change(subject, wish, base);
  return { check: change.check(), unfit: change.unfit };
}

function ofProbe({ check, problem }: ProbeCheck): Omit<CheckPlan, 'unfit'> {
  return { ...(check !== undefined && { check }), ...(problem !== undefined && { problem }) };
}

/** What the wishes change: the probe if it is of that kind, else a check of the port that gets the requests. */
function baseOf(
  { address, port, protocol }: CheckSubject,
  kind: HealthCheckWish['kind'],
  { check, counts }: ProbeCheck,
): HealthCheck | undefined {
  if (kind === 'readiness-probe' || kind === 'off' || check?.kind === kind) return check;
  return {
    kind,
    address,
    port,
    path: kind === 'http' ? '/' : '',
    scheme: kind === 'http' && protocol === 'https' ? 'https' : 'http',
    headers: [],
    service: '',
    ...(counts ?? usualCounts),
  };
}

/** One run over the wishes for one endpoint. */
class Change {
  readonly unfit: UnfitAnnotation[] = [];
  readonly #subject: CheckSubject;
  readonly #wish: HealthCheckWish;
  readonly #base: HealthCheck;

  constructor(subject: CheckSubject, wish: HealthCheckWish, base: HealthCheck) {
    this.#subject = subject;
    this.#wish = wish;
    this.#base = base;
  }

  check(): HealthCheck {
    return { ...this.#base, ...this.#place(), ...this.#request(), ...this.#counts() };
  }

  /** Another port than that of the requests need not speak TLS because they do. */
  #place(): Partial<HealthCheck> {
    const { pod, port: servingPort } = this.#subject;
    const { port } = this.#wish;
    if (port === undefined) return {};
    const number = typeof port === 'number' ? port : namedPort(pod, servingPort, port);
    if (number === undefined) {
      this.#report('port', `${nameOf(this.#subject)} has no port named ${port}`, 'Write the number of the port.');
      return {};
    }
    const plain = number !== this.#base.port && this.#wish.kind === 'http' && this.#base.port === servingPort;
    return { port: number, ...(plain && { scheme: 'http' }) };
  }

  #request(): Partial<HealthCheck> {
    const { path, host, expectedStatus } = this.#wish;
    if (this.#base.kind === 'http') {
      return {
        ...(path !== undefined && { path }),
        ...(host !== undefined && { headers: withHost(this.#base.headers, host) }),
        ...(expectedStatus !== undefined && { expectedStatus }),
      };
    }
    for (const field of ['path', 'host', 'expectedStatus'] as const) {
      if (this.#wish[field] === undefined) continue;
      const fix = `Remove it, or write "http" for ${healthCheckKeys.kind}.`;
      this.#report(field, `the readiness probe of ${nameOf(this.#subject)} is not an http one`, fix);
    }
    return {};
  }

  /** A wish that alone would be longer than what the probe says, or the reverse, does not count. */
  #counts(): Partial<HealthCheck> {
    const { intervalMs, timeoutMs, healthyThreshold, unhealthyThreshold } = this.#wish;
    const periodMs = intervalMs ?? this.#base.periodMs;
    const limitMs = timeoutMs ?? this.#base.timeoutMs;
    const written = intervalMs !== undefined || timeoutMs !== undefined;
    const fits = !written || limitMs <= periodMs;
    if (!fits) {
      const why = `a check of ${nameOf(this.#subject)} could take ${limitMs} ms, and the next one starts after ${periodMs} ms`;
      const fix = `Write both ${healthCheckKeys.intervalMs} and ${healthCheckKeys.timeoutMs}.`;
      this.#report(timeoutMs === undefined ? 'intervalMs' : 'timeoutMs', why, fix);
    }
    return {
      ...(fits && { periodMs, timeoutMs: limitMs }),
      ...(healthyThreshold !== undefined && { successThreshold: healthyThreshold }),
      ...(unhealthyThreshold !== undefined && { failureThreshold: unhealthyThreshold }),
    };
  }

  #report(field: keyof HealthCheckWish, why: string, fix: string): void {
    this.unfit.push({ key: healthCheckKeys[field], problem: unfitProblem(field, why, fix) });
  }
}

/** In the container that serves, else in any other of the pod: admin ports often are a sidecar's. */
function namedPort(pod: Pod | undefined, servingPort: number, name: string): number | undefined {
  if (pod === undefined) return undefined;
  const serving = servingContainer(pod, servingPort);
  const all = serving === undefined ? pod.containers : [serving, ...pod.containers];
  for (const container of all) {
    const number = resolvePort(name, container);
    if (number !== undefined) return number;
  }
  return undefined;
}

/** Flat list, name, value; without any other Host. */
function withHost(headers: readonly string[], host: string): readonly string[] {
  const others = headers.filter((_text, at) => headers[at - (at % 2)]?.toLowerCase() !== 'host');
  return ['Host', host, ...others];
}

/** A probe that is wrong was reported on the pod. */
function withoutProbe(subject: CheckSubject, wish: HealthCheckWish, { problem }: ProbeCheck): UnfitAnnotation[] {
  const [field] = Object.keys(wish).filter((name) => name !== 'kind');
  if (field === undefined || problem !== undefined) return [];
  const why = `${nameOf(subject)} has no readiness probe that Fairway can run`;
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a key of the wish
  const key = field as keyof HealthCheckWish;
  const fix = `Write "http", "tcp" or "grpc" for ${healthCheckKeys.kind}, or give the container a readiness probe.`;
  return [{ key: healthCheckKeys[key], problem: unfitProblem(key, why, fix) }];
}

/** Endpoints with DNS names are not checked, whatever an Ingress asks for: docs/decisions 0008. */
export function uncheckableName(wish: HealthCheckWish | undefined): UnfitAnnotation[] {
  if (wish === undefined || wish.kind === 'off' || wish.kind === 'readiness-probe') return [];
  const fix = 'Remove it, or send to a Service whose endpoints have addresses.';
  const why = 'an endpoint with a DNS name is not checked, because the name can lead anywhere';
  return [{ key: healthCheckKeys.kind, problem: unfitProblem('kind', why, fix) }];
}

function nameOf({ pod, address, port }: CheckSubject): string {
  return pod === undefined ? `endpoint ${address}:${port}` : `pod \`${pod.namespace}/${pod.name}\``;
}

function unfitProblem(field: keyof HealthCheckWish, why: string, fix: string): Problem {
  return { code: 'health-check-unfit', what: `\`${healthCheckKeys[field]}\` is ignored`, why, fix };
}
