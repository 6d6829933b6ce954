import type { HealthCheckWish } from '../../../model/pool-policy.ts';
import type { Settings } from '../../../settings/settings.ts';
import type { AnnotationGroup, Meaning, MeaningProblem } from '../definition.ts';
import { defineGroup } from '../definition.ts';
import { hostHeader, portOrName, requestPath, statusRanges } from '../health-check-kinds.ts';
import { choice, duration, wholeNumber } from '../value-kind.ts';

type Values = Required<HealthCheckWish>;

/** Names without prefix; the compiler names them as well when a pod does not fit. */
export const healthCheckKeys: Readonly<Record<keyof Values, string>> = {
  kind: 'health-check',
  path: 'health-check-path',
  port: 'health-check-port',
  host: 'health-check-host',
  expectedStatus: 'health-check-expected-status',
  intervalMs: 'health-check-interval',
  timeoutMs: 'health-check-timeout',
  healthyThreshold: 'health-check-healthy-threshold',
  unhealthyThreshold: 'health-check-unhealthy-threshold',
};
const keys = healthCheckKeys;

const hourMs = 3_600_000;
/** Of every definition below. */
const common = { scope: 'upstream', risk: 'low', own: true } as const;
const asTheProbe = 'as the readiness probe says, else';

/** How endpoints are checked, where the readiness probe is not what it should be. */
export const healthChecks: AnnotationGroup = defineGroup<Values>({
  title: 'Health checks',
  annotations: {
    kind: {
      ...common,
      key: keys.kind,
      value: choice(['readiness-probe', 'off', 'http', 'tcp', 'grpc']),
      doc: 'readiness-probe, the default: Fairway runs the readiness probe of each pod. http, tcp, grpc: endpoints without a pod or probe are checked too. off: the readiness of Kubernetes alone counts.',
      example: 'http',
    },
    path: {
      ...common,
      key: keys.path,
      value: requestPath(),
      doc: `Path that an http check asks for; ${asTheProbe} /.`,
      example: '/healthz',
    },
    port: {
      ...common,
      key: keys.port,
      value: portOrName(),
      doc: 'Port that is checked: a number, or the name of a port of a container; as a readiness probe of the same kind says, else the port that gets the requests.',
      example: 'admin',
    },
    host: {
      ...common,
      key: keys.host,
      value: hostHeader(),
      doc: `Host header of an http check; ${asTheProbe} the address of the endpoint.`,
      example: 'shop.example.com',
    },
    expectedStatus: {
      ...common,
      key: keys.expectedStatus,
      value: statusRanges(),
      doc: 'Statuses with which an http check passes; 200-399 unless this says something else.',
      example: '200-299,304',
    },
    intervalMs: {
      ...common,
      key: keys.intervalMs,
      value: duration(1_000, hourMs),
      doc: `Time from one check to the next; ${asTheProbe} 10s.`,
      example: '5s',
    },
    timeoutMs: {
      ...common,
      key: keys.timeoutMs,
      value: duration(100, hourMs),
      doc: `Time that a check may take, at most the interval; ${asTheProbe} 1s.`,
      example: '500ms',
    },
    healthyThreshold: {
      ...common,
      key: keys.healthyThreshold,
      value: wholeNumber(1, 100),
      doc: `Checks in a row that bring an endpoint back; ${asTheProbe} 1.`,
      example: '2',
    },
    unhealthyThreshold: {
      ...common,
      key: keys.unhealthyThreshold,
      value: wholeNumber(1, 100),
      doc: `Failed checks in a row that take an endpoint out; ${asTheProbe} 3.`,
      example: '2',
    },
  },
  meaning: (values, settings) => (Object.keys(values).length === 0 ? {} : meaningOf(values, settings)),
});

function meaningOf(values: Partial<Values>, settings: Settings): Meaning {
  const kind = values.kind ?? 'readiness-probe';
  const off = switchedOff(values, kind, settings);
  if (off.length > 0) return { problems: off };
  const problems = [...withoutUse(values, kind), ...tooLong(values)];
  const left = new Set(problems.map(({ key }) => key));
  const rest = fieldsOf(values).filter((field) => field !== 'kind' && !left.has(keys[field]));
  const wish = { kind, ...Object.fromEntries(rest.map((field) => [field, values[field]])) };
  return { upstream: { healthCheck: wish }, problems };
}

/** The operator has the last word. */
function switchedOff(values: Partial<Values>, kind: HealthCheckWish['kind'], settings: Settings): MeaningProblem[] {
  if (settings.healthChecks !== 'off' || kind === 'off') return [];
  return fieldsOf(values).map((field) => ({
    key: keys[field],
    why: 'Fairway runs with --health-checks=off',
    fix: 'Remove it, or ask the operator to start Fairway without that flag.',
    outcome: 'ignored',
  }));
}

const onlyHttp: readonly (keyof Values)[] = ['path', 'host', 'expectedStatus'];

function withoutUse(values: Partial<Values>, kind: HealthCheckWish['kind']): MeaningProblem[] {
  if (kind === 'off') {
    const others = fieldsOf(values).filter((field) => field !== 'kind');
    const fix = `Remove it, or write another value for ${keys.kind}.`;
    return others.map((field) => ({ key: keys[field], why: `${keys.kind} is off`, fix, outcome: 'ignored' }));
  }
  if (kind !== 'tcp' && kind !== 'grpc') return [];
  return onlyHttp
    .filter((field) => Object.hasOwn(values, field))
    .map((field) => ({
      key: keys[field],
      why: `it belongs to http checks, and ${keys.kind} is ${kind}`,
      fix: `Remove it, or write "http" for ${keys.kind}.`,
      outcome: 'invalid',
    }));
}

/** Against what the probe says it is compared once the pod is known. */
function tooLong({ intervalMs, timeoutMs }: Partial<Values>): MeaningProblem[] {
  if (intervalMs === undefined || timeoutMs === undefined || timeoutMs <= intervalMs) return [];
  return [
    {
      key: keys.timeoutMs,
      why: `it is longer than ${keys.intervalMs}`,
      fix: `Write a time that is not longer than ${keys.intervalMs}.`,
      outcome: 'invalid',
    },
  ];
}

function fieldsOf(values: Partial<Values>): (keyof Values)[] {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the keys of a partial record
  return Object.keys(values) as (keyof Values)[];
}
